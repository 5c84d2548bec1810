"""The store's door: one at a time, and red until a commit has been seen to work."""

from collections.abc import Callable
from typing import Any

import pytest
import structlog
import trio
from attrs import define, field
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_alert.service.desk import Desk
from iso_alert.store.port import StoreUnavailable
from tests.support.threads import no_threads

__all__ = ["no_threads"]
pytestmark = pytest.mark.usefixtures("no_threads")


@define
class Store:
    """A disk that can be full: reading goes well then, writing does not."""

    full: bool = False
    done: list[str] = field(factory=list)

    def write(self) -> None:
        if self.full:
            raise StoreUnavailable("the disk is full")
        self.done.append("written")

    def read(self) -> str:
        return "read"

    def check(self) -> None:
        self.write()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)  # type: ignore[arg-type]


async def test_verbs_take_turns(autojump_clock: MockClock, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is asked for one thing at a time, in the order in which it was asked; a thread has one way for all."""
    happened: list[str] = []

    async def slowly(verb: Callable[[], str], *_: Any) -> None:
        happened.append(f"{verb()} begins")
        await trio.sleep(1)
        happened.append(f"{verb()} ends")

    monkeypatch.setattr(trio.to_thread, "run_sync", slowly)
    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(desk.do, lambda name=name: name, name == "c")
            await wait_all_tasks_blocked()

    assert happened == [f"{name} {how}" for name in "abc" for how in ("begins", "ends")]


async def test_what_cannot_be_written_turns_it_red(autojump_clock: MockClock, desk: Desk, store: Store) -> None:
    """The caller hears of it, and so does whoever asks whether the node is ready."""
    store.full = True
    with pytest.raises(StoreUnavailable):
        await desk.do(store.write)

    assert desk.trouble == "the disk is full"


async def test_reading_does_not_turn_it_green(autojump_clock: MockClock, desk: Desk, store: Store) -> None:
    """On a full disk the figures can still be read; that is no reason to call for traffic."""
    store.full = True
    with pytest.raises(StoreUnavailable):
        await desk.do(store.write)

    assert await desk.do(store.read) == "read"
    assert desk.trouble


async def test_it_turns_green_by_itself(
    autojump_clock: MockClock, desk: Desk, store: Store, nursery: trio.Nursery
) -> None:
    """The probe tries a commit every second while there is trouble, and stops when there is none."""
    nursery.start_soon(desk.probe)
    await trio.sleep(60)
    before = len(store.done)
    store.full = True
    with pytest.raises(StoreUnavailable):
        await desk.do(store.write)
    await trio.sleep(10)
    during = desk.trouble
    store.full = False
    await trio.sleep(1)

    assert (before, during, desk.trouble) == (0, "the disk is full", None)

    await trio.sleep(60)

    assert store.done == ["written"]


async def test_trouble_is_told_once_and_so_is_its_end(
    autojump_clock: MockClock, desk: Desk, store: Store, nursery: trio.Nursery
) -> None:
    """A disk that is full for an hour is two lines in the log."""
    nursery.start_soon(desk.probe)
    store.full = True
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await desk.do(store.write)
        await trio.sleep(3600)
        store.full = False
        await trio.sleep(5)

    assert [line["log_level"] for line in lines] == ["error", "info"]


async def test_a_cancelled_call_is_done_all_the_same(
    store: Store, desk: Desk, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    """A commit cannot be called back: who is cancelled waits for it, and the next one finds the door free."""
    monkeypatch.undo()
    autojump_clock.autojump_threshold = 10  # the thread is a real one
    with trio.CancelScope() as scope:
        scope.cancel()
        with trio.CancelScope(shield=True):
            await desk.do(store.write)
    await desk.do(store.write)

    assert store.done == ["written", "written"]
