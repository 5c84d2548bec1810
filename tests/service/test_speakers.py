"""Speakers as the service has them: real processes behind a real door, and a journal that remembers."""

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import structlog
import trio
from attrs import define, field

from iso_alert.domain.transaction import Transaction
from iso_alert.service.link_rules import LinkRules
from iso_alert.service.listener import Door, Listener
from iso_alert.service.metrics import Metrics
from iso_alert.service.speakers import SpeakerEnded, Speakers
from iso_alert.service.spread import Spread
from tests.service.speaker_stage import LINK, SOON, ask, briefing, spoken
from tests.support import wire


@define
class Journal:
    """It is slow if it is told to be."""

    stans: list[str] = field(factory=list)
    gate: trio.Event = field(factory=trio.Event)

    async def record(self, batch: Sequence[Transaction], /) -> None:
        self.stans += [of.stan for of in batch]
        await self.gate.wait()


@define(eq=False)
class Scene:
    """An open door before speakers."""

    speakers: Speakers
    spread: Spread
    journal: Journal
    metrics: Metrics
    port: int
    closing: trio.Event
    closed: trio.Event
    hosts: list[trio.SocketStream] = field(factory=list)

    async def visit(self) -> trio.SocketStream:
        self.hosts.append(await trio.open_tcp_stream("127.0.0.1", self.port))
        return self.hosts[-1]

    async def inside(self, count: int) -> None:
        with trio.fail_after(SOON):
            while len(self.spread) != count:
                await trio.sleep(0.005)

    @property
    def shares(self) -> list[int]:
        return [one["connections"] for one in self.speakers.statuses()]

    def count(self, name: str, /, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"iso_alert_{name}", labels) or 0.0


@asynccontextmanager
async def stage(number: int = 2, most: int = 64) -> AsyncIterator[Scene]:
    metrics, journal, closing, closed = Metrics(), Journal(), trio.Event(), trio.Event()
    speakers = await trio.to_thread.run_sync(Speakers, number, briefing())
    spread = Spread(LinkRules(LINK), metrics, speakers)
    speakers.left[LINK] = spread.one_left
    listener = Listener(Door("127.0.0.1", 0, most), spread)

    async def run(*, task_status: trio.TaskStatus[int]) -> None:
        await listener.run(closing, task_status=task_status)
        closed.set()

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(speakers.run, journal, metrics)
            scene = Scene(speakers, spread, journal, metrics, await nursery.start(run), closing, closed)
            journal.gate.set()
            try:
                yield scene
            finally:
                for host in scene.hosts:
                    host.socket.close()
            nursery.cancel_scope.cancel()
    finally:
        speakers.close()


async def test_the_one_with_the_fewest_gets_the_next() -> None:
    """All at once they are shared evenly; where some have left, those who come make up for it."""
    async with stage() as scene:
        for _ in range(8):
            await scene.visit()
        await scene.inside(8)
        evenly = scene.shares
        for host in scene.hosts[::2]:  # all that the first has
            await host.aclose()
        await scene.inside(4)
        for _ in range(2):
            await ask(await scene.visit(), wire.purchase(1))

        assert evenly == [4, 4]
        assert scene.shares == [2, 4]


async def test_the_door_counts_who_is_elsewhere() -> None:
    """One too many is turned away; when one has left there is room again."""
    with structlog.testing.capture_logs():
        async with stage(1, most=2) as scene:
            first, second = await scene.visit(), await scene.visit()
            await scene.inside(2)
            turned_away = await scene.visit()
            with trio.fail_after(SOON), suppress(trio.BrokenResourceError):
                assert await turned_away.receive_some() == b""
            await first.aclose()
            await scene.inside(1)

            assert await ask(await scene.visit(), wire.echo(1)) == [("0810", "000001", "00")]
            assert await ask(second, wire.echo(2)) == [("0810", "000002", "00")]
            assert scene.count("hang_ups_total", link=LINK, reason="too many connections") == 1


async def test_a_door_that_closes_waits_for_who_is_elsewhere() -> None:
    """What is in hand is answered, and only then is it closed."""
    async with stage() as scene:
        scene.journal.gate = trio.Event()
        busy, idle = await scene.visit(), await scene.visit()
        await busy.send_all(wire.purchase(1))
        with trio.fail_after(SOON):
            while not scene.journal.stans:
                await trio.sleep(0.005)
        scene.closing.set()
        await scene.inside(1)
        early = scene.closed.is_set()
        scene.journal.gate.set()
        with trio.fail_after(SOON):
            answer = wire.codes(bytes(await busy.receive_some()))
            await busy.aclose()
            await scene.closed.wait()

        assert not early
        assert answer == [("0210", "000001", "00")]
        assert await idle.receive_some() == b""
        assert scene.count("hang_ups_total", link=LINK, reason="closing") == 2


async def test_one_that_ends_is_missed() -> None:
    """Whoever runs them hears which; its connections are counted as gone, those of the other are not."""
    metrics, seen = Metrics(), dict[str, float]()
    with pytest.RaisesGroup(pytest.RaisesExc(SpeakerEnded, match="speaker 1"), flatten_subgroups=True):
        async with stage() as scene:
            metrics = scene.metrics
            for _ in range(4):
                await ask(await scene.visit(), wire.purchase(1))
            first, *_ = scene.speakers.statuses()
            os.kill(first["pid"], signal.SIGKILL)
            await trio.sleep(SOON)
    for name, reason in (("connections", {}), ("hang_ups_total", {"reason": "speaker ended"})):
        seen[name] = metrics.registry.get_sample_value(f"iso_alert_{name}", {"link": LINK, **reason}) or 0.0

    assert seen == {"connections": 2, "hang_ups_total": 2}


def test_one_that_cannot_begin(tmp_path: Path) -> None:
    """Its files are not what they were a moment ago: that is said, and nobody is left running."""
    with structlog.testing.capture_logs() as lines, pytest.raises(SpeakerEnded, match="speaker 1"):
        Speakers(2, briefing(spoken(files=(tmp_path / "none.pem", None, None))))

    assert [(line["event"], "none.pem" in line["why"]) for line in lines] == [("a speaker cannot begin", True)]


async def test_what_was_answered_is_counted_for_who_asks() -> None:
    """Nobody has to wait until it is told by itself."""
    async with stage() as scene:
        for n in range(4):
            await ask(await scene.visit(), wire.echo(n))
            with trio.fail_after(SOON):
                await scene.speakers.tell()

            assert scene.count("messages_total", link=LINK, mti="0800", answer="recorded") == n + 1


async def test_another_configuration_counts_when_that_is_told() -> None:
    """From then on nobody reads as before."""
    async with stage() as scene:
        hosts = [await scene.visit() for _ in range(4)]
        for host in hosts:
            await ask(host, wire.echo(1))
        with trio.fail_after(SOON):
            await scene.speakers.renew(briefing(spoken(echo_pan=False)))
        for host in hosts:
            await host.send_all(wire.purchase(1))
        told = [wire.answers(bytes(await host.receive_some())) for host in hosts]

    assert ["2" in answer for (answer,) in told] == [False] * 4
