"""The journal over a line: batches under way side by side, each with its own answer."""

import socket
from collections.abc import AsyncIterator

import pytest
import trio
from attrs import define, field
from trio.testing import wait_all_tasks_blocked

from iso_alert.service.by_line import BATCHES, ByLine
from iso_alert.service.line import Line
from iso_alert.service.told import Told
from iso_alert.service.words import Brought, Recorded
from iso_alert.store.bundle import Bundle
from iso_alert.store.port import StoreUnavailable
from tests.support.bank import sale


@define(eq=False)
class Scene:
    """Connections that bring batches, and what the service hears of them."""

    journal: ByLine
    told: Told
    service: Line
    nursery: trio.Nursery
    answers: dict[int, str] = field(factory=dict)

    async def record(self, stan: int) -> None:
        try:
            await self.journal.record([sale(1, stan)])
            self.answers[stan] = "recorded"
        except StoreUnavailable as fault:
            self.answers[stan] = str(fault)

    async def brought(self, count: int) -> list[Brought]:
        found: list[Brought] = []
        with trio.fail_after(10):
            while len(found) < count:
                found += await self.service.hear()
        return found

    async def answer(self, brought: Brought, why: str | None = None) -> None:
        self.journal.hear(Recorded(brought.number, why))
        await wait_all_tasks_blocked()


@pytest.fixture
async def scene(nursery: trio.Nursery) -> AsyncIterator[Scene]:
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
    line, service, told = Line(ours), Line(theirs), Told()
    nursery.start_soon(line.send)
    yield Scene(ByLine(line, told), told, service, nursery)
    nursery.cancel_scope.cancel()
    line.close()
    service.close()


def stans(brought: Brought) -> list[str]:
    return [of.stan for of in Bundle(brought.size, brought.sealed)]


async def test_each_batch_has_its_own_answer(scene: Scene) -> None:
    """In whatever order they are given: durable, or why not."""
    for stan in (1, 2, 3):
        scene.nursery.start_soon(scene.record, stan)
        await wait_all_tasks_blocked()
    first, second, third = await scene.brought(3)
    await scene.answer(third)
    early = dict(scene.answers)
    await scene.answer(first, "the disk is full")
    await scene.answer(second)

    assert [stans(each) for each in (first, second, third)] == [["000001"], ["000002"], ["000003"]]
    assert early == {3: "recorded"}
    assert scene.answers == {1: "the disk is full", 2: "recorded", 3: "recorded"}


async def test_counts_go_along(scene: Scene) -> None:
    """With the next batch, and once."""
    scene.told.answered("switch", "0800", "recorded")
    for stan in (1, 2):
        scene.nursery.start_soon(scene.record, stan)
        await wait_all_tasks_blocked()
    first, second = await scene.brought(2)

    assert first.counts == {("answered", "switch", "0800", "recorded"): 1}
    assert second.counts == {}


async def test_who_is_cancelled_is_forgotten(scene: Scene) -> None:
    """Its answer is nobody's any more, and nobody else's."""
    with trio.CancelScope() as scope:
        scene.nursery.start_soon(scene.record, 2)
        scope.cancel()
        await scene.journal.record([sale(1, 1)])
    for each in await scene.brought(2):
        await scene.answer(each, None if stans(each) == ["000002"] else "nobody asked")

    assert scene.answers == {2: "recorded"}


async def test_a_full_line_makes_connections_wait(scene: Scene) -> None:
    """No more than BATCHES are under way; an answer lets the next one in, first come, first served."""
    for stan in range(BATCHES + 2):
        scene.nursery.start_soon(scene.record, stan)
        if stan >= BATCHES - 1:
            await wait_all_tasks_blocked()
    under_way = await scene.brought(BATCHES)
    await scene.answer(under_way[0])
    (next_one,) = await scene.brought(1)

    assert len(under_way) == BATCHES
    assert stans(next_one) == [f"{BATCHES:06d}"]


async def test_whoever_waited_is_let_in_first(scene: Scene) -> None:
    """What was read before another configuration is on its way before that is said to count."""
    caught_up = []
    for stan in range(BATCHES + 1):
        scene.nursery.start_soon(scene.record, stan)
    await wait_all_tasks_blocked()

    async def catch_up() -> None:
        await scene.journal.caught_up()
        caught_up.append(len(scene.journal._asked))

    scene.nursery.start_soon(catch_up)
    under_way = await scene.brought(BATCHES)
    await scene.answer(under_way[0])
    early = [*caught_up]
    await scene.brought(1)
    await scene.answer(under_way[1])

    assert early == []
    assert caught_up == [BATCHES - 1]


async def test_no_card_is_shown(scene: Scene) -> None:
    """Of a batch one sees how large it is."""
    scene.nursery.start_soon(scene.record, 1)
    (brought,) = await scene.brought(1)

    assert repr(brought) == "Brought(number=0, size=1, counts={})"
