"""A link that we open: called, kept up, called again with patience, and left in order."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest
import structlog
import trio
from attrs import define, field
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from iso_alert.service.caller import STEADY, Call, Caller
from iso_alert.service.connections import Connections
from iso_alert.service.link_rules import LinkRules
from iso_alert.service.tls import HandshakeFailed, Tls, calling
from iso_alert.smpp.pace import BackOff
from tests.service.connections_stage import ask, frames
from tests.service.link_stage import CODEC, Journal, Watch
from tests.service.pushing import FLOOD, taken
from tests.support import wire
from tests.support.authority import authority, client, server
from tests.support.bank import NOW

SOON = 10.0


class Middle(Random):
    """Dice that always show the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@define(eq=False)
class Host:
    """The host's end: it counts the calls, and can be away."""

    fault: Exception | None = None
    calls: list[float] = field(factory=list)
    lines: list[trio.abc.Stream] = field(factory=list)

    async def dial(
        self, _host: str, _port: int, _tls: Tls | None, _tell: Callable[[str], None], _buffer: int
    ) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        self.calls.append(trio.current_time())
        if self.fault:
            raise self.fault
        ours, theirs = memory_stream_pair()
        self.lines.append(theirs)
        return ours

    async def line(self, n: int) -> trio.abc.Stream:
        """The n-th connection, once it is there."""
        with trio.fail_after(10_000):
            while len(self.lines) <= n:
                await trio.sleep(0.1)
        return self.lines[n]


@define(eq=False)
class Scene:
    """A caller that calls."""

    host: Host
    journal: Journal
    watch: Watch
    closing: trio.Event
    closed: trio.Event


@asynccontextmanager
async def stage(host: Host, journal: Journal | None = None) -> AsyncIterator[Scene]:
    journal, watch, closing, closed = journal or Journal(), Watch(), trio.Event(), trio.Event()
    connections = Connections(LinkRules("switch"), CODEC, journal, watch, lambda: NOW)
    call = Call("switch.example", 8583, back_off=BackOff(1, 2, 60))
    caller = Caller(call, connections, Middle(), host.dial)

    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        await caller.run(closing, task_status=task_status)
        closed.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(run)
        yield Scene(host, journal, watch, closing, closed)
        nursery.cancel_scope.cancel()


async def test_the_host_that_we_call_is_answered(autojump_clock: MockClock) -> None:
    """Once the connection is up it does not matter who called."""
    async with stage(Host()) as scene:
        line = await scene.host.line(0)

        assert await ask(line, wire.purchase(1)) == [("0210", "000001", "00")]
        assert scene.watch.seen["called: connected"] == 1


async def test_a_host_that_is_away_is_called_again_more_and_more_rarely(autojump_clock: MockClock) -> None:
    """Every attempt is counted, the first is told."""
    with structlog.testing.capture_logs() as lines:
        async with stage(Host(OSError("nobody is there"))) as scene:
            await trio.sleep(100)
            pauses = [b - a for a, b in zip(scene.host.calls, scene.host.calls[1:], strict=False)]

    assert pauses == pytest.approx([0.75, 1.5, 3, 6, 12, 24, 45])
    assert scene.watch.seen["called: unreachable"] == 8
    assert [line["why"] for line in lines if line["log_level"] == "warning"] == ["nobody is there"]


async def test_another_trouble_is_told_again(autojump_clock: MockClock) -> None:
    """Unreachable first, and then a certificate that has ended."""
    with structlog.testing.capture_logs() as lines:
        async with stage(Host(OSError("nobody is there"))) as scene:
            await trio.sleep(2)
            scene.host.fault = HandshakeFailed("refused", "CERTIFICATE_VERIFY_FAILED: certificate has expired")
            await trio.sleep(100)

    assert [line["why"] for line in lines] == [
        "nobody is there",
        "CERTIFICATE_VERIFY_FAILED: certificate has expired",
    ]
    assert scene.watch.seen["called: no TLS"] > 1


async def test_a_host_that_hangs_up_is_called_again(autojump_clock: MockClock) -> None:
    """And what it asks then is answered; after a steady connection the first pause is short again."""
    async with stage(Host()) as scene:
        for n in range(3):
            line = await scene.host.line(n)
            await ask(line, wire.purchase(n + 1))
            await trio.sleep(STEADY)
            await line.aclose()
            left = trio.current_time()
            await scene.host.line(n + 1)

            assert scene.host.calls[-1] - left == pytest.approx(0.75)


async def test_a_host_that_hangs_up_at_once_is_not_hammered(autojump_clock: MockClock) -> None:
    """As a proxy does whose own host is away: it accepts, and hangs up."""
    async with stage(Host()) as scene:
        for n in range(5):
            await (await scene.host.line(n)).aclose()
        await scene.host.line(5)
        pauses = [b - a for a, b in zip(scene.host.calls, scene.host.calls[1:], strict=False)]

    assert pauses == pytest.approx([0.75, 1.5, 3, 6, 12], abs=0.2)


# ---- leaving


async def test_what_is_in_hand_is_answered(autojump_clock: MockClock) -> None:
    """The stop waits for the commit, answers, hangs up, and calls no more."""
    async with stage(Host(), Journal(delay=5)) as scene:
        line = await scene.host.line(0)
        await line.send_all(wire.purchase(1))
        await wait_all_tasks_blocked()
        scene.closing.set()

        assert wire.codes(await frames(line, 1)) == [("0210", "000001", "00")]
        assert await line.receive_some() == b""

        await scene.closed.wait()

        assert len(scene.host.calls) == 1


async def test_a_stop_does_not_wait_for_the_next_call(autojump_clock: MockClock) -> None:
    """The host is away, and the next attempt is far."""
    async with stage(Host(OSError("nobody is there"))) as scene:
        await trio.sleep(60)
        began = trio.current_time()
        scene.closing.set()
        await scene.closed.wait()

        assert trio.current_time() - began < 0.1


async def test_a_stop_does_not_wait_for_who_does_not_answer(autojump_clock: MockClock) -> None:
    """A call that hangs, as behind a firewall that drops."""

    class Hanging(Host):
        async def dial(self, *_: object) -> trio.abc.Stream:
            await trio.sleep_forever()
            raise AssertionError

    async with stage(Hanging()) as scene:
        await wait_all_tasks_blocked()
        scene.closing.set()
        with trio.fail_after(1):
            await scene.closed.wait()


# ---- over real sockets


async def serve(directory: Path, nursery: trio.Nursery, got: list[str], tls: Tls) -> int:
    """A host that waits to be called; it says a payment, and remembers the answer and who called."""

    async def accept(stream: trio.SocketStream) -> None:
        secured = trio.SSLStream(stream, tls.context, server_side=True)
        try:
            await secured.do_handshake()
        except trio.BrokenResourceError as broken:
            got.append(str(broken.__cause__))
            return
        await secured.send_all(wire.purchase(1))
        got.extend(code for _, _, code in wire.codes(bytes(await secured.receive_some())))
        names = dict(pair for (pair,) in (secured.getpeercert() or {}).get("subject", ()))
        got.append(names.get("commonName", ""))

    listeners = await nursery.start(partial(trio.serve_tcp, accept, 0, host="127.0.0.1"))
    return int(listeners[0].socket.getsockname()[1])


async def test_we_introduce_ourselves_to_the_host(tmp_path: Path, nursery: trio.Nursery) -> None:
    """Mutual TLS with our own certificate, and we look at the host's."""
    got: list[str] = []
    port = await serve(tmp_path, nursery, got, server(tmp_path, mutual=True))
    connections, closing = Connections(LinkRules("switch"), CODEC, Journal(), Watch(), lambda: NOW), trio.Event()
    caller = Caller(Call("localhost", port, client(tmp_path, "hosts")), connections)
    await nursery.start(caller.run, closing)
    with trio.fail_after(SOON):
        while len(got) < 2:
            await trio.sleep(0.01)
    closing.set()

    assert got == ["00", "switch"]


async def test_a_flood_waits_with_the_host_that_we_call(nursery: trio.Nursery) -> None:
    """While the store is slow: the kernel keeps as little of it as where the host calls us."""
    came: list[trio.SocketStream] = []

    async def accept(stream: trio.SocketStream) -> None:
        came.append(stream)
        await trio.sleep_forever()

    listeners = await nursery.start(partial(trio.serve_tcp, accept, 0, host="127.0.0.1"))
    port, closing = listeners[0].socket.getsockname()[1], trio.Event()
    connections = Connections(LinkRules("switch"), CODEC, Journal(delay=SOON), Watch(), lambda: NOW)
    await nursery.start(Caller(Call("127.0.0.1", port), connections).run, closing)
    with trio.fail_after(SOON):
        while not came:
            await trio.sleep(0.01)
    pushed = await taken(came[0], wire.purchase(1) * 20)
    nursery.cancel_scope.cancel()

    assert 0 < pushed < FLOOD


async def test_an_impostor_is_told_nothing(tmp_path: Path, nursery: trio.Nursery) -> None:
    """A host with a certificate of an authority that we do not trust."""
    got: list[str] = []
    port = await serve(tmp_path, nursery, got, server(tmp_path))
    watch, closing = Watch(), trio.Event()
    connections = Connections(LinkRules("switch"), CODEC, Journal(), watch, lambda: NOW)
    strange = calling(authority("strangers").trust(tmp_path))
    with structlog.testing.capture_logs() as lines:
        await nursery.start(Caller(Call("localhost", port, strange), connections).run, closing)
        with trio.fail_after(SOON):
            while not (watch.seen["called: no TLS"] and got):
                await trio.sleep(0.01)
        closing.set()

    assert "ALERT_UNKNOWN_CA" in got[0]
    assert watch.seen["link handshake: refused"] == 1
    assert lines[0]["why"].startswith("CERTIFICATE_VERIFY_FAILED")
