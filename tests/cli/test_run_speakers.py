"""`iso-alert run` with speakers, as hosts, a supervisor and somebody with `kill` see it."""

import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest
import trio

from iso_alert.sim.cards import test_pan
from tests.endurance.family import family, gone
from tests.support import wire
from tests.support.bank import OLDER_KEY
from tests.support.cardholders import sale, subscribe
from tests.support.deployment import Service, deploy, service

SOON = 20.0  # seconds; the machine may be busy
HOSTS = 8
TOLD = 250_000  # satang
LISTEN = 'listen = "127.0.0.1:0"\n[[smsc]]'  # the link's


def prepared(directory: Path, writer: str = "process") -> Path:
    """Two speakers and a subscriber; nobody is there to take the SMS."""
    path = deploy(directory, more=f'speakers = 2\nwriter = "{writer}"\n')
    subscribe(directory, path, 1)
    return path


@asynccontextmanager
async def visited(config: Path, *options: str) -> AsyncIterator[tuple[Service, Sequence[trio.SocketStream]]]:
    """The service, and hosts that are connected."""
    async with service(config, *options) as one, AsyncExitStack() as hosts:
        yield one, [await hosts.enter_async_context(await trio.open_tcp_stream(*one.link)) for _ in range(HOSTS)]


async def ask(host: trio.abc.Stream, *frames: bytes) -> list[tuple[str, str, str]]:
    """Say something, and return as many answers."""
    await host.send_all(b"".join(frames))
    data = b""
    with trio.fail_after(SOON):
        while True:
            data += (more := await host.receive_some())
            assert more, "it hung up"
            try:
                if len(found := wire.codes(data)) == len(frames):
                    return found
            except AssertionError:
                continue


async def ended(one: Service) -> int:
    with trio.fail_after(SOON):
        return await one.process.wait()


async def hung_up(host: trio.abc.ReceiveStream) -> bool:
    with trio.fail_after(SOON):
        try:
            return await host.receive_some() == b""
        except trio.BrokenResourceError:
            return True


async def speakers(one: Service) -> list[int]:
    return [each["pid"] for each in (await one.status())["speakers"]]


def recorded(directory: Path) -> dict[str, str]:
    """The reason of every message's decision, by STAN."""
    with closing(sqlite3.connect(directory / "alerts.db")) as db:
        return dict(db.execute("SELECT stan, reason FROM txn"))


COUNTED = [
    'connections{link="switch"} 7.0',
    'messages_total{answer="recorded",link="switch",mti="0200"} 8.0',
    'messages_total{answer="recorded",link="switch",mti="0201"} 8.0',
    'messages_total{answer="recorded",link="switch",mti="0800"} 8.0',
    "repeats_total 8.0",
    'hang_ups_total{link="switch",reason="hung up by the host"} 1.0',
]


async def counted(one: Service) -> str:
    """The metrics once all of that is there, as it must be within a quarter of a second."""
    with trio.fail_after(SOON):
        while True:
            page = await one.ask("metrics")
            if all(f"iso_alert_{line}" in page for line in COUNTED):
                return page
            await trio.sleep(0.05)


@pytest.mark.parametrize("writer", ["process", "thread"])
async def test_connections_are_spread_and_answered(tmp_path: Path, writer: str) -> None:
    """Four and four; each message is recorded once and told once, whoever repeats it; and no card number is shown."""
    path = prepared(tmp_path, writer)
    sales = [sale(stan, 1, TOLD, told=True) for stan in range(1, HOSTS + 1)]
    async with visited(path, "--log-level", "debug") as (one, hosts):
        answers = [
            await ask(host, each.frame(), wire.echo(n)) for n, (host, each) in enumerate(zip(hosts, sales, strict=True))
        ]
        repeats = [await ask(host, each.frame(repeat=True)) for host, each in zip(hosts[::-1], sales, strict=True)]
        await hosts[0].send_all(b"\x00\x20" + test_pan(1).encode() * 2)
        with trio.fail_after(SOON):
            assert await one.says("unreadable")
        status = await one.status()
        await hosts[0].aclose()
        page = await counted(one)
        one.process.terminate()
        code = await ended(one)

    assert [each["connections"] for each in status["speakers"]] == [4, 4]
    assert answers == [[("0210", f"{n + 1:06d}", "00"), ("0810", f"{n:06d}", "00")] for n in range(HOSTS)]
    assert repeats == [[("0210", f"{n + 1:06d}", "00")] for n in range(HOSTS)]
    assert recorded(tmp_path) == {f"{n + 1:06d}": "told" for n in range(HOSTS)}
    assert status["outbox"]["queued"] + status["outbox"]["sending"] == HOSTS
    assert code == 0
    assert test_pan(1) not in one.text + page
    assert "Traceback" not in one.text


async def test_a_speaker_is_killed(tmp_path: Path) -> None:
    """The service ends and says who has ended; nobody is left behind."""
    async with visited(prepared(tmp_path)) as (one, hosts):
        await ask(hosts[0], wire.purchase(1))
        _, second = await speakers(one)
        all_ = family(one.process.pid)
        os.kill(second, signal.SIGKILL)
        code = await ended(one)
        with trio.fail_after(SOON):
            await gone(all_)
            while "start again" not in one.text:
                await trio.sleep(0.01)

        assert [await hung_up(host) for host in hosts] == [True] * HOSTS

    assert code == 1
    assert one.text.splitlines()[-1] == "speaker 2, a process that carries connections, has ended: start again"
    assert "Traceback" not in one.text
    assert recorded(tmp_path).keys() == {"000001"}


async def test_the_service_is_killed(tmp_path: Path) -> None:
    """Its speakers end by themselves, and hosts hear that; the next one can have the store at once."""
    path = prepared(tmp_path)
    async with visited(path) as (one, hosts):
        all_ = family(one.process.pid)
        one.process.kill()
        with trio.fail_after(SOON):
            await gone(all_)

        assert [await hung_up(host) for host in hosts] == [True] * HOSTS
        assert len(all_) == 4
    async with service(path) as again:
        assert len(await speakers(again)) == 2


async def test_a_stop_answers_what_is_in_hand(tmp_path: Path) -> None:
    """A signal to all at once, as a terminal sends it: what was read is answered, and they leave with 0."""
    async with visited(prepared(tmp_path)) as (one, hosts):
        said = [wire.purchase(stan) for stan in range(1, 51)]
        for host in hosts[:2]:
            await ask(host, wire.echo(1))
        await hosts[0].send_all(b"".join(said))
        with trio.fail_after(SOON):
            data = await hosts[0].receive_some()
        all_ = family(one.process.pid)
        for each in all_:
            os.kill(each, signal.SIGINT)
        with trio.fail_after(SOON):
            while more := await hosts[0].receive_some():
                data += more
        code = await ended(one)
        with trio.fail_after(SOON):
            await gone(all_)

        assert [await hung_up(host) for host in hosts[1:]] == [True] * (HOSTS - 1)

    answered = {stan for _, stan, _ in wire.codes(bytes(data))}
    assert code == 0
    assert "stopped" in one.text
    assert answered == set(recorded(tmp_path))


async def test_another_configuration(tmp_path: Path) -> None:
    """SIGHUP: connections stay, wherever they are; tables and keys count in all speakers, a rate waits."""
    path = prepared(tmp_path)
    (tmp_path / "new.key").write_text(OLDER_KEY.hex())
    async with visited(path) as (one, hosts):
        before = [await ask(host, sale(n, 1, TOLD, True).frame()) for n, host in enumerate(hosts, 1)]
        text = path.read_text(encoding="utf-8").replace('["pan.key"]', '["new.key", "pan.key"]')
        path.write_text(text.replace(LISTEN, f"echo_pan = false\nrate = 5\n{LISTEN}"), encoding="utf-8")
        one.process.send_signal(signal.SIGHUP)
        with trio.fail_after(SOON):
            assert await one.says("configuration read again", "configuration kept as it was")
        after = []
        for n, host in enumerate(hosts, HOSTS + 1):
            await host.send_all(sale(n, 1, TOLD, True).frame())
            with trio.fail_after(SOON):
                after += wire.answers(bytes(await host.receive_some()))
        one.process.terminate()
        code = await ended(one)

    waits = [line["what"] for line in one.lines if line["event"] == "configuration: this waits for a restart"]
    assert [code for ((_, _, code),) in before] == ["00"] * HOSTS
    assert [("2" in each, each["39"]) for each in after] == [(False, "00")] * HOSTS
    assert set(recorded(tmp_path).values()) == {"told"}
    assert waits == ["link switch: its rate, for its connections are spread over speakers"]
    assert code == 0


async def test_a_store_in_trouble(tmp_path: Path) -> None:
    """Somebody has locked it: 96, by way of the speaker; and 00 when he has gone."""
    path = prepared(tmp_path)
    async with visited(path) as (one, hosts):
        with closing(sqlite3.connect(tmp_path / "alerts.db", isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            refused = await ask(hosts[0], wire.purchase(1))
            at_once = await ask(hosts[1], wire.purchase(2))
        with trio.fail_after(SOON):
            while (again := await ask(hosts[0], wire.purchase(3)))[0][2] != "00":
                await trio.sleep(0.1)
        one.process.terminate()
        await ended(one)

    assert refused + at_once == [("0210", "000001", "96"), ("0210", "000002", "96")]
    assert again == [("0210", "000003", "00")]


async def test_links_that_need_the_service_stay_there(tmp_path: Path) -> None:
    """With a rate, or with enrolment: nothing is spread, and no speaker is started for nothing."""
    path = deploy(tmp_path, more="speakers = 2\n")
    path.write_text(path.read_text(encoding="utf-8").replace(LISTEN, f"rate = 1000\n{LISTEN}"), encoding="utf-8")
    async with service(path) as one, await trio.open_tcp_stream(*one.link) as host:
        assert await ask(host, wire.purchase(1)) == [("0210", "000001", "00")]
        assert await speakers(one) == []
        assert len(family(one.process.pid)) == 2
