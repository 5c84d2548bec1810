"""A door under TLS, over real sockets: who comes in, who waits outside, and what a stop does to those in between."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
import trio

from iso_alert.service.networks import Networks
from iso_alert.service.tls import Tls
from tests.service.test_listener import SOON, Scene, ask, hung_up, stage
from tests.support import wire
from tests.support.authority import authority, client, server


async def come_in(scene: Scene, tls: Tls) -> trio.abc.Stream:
    """A host that calls under TLS."""
    stream = await scene.visit()
    secured = trio.SSLStream(stream, tls.context, server_hostname="localhost")
    with trio.fail_after(SOON):
        await secured.do_handshake()
    return secured


async def until(scene: Scene, what: str) -> None:
    with trio.fail_after(SOON):
        while not scene.watch.seen[what]:
            await trio.sleep(0.01)


@asynccontextmanager
async def told(*args: Any, **door: Any) -> AsyncIterator[tuple[Scene, list[Any]]]:
    with structlog.testing.capture_logs() as lines:
        async with stage(*args, **door) as scene:
            yield scene, lines


async def test_a_payment_under_mutual_tls(tmp_path: Path) -> None:
    """Answered as on any link; the log names who came, and the handshake is counted."""
    async with told(tls=server(tmp_path, mutual=True)) as (scene, lines):
        host = await come_in(scene, client(tmp_path, "hosts"))

        assert await ask(host, wire.purchase(1), wire.echo(2)) == [("0210", "000001", "00"), ("0810", "000002", "00")]
        assert scene.watch.seen["link handshake: done"] == 1
        assert [(line["event"], line["certificate"]) for line in lines] == [("secured", "switch")]


async def test_a_host_without_a_certificate_stays_outside(tmp_path: Path) -> None:
    """It gets no answer and an alert that says why; the log and the counter know."""
    async with told(tls=server(tmp_path, mutual=True)) as (scene, lines):
        host = await come_in(scene, client(tmp_path))
        try:
            await host.receive_some()
        except trio.BrokenResourceError as broken:
            said = str(broken.__cause__)
        await until(scene, "link handshake: refused")

        assert "CERTIFICATE_REQUIRED" in said
        assert [line["why"] for line in lines] == ["PEER_DID_NOT_RETURN_A_CERTIFICATE"]
        assert scene.journal.batches == []
        assert scene.watch.open == 0


async def test_the_allow_list_is_asked_before_any_certificate(tmp_path: Path) -> None:
    """Both hold: a good certificate from another network is a stolen one."""
    async with told(tls=server(tmp_path, mutual=True), allow=Networks.of(["10.0.0.0/8"])) as (scene, lines):
        stream = await scene.visit()

        assert await hung_up(stream)
        assert [line["why"] for line in lines] == ["not on the allow-list"]
        assert scene.watch.seen == {}


async def test_who_is_shaking_hands_takes_a_place(tmp_path: Path) -> None:
    """A storm of silent callers is bounded like any other."""
    async with told(tls=server(tmp_path), max_connections=2) as (scene, lines):
        silent = [await scene.visit() for _ in range(2)]
        with trio.fail_after(SOON):
            while len(scene.listener.connections) < 2:
                await trio.sleep(0.01)
        extra = await scene.visit()

        assert await hung_up(extra)
        assert [line["why"] for line in lines] == ["too many connections"]

        await silent[0].aclose()
        await until(scene, "link handshake: broken off")
        host = await come_in(scene, client(tmp_path))

        assert await ask(host, wire.echo()) == [("0810", "000001", "00")]


async def test_a_stop_does_not_wait_for_a_handshake(tmp_path: Path) -> None:
    """Whoever has not come in yet is sent home; whoever is inside is answered."""
    async with stage(tls=server(tmp_path)) as scene:
        inside = await come_in(scene, client(tmp_path))
        await ask(inside, wire.echo())
        silent = await scene.visit()
        with trio.fail_after(SOON):
            while len(scene.listener.connections) < 2:
                await trio.sleep(0.01)
        began = trio.current_time()
        await scene.close()

        assert trio.current_time() - began < 5
        assert await hung_up(silent)
        assert await inside.receive_some() == b""  # a proper close_notify, not a broken stream


async def test_a_new_certificate_is_shown_to_the_next(tmp_path: Path) -> None:
    """And those who are inside stay: a certificate is looked at once."""
    async with stage(tls=server(tmp_path)) as scene:
        old = await come_in(scene, client(tmp_path))
        await ask(old, wire.echo(1))
        listener = scene.listener
        listener.door = type(listener.door)("127.0.0.1", scene.port, tls=other(tmp_path))
        new = await come_in(scene, client(tmp_path))

        assert serial(new) != serial(old)
        assert await ask(old, wire.echo(2)) == [("0810", "000002", "00")]
        assert await ask(new, wire.echo(3)) == [("0810", "000003", "00")]


def other(directory: Path) -> Tls:
    (directory / "other").mkdir()
    return server(directory / "other")


def serial(stream: Any) -> bytes:
    shown = stream.getpeercert(binary_form=True)
    assert isinstance(shown, bytes)
    return shown


async def test_a_host_may_speak_tls_1_2(tmp_path: Path) -> None:
    """Many still do."""
    async with stage(tls=server(tmp_path, mutual=True)) as scene:
        tls = client(tmp_path, "hosts")
        tls.context.maximum_version = ssl.TLSVersion.TLSv1_2
        host = await come_in(scene, tls)

        assert await ask(host, wire.echo()) == [("0810", "000001", "00")]


async def test_a_burst_under_tls(tmp_path: Path) -> None:
    """Records of TLS and frames of ours are cut at other places."""
    frames = [wire.purchase(stan) for stan in range(1, 501)]
    async with stage(tls=server(tmp_path)) as scene:
        host = await come_in(scene, client(tmp_path))
        data = b""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(host.send_all, b"".join(frames))
            with trio.fail_after(SOON):
                while data.count(b"0210") < 500:
                    data += await host.receive_some()

        assert [stan for _, stan, _ in wire.codes(data)] == [f"{n:06d}" for n in range(1, 501)]


def test_the_authority_of_the_tests_is_one() -> None:
    """Certificates of two authorities do not vouch for one another by accident."""

    assert authority("bank").ca.cert_pem.bytes() != authority("hosts").ca.cert_pem.bytes()
