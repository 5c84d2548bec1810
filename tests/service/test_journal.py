"""Group commit: what waits is one batch, everybody is answered, and nobody waits for ever."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import pytest
import structlog
import trio
from attrs import define, field
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_alert.domain.decision import Rulebook
from iso_alert.domain.transaction import Transaction
from iso_alert.service.desk import PROBE_EVERY, Desk
from iso_alert.service.journal import BATCH, BOUND, SHORT, WORTH, Journal
from iso_alert.store.port import Committed, Lease, StoreUnavailable
from tests.support.bank import NOW, book, sale
from tests.support.threads import no_threads

__all__ = ["no_threads"]
pytestmark = pytest.mark.usefixtures("no_threads")
COMMIT = 1.0  # seconds, on a clock that jumps


async def commits(count: int) -> None:
    """Let so many commits pass."""
    await trio.sleep((count + 0.5) * COMMIT)


@define
class Store:
    """It takes its time over a batch, and remembers which came."""

    batches: list[list[str]] = field(factory=list)
    rooms: list[int] = field(factory=list)
    poison: frozenset[str] = frozenset()
    trouble: bool = False

    def commit(
        self, batches: Sequence[Sequence[Transaction]], _: Rulebook, __: float, room: int, ___: bool
    ) -> Committed:
        stans = [of.stan for batch in batches for of in batch]
        self.batches.append(stans)
        self.rooms.append(room)
        if self.trouble:
            raise StoreUnavailable("locked")
        if self.poison & set(stans):
            raise OverflowError("this fits no column")
        return Committed({}, 0, 0, 0, [])

    def check(self) -> None:
        if self.trouble:
            raise StoreUnavailable("locked")

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


@define
class Heard:
    """The watch, and the courier's side."""

    each: bool = False
    late: bool = False  # the courier
    sizes: list[int] = field(factory=list)
    seconds: list[float] = field(factory=list)
    decided_on: int = 0

    def committed(self, size: int, seconds: float) -> None:
        self.sizes.append(size)
        self.seconds.append(seconds)

    def decided(self, _: Committed) -> None:
        self.decided_on += 1

    def promise(self) -> int:
        return 7

    def redeem(self, room: int) -> None: ...

    def take(self, leases: Sequence[Lease]) -> None: ...

    def nudge(self) -> None: ...

    def behind(self) -> bool:
        return self.late


@define(eq=False)
class Scene:
    """A journal over a store, and the answers that its callers got."""

    nursery: trio.Nursery
    store: Store
    heard: Heard
    journal: Journal
    answers: dict[int, object] = field(factory=dict)

    async def record(self, stan: int, *more: int) -> None:
        """Be a link that brings these messages at once."""
        try:
            await self.journal.record([sale(1, n) for n in (stan, *more)])
            self.answers[stan] = [stan, *more]
        except StoreUnavailable as fault:
            self.answers[stan] = str(fault)

    async def bring(self, *stans: int) -> None:
        """Be so many links, in this order."""
        for stan in stans:
            self.nursery.start_soon(self.record, stan)
            await wait_all_tasks_blocked()


@pytest.fixture
async def scene(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> Scene:
    async def slowly(verb: Callable[[], Any]) -> Any:
        with trio.CancelScope(shield=True):  # as a thread, which nobody can call back
            await trio.sleep(COMMIT)
            return verb()

    monkeypatch.setattr(trio.to_thread, "run_sync", slowly)
    store, heard = Store(), Heard()
    desk = Desk(store)  # type: ignore[arg-type]
    journal = Journal(desk, book(), heard, heard, lambda: NOW)
    nursery.start_soon(journal.run)
    nursery.start_soon(desk.probe)
    return Scene(nursery, store, heard, journal)


async def test_what_waits_is_one_batch(autojump_clock: MockClock, scene: Scene) -> None:
    """The first message is committed at once; whatever comes meanwhile is the next batch, in its order."""
    await scene.bring(1, 2, 3, 4)
    await commits(2)

    assert scene.store.batches == [["000001"], ["000002", "000003", "000004"]]
    assert scene.answers == {n: [n] for n in (1, 2, 3, 4)}


async def test_a_busy_store_is_given_large_batches_ahead(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A few messages wait until it has done the batch before, and go together; many are there when it has."""
    handed: list[int] = []
    turn, store, heard = trio.Lock(), Store(), Heard()

    async def begin(verb: Any) -> Callable[[], Awaitable[Any]]:
        handed.append(sum(map(len, verb.args[0])))

        async def answer() -> Any:
            async with turn:
                await trio.sleep(COMMIT)
                return verb()

        return answer

    journal = Journal(Desk(store, begin), book(), heard, heard, lambda: NOW)  # type: ignore[arg-type]
    scene = Scene(nursery, store, heard, journal)
    nursery.start_soon(journal.run)
    await scene.bring(1, 2, 3)
    few = [*handed]
    nursery.start_soon(scene.record, *range(4, 4 + WORTH[1]))
    await wait_all_tasks_blocked()
    many = [*handed]
    await commits(2)

    assert few == [1]
    assert many == [1, WORTH[1] + 2]
    assert store.sizes == many
    assert scene.answers == {1: [1], 2: [2], 3: [3], 4: [*range(4, 4 + WORTH[1])]}


@pytest.mark.parametrize("late", [False, True])
async def test_batches_are_shorter_while_sms_wait(autojump_clock: MockClock, scene: Scene, late: bool) -> None:
    """Between two of them the courier settles a window, so they set its pace."""
    scene.heard.late = late
    async with trio.open_nursery() as links:
        for stan in range(1, 2 * BATCH + 2):
            links.start_soon(scene.record, stan)

    assert max(scene.store.sizes) == (SHORT if late else BATCH)
    assert sum(scene.store.sizes) == 2 * BATCH + 1


async def test_there_is_no_timer(autojump_clock: MockClock, scene: Scene) -> None:
    """A message that comes alone waits for nothing but its own commit."""
    await scene.bring(1)
    await commits(1)

    assert scene.answers == {1: [1]}
    assert scene.heard.seconds == [COMMIT]


async def test_a_batch_has_an_end(autojump_clock: MockClock, scene: Scene) -> None:
    """Beyond BATCH a commit takes longer and gains little."""
    await scene.bring(1)
    for n in range(BATCH + 10):
        scene.nursery.start_soon(scene.record, 10 + n)
    await commits(3)

    assert scene.store.sizes == [1, BATCH, 10]


async def test_what_came_together_stays_together(autojump_clock: MockClock, scene: Scene) -> None:
    """What one link brought at once is not torn apart, however much that is."""
    await scene.bring(1)
    scene.nursery.start_soon(scene.record, *range(1000, 1200))
    await wait_all_tasks_blocked()
    scene.nursery.start_soon(scene.record, *range(2000, 2400))
    await commits(3)

    assert scene.store.sizes == [1, 200, 400]
    assert scene.answers[2000] == list(range(2000, 2400))


async def test_everybody_in_the_batch_hears_of_trouble(autojump_clock: MockClock, scene: Scene) -> None:
    """Nobody is told that it was recorded; what comes is refused at once, until a commit has been seen to work."""
    scene.store.trouble = True
    await scene.bring(1, 2, 3)
    await commits(2)
    began = trio.current_time()
    await scene.record(4)
    waited = trio.current_time() - began
    scene.store.trouble = False
    await trio.sleep(PROBE_EVERY + 2 * COMMIT)
    await scene.record(5)

    assert scene.answers == {1: "locked", 2: "locked", 3: "locked", 4: "locked", 5: [5]}
    assert waited == 0
    assert (scene.heard.sizes, scene.heard.decided_on) == ([1], 1)


async def test_a_cancelled_caller_loses_nothing(autojump_clock: MockClock, scene: Scene) -> None:
    """Its connection broke while it waited: the message is recorded, and the others are answered as ever."""
    await scene.bring(1)
    with trio.move_on_after(COMMIT / 2):
        await scene.journal.record([sale(1, 2)])
    await scene.bring(3)
    await commits(2)

    assert scene.store.batches == [["000001"], ["000002", "000003"]]
    assert scene.answers == {1: [1], 3: [3]}


async def test_a_poison_message_is_alone(autojump_clock: MockClock, scene: Scene) -> None:
    """One message that we cannot digest is refused; those beside it are recorded, and it is reported without a PAN."""
    scene.store.poison = frozenset({"000003"})
    with structlog.testing.capture_logs() as lines:
        await scene.bring(1, 2, 3, 4)
        await commits(6)

    assert scene.answers == {1: [1], 2: [2], 3: "link switch, STAN 000003: OverflowError", 4: [4]}
    assert [(line["log_level"], line["stan"]) for line in lines] == [("error", "000003")]


async def test_a_poison_message_does_not_spoil_its_neighbours_on_the_link(
    autojump_clock: MockClock, scene: Scene
) -> None:
    """They came together and are refused together; but what can be recorded is, and the host's repeat finds it."""
    scene.store.poison = frozenset({"000002"})
    scene.nursery.start_soon(scene.record, 1, 2, 3)
    await commits(6)

    assert scene.store.batches == [["000001", "000002", "000003"], ["000001"], ["000002"], ["000003"]]
    assert scene.answers == {1: "link switch, STAN 000002: OverflowError"}


async def test_the_courier_is_asked_for_its_room(autojump_clock: MockClock, scene: Scene) -> None:
    """At the time of the commit, so that no more is leased than can go."""
    await scene.bring(1)
    await commits(1)

    assert scene.store.rooms == [7]


async def test_a_flood_waits(autojump_clock: MockClock, scene: Scene) -> None:
    """No more than BOUND messages wait inside; the rest wait where they came from, and all are served in the end."""
    for n in range(10 * BOUND // 64):
        scene.nursery.start_soon(partial(scene.record, *range(64 * n, 64 * n + 64)))
    await wait_all_tasks_blocked()
    most = scene.journal._waiting
    await commits(10 * BOUND // BATCH + 5)

    assert most <= BOUND
    assert sum(scene.store.sizes) == 10 * BOUND
    assert len(scene.answers) == 10 * BOUND // 64
    assert scene.journal._waiting == 0


async def test_a_flood_is_served_in_the_order_in_which_it_came(autojump_clock: MockClock, scene: Scene) -> None:
    """Nobody is overtaken again and again by those who came later."""
    for n in range(4 * BOUND // 64):
        scene.nursery.start_soon(partial(scene.record, *range(64 * n, 64 * n + 64)))
        await wait_all_tasks_blocked()
    await commits(4 * BOUND // BATCH + 5)
    served = [stan for batch in scene.store.batches for stan in batch]

    assert sorted(served) == served
    assert len(served) == 4 * BOUND


async def test_stopping_finishes_the_commit(autojump_clock: MockClock, scene: Scene, nursery: trio.Nursery) -> None:
    """Cancelled in mid-commit, it answers those whose messages are durable."""
    async with trio.open_nursery() as parts:
        store, heard = Store(), Heard()
        journal = Journal(Desk(store), book(), heard, heard, lambda: NOW)  # type: ignore[arg-type]
        parts.start_soon(journal.run)
        other = Scene(nursery, store, heard, journal)
        await other.bring(1)
        parts.cancel_scope.cancel()
    await commits(1)

    assert other.answers == {1: [1]}
