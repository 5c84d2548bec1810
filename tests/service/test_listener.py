"""The door of a link, over real sockets: who may come in, how many, and how it closes."""

import errno
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
import trio
from attrs import define, evolve, field
from trio.testing import wait_all_tasks_blocked

from iso_alert.service.connections import Connections
from iso_alert.service.link import LinkRules
from iso_alert.service.listener import Door, Listener
from iso_alert.service.networks import Networks
from iso_alert.service.plain import Plain, PlainListener
from tests.service.link_stage import CODEC, Journal, Watch
from tests.service.pushing import FLOOD, taken
from tests.support import wire
from tests.support.bank import NOW

SOON = 10.0  # seconds; nothing here takes one, but the machine may be busy


@define(eq=False)
class Scene:
    """An open door."""

    nursery: trio.Nursery
    listener: Listener
    journal: Journal
    watch: Watch
    port: int
    closing: trio.Event
    closed: trio.Event
    visitors: list[trio.SocketStream] = field(factory=list)

    async def visit(self) -> trio.SocketStream:
        """Come in; hung up at the end of the test."""
        self.visitors.append(await trio.open_tcp_stream("127.0.0.1", self.port))
        return self.visitors[-1]

    async def close(self) -> None:
        self.closing.set()
        with trio.fail_after(SOON):
            await self.closed.wait()


@asynccontextmanager
async def stage(journal: Journal | None = None, rules: LinkRules | None = None, **door: Any) -> AsyncIterator[Scene]:
    journal, watch = journal or Journal(), Watch()
    where = evolve(Door("127.0.0.1", 0), **door)
    connections = Connections(rules or LinkRules("switch"), CODEC, journal, watch, lambda: NOW)
    listener = Listener(where, connections)
    closing, closed = trio.Event(), trio.Event()

    async def run(*, task_status: trio.TaskStatus[int]) -> None:
        await listener.run(closing, task_status=task_status)
        closed.set()

    async with trio.open_nursery() as nursery:
        port = await nursery.start(run)
        scene = Scene(nursery, listener, journal, watch, port, closing, closed)
        try:
            yield scene
        finally:
            for stream in scene.visitors:
                stream.socket.close()
        nursery.cancel_scope.cancel()


async def ask(stream: trio.abc.Stream, *frames: bytes) -> list[tuple[str, str, str]]:
    """Say something, and return what comes in one read."""
    await stream.send_all(b"".join(frames))
    with trio.fail_after(SOON):
        return wire.codes(bytes(await stream.receive_some()))


async def hung_up(stream: trio.abc.ReceiveStream) -> bool:
    """Whether the other side hangs up, soon."""
    with trio.move_on_after(SOON):
        try:
            return await stream.receive_some() == b""
        except trio.BrokenResourceError:
            return True
    return False


async def test_many_hosts_at_once() -> None:
    """Each connection has its own answers."""
    async with stage() as scene:
        streams = [await scene.visit() for _ in range(20)]
        heard = [await ask(stream, wire.purchase(n)) for n, stream in enumerate(streams, 1)]

        assert [answer for ((_, answer, _),) in heard] == [f"{n:06d}" for n in range(1, 21)]
        assert scene.watch.open == 20


async def test_a_door_without_descriptors_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, loses nobody who is in, and lets the next one in when it can."""
    accept, full = PlainListener.accept, [OSError(errno.EMFILE, "Too many open files")] * 2

    async def accept_later(door: PlainListener) -> Plain:
        if full:
            raise full.pop()
        return await accept(door)

    monkeypatch.setattr(PlainListener, "accept", accept_later)
    monkeypatch.setattr("iso_alert.service.listener.RESPITE", 0.001)
    with structlog.testing.capture_logs() as logs:
        async with stage() as scene:
            await ask(await scene.visit(), wire.purchase(1))

            assert [(line["event"], line["why"]) for line in logs] == [
                ("no room for a connection", "Too many open files")
            ] * 2


async def test_a_flood_waits_with_the_host() -> None:
    """While the store is slow, the kernel takes some hundred messages of a connection, not megabytes."""
    async with stage(Journal(delay=SOON)) as scene:
        host = await scene.visit()

        assert 0 < await taken(host, wire.purchase(1) * 20) < FLOOD


async def test_a_bad_host_harms_no_other() -> None:
    """One speaks nonsense and is hung up on, one breaks off, and the third goes on."""
    with structlog.testing.capture_logs():
        async with stage() as scene:
            good, bad, rude = [await scene.visit() for _ in range(3)]
            await ask(good, wire.purchase(1))
            await bad.send_all(b"GET / HTTP/1.0\r\n\r\n")
            await rude.send_all(wire.purchase(2)[:20])
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await rude.aclose()

            assert await hung_up(bad)
            assert await ask(good, wire.purchase(3)) == [("0210", "000003", "00")]

    assert {"broken", "lost framing"} <= set(scene.watch.ends)


async def test_one_too_many_is_turned_away() -> None:
    """Those who are inside stay; when one leaves there is room again; and the log says why."""
    with structlog.testing.capture_logs() as lines:
        async with stage(max_connections=2) as scene:
            inside = [await scene.visit() for _ in range(2)]
            for stream in inside:
                await ask(stream, wire.echo())
            extra = await scene.visit()

            assert await hung_up(extra)
            assert await ask(inside[0], wire.echo()) == [("0810", "000001", "00")]

            await inside[0].aclose()
            with trio.fail_after(SOON):
                while scene.watch.open > 1:
                    await trio.sleep(0.01)
            again = await scene.visit()

            assert await ask(again, wire.echo()) == [("0810", "000001", "00")]

    assert [line["why"] for line in lines] == ["too many connections"]


@pytest.mark.parametrize(
    ("allow", "welcome"),
    [
        ([], True),
        (["127.0.0.0/8"], True),
        (["10.0.0.0/8", "127.0.0.1/32"], True),
        (["10.0.0.0/8"], False),
        (["::1/128"], False),
    ],
)
async def test_who_may_come_in(allow: list[str], welcome: bool) -> None:
    """Only the networks of the list, if there is one; a stranger gets no answer at all."""
    with structlog.testing.capture_logs() as lines:
        async with stage(allow=Networks.of(allow)) as scene:
            stream = await scene.visit()
            if welcome:
                assert await ask(stream, wire.echo()) == [("0810", "000001", "00")]
            else:
                assert await hung_up(stream)

    assert [line["why"] for line in lines] == ([] if welcome else ["not on the allow-list"])


async def test_who_is_gone_before_being_let_in_harms_nobody() -> None:
    """A port scan: connected and reset before we have looked.  Its address cannot even be asked any more."""
    async with stage() as scene:
        for _ in range(20):
            scan = socket.create_connection(("127.0.0.1", scene.port))  # blocking, so that nobody can accept meanwhile
            scan.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            scan.close()
        good = await scene.visit()

        assert await ask(good, wire.echo()) == [("0810", "000001", "00")]
        assert scene.watch.open == 1


async def test_an_address_that_is_taken_says_so() -> None:
    """Two services on one port: the second one does not start."""
    async with stage() as scene:
        with pytest.raises((OSError, ExceptionGroup)) as fault:
            async with stage(port=scene.port):
                pytest.fail("it opened")

    assert "in use" in str(fault.value) or fault.group_contains(OSError)


# ---- closing


async def test_a_closed_door_lets_nobody_in() -> None:
    """Whoever is idle inside is sent home."""
    async with stage() as scene:
        stream = await scene.visit()
        await ask(stream, wire.echo())
        await scene.close()

        assert await hung_up(stream)
        with pytest.raises(OSError, match=r"refused|connect"):
            await scene.visit()
        assert scene.watch.ends == ["closing"]


async def test_whoever_is_busy_is_answered() -> None:
    """The door is closed, the commit takes its time, the answer goes out, and then all is over."""
    async with stage(Journal(delay=0.2)) as scene:
        stream = await scene.visit()
        await stream.send_all(wire.purchase(1))
        with trio.fail_after(SOON):
            while not scene.journal.batches:
                await trio.sleep(0.01)
        scene.closing.set()

        assert wire.codes(bytes(await stream.receive_some())) == [("0210", "000001", "00")]

        await scene.close()


async def test_whoever_comes_in_as_the_door_closes_is_sent_home() -> None:
    """Accepted in the last moment, it must not hold up the stop until it is idle for ten minutes."""
    async with stage() as scene:
        late = [socket.create_connection(("127.0.0.1", scene.port)) for _ in range(5)]
        scene.closing.set()
        with trio.fail_after(SOON):
            await scene.closed.wait()
        await wait_all_tasks_blocked()
        for visitor in late:
            visitor.close()

        assert scene.watch.open == 0
