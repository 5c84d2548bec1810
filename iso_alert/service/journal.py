"""Record what the links bring: whatever waits is decided and committed together, then everybody is answered.

There is no timer: the first message is committed at once, those that arrive meanwhile form the next batch.  At most
BOUND messages wait; a link that brings more waits itself, and its host's socket fills.  That bound also lets the event
loop sleep, without which a store in a thread would never get the GIL.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn, Protocol

import structlog
import trio
from attrs import define, field, frozen

from iso_alert.domain.decision import Rulebook
from iso_alert.domain.transaction import Transaction
from iso_alert.service.desk import Answer, Desk
from iso_alert.store.port import Committed, Lease, StoreUnavailable

BATCH = 384  # messages to a commit; beyond it a commit takes longer and gains little
SHORT = 192  # the same while SMS wait: a window of them goes between two commits
WORTH = (1, 16, 128, BATCH)  # messages that are worth a batch while none, one, two and more are not done yet
BOUND = 2048  # messages that may wait
SWEEP = 1.0  # seconds between looks for halves that are overdue
log = structlog.get_logger()


class Watch(Protocol):
    """What the journal tells of itself."""

    each: bool  # whether it wants to hear of each message, and not only how many there were of a kind

    def committed(self, size: int, seconds: float) -> None: ...
    def decided(self, of: Committed) -> None: ...


class Outlet(Protocol):
    """Where new alerts go: the courier."""

    def promise(self) -> int:
        """Of how many parts alerts may be handed over leased; nobody else may until `redeem`."""

    def redeem(self, room: int) -> None:
        """They have been handed over, as many as there were."""

    def take(self, leases: Sequence[Lease]) -> None:
        """Send these."""

    def nudge(self) -> None:
        """There are more in the store."""

    def behind(self) -> bool:
        """Whether alerts wait in the store though there is somebody to send them to."""


@define(eq=False)
class _Job:
    """What one link brought at once, and why it could not be recorded."""

    batch: Sequence[Transaction]
    done: trio.Event = field(factory=trio.Event)
    fault: Exception | None = None


@frozen
class _Pending:
    """A batch that the store has."""

    answer: Answer[Committed]
    room: int  # of how many parts it may lease alerts
    began: float


class Journal:
    """Group commit."""

    def __init__(self, desk: Desk, book: Rulebook, outlet: Outlet, watch: Watch, clock: Callable[[], float]) -> None:
        self.book = book
        self._desk, self._outlet, self._watch, self._clock = desk, outlet, watch, clock
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._begun = 0  # batches that are not done yet
        self._bell = trio.Event()
        self._room = trio.lowlevel.ParkingLot()
        self._queue = trio.Lock()

    async def record(self, batch: Sequence[Transaction]) -> None:
        """Return once the messages are durable.  Raises StoreUnavailable when they are not.

        Cancelled while it waits, the messages may be recorded all the same: the host repeats, and the key is found.
        """
        if self._queue.locked() or self._waiting >= BOUND:
            async with self._queue:  # first come, first served: woken together, links would get in by chance
                while self._waiting >= BOUND:
                    await self._room.park()
        job = _Job(batch)
        self._jobs.append(job)
        self._waiting += len(batch)
        self._bell.set()
        await job.done.wait()
        if job.fault:
            raise job.fault

    async def run(self) -> None:
        """Commit batch after batch.  Lives until cancelled; what is being committed is finished first.

        While the store does one, the next is handed over as soon as it is worth that, so that the store has no pause.
        A few messages would only make two small batches out of one, each with a sync: the more there is to do for the
        store, the more of them wait for each other.  Answers come in their order.
        """
        async with trio.open_nursery() as waiting:
            while True:
                await self._bell.wait()
                self._bell = trio.Event()
                while self._waiting >= WORTH[min(self._begun, len(WORTH) - 1)]:
                    jobs = self._next()
                    waiting.start_soon(self._finish, jobs, await self._begin(jobs))

    async def sweep(self) -> None:
        """Give up waiting for halves of mirrored feeds that do not come.  Lives until cancelled."""
        while self.book.paired:
            await trio.sleep(SWEEP)
            room = self._outlet.promise()
            try:
                overdue = partial(self._desk.store.overdue, self.book, self._clock(), room)
                recorded, leases = await self._desk.do(overdue)
                self._hand_on(Committed.of(recorded, leases, self._watch.each))
            except StoreUnavailable:
                continue
            finally:
                self._outlet.redeem(room)

    def _next(self) -> list[_Job]:
        jobs: list[_Job] = []
        size, most = 0, SHORT if self._outlet.behind() else BATCH
        while self._jobs and (not jobs or size + len(self._jobs[0].batch) <= most):
            jobs.append(job := self._jobs.popleft())
            size += len(job.batch)
        self._waiting -= size
        self._room.unpark_all()
        return jobs

    async def _begin(self, jobs: Sequence[_Job]) -> _Pending:
        """Hand a batch to the store.  The room that it may fill is nobody else's until it is known."""
        self._begun += 1
        if (trouble := self._desk.trouble) is not None:
            return _Pending(partial(_refuse, trouble), 0, 0.0)  # it is tried elsewhere; nobody waits for what is known
        batches = [job.batch for job in jobs]
        room = self._outlet.promise()
        began = trio.current_time()
        verb = partial(self._desk.store.commit, batches, self.book, self._clock(), room, self._watch.each)
        answer = await self._desk.begin(verb)
        return _Pending(answer, room, began)

    async def _finish(self, jobs: Sequence[_Job], pending: _Pending) -> None:
        try:
            committed = await pending.answer()
        except StoreUnavailable as cause:
            _give(jobs, cause)
        except Exception as bug:
            await self._singly(jobs, bug)
        else:
            _give(jobs, None)
            self._watch.committed(sum([len(job.batch) for job in jobs]), trio.current_time() - pending.began)
            self._hand_on(committed)
        finally:
            self._outlet.redeem(pending.room)
            self._begun -= 1
            self._bell.set()

    async def _commit(self, jobs: Sequence[_Job]) -> None:
        await self._finish(jobs, await self._begin(jobs))

    async def _singly(self, jobs: Sequence[_Job], bug: Exception) -> None:
        """One message that we cannot digest must not stop the others: it alone is answered 96."""
        if len(jobs) > 1:
            for job in jobs:
                await self._commit([job])
        elif len(jobs[0].batch) > 1:
            await self._apart(jobs[0])
        else:
            of = jobs[0].batch[0]
            log.error("a message could not be recorded: please report it", link=of.link, stan=of.stan, exc_info=bug)
            _give(jobs, StoreUnavailable(f"link {of.link}, STAN {of.stan}: {type(bug).__name__}"))

    async def _apart(self, job: _Job) -> None:
        """Record a job's messages one by one; all are refused if one is: the host repeats, and keys are found."""
        singles = [_Job([of]) for of in job.batch]
        for single in singles:
            await self._commit([single])
        _give([job], next((single.fault for single in singles if single.fault), None))

    def _hand_on(self, committed: Committed) -> None:
        if committed.leases:
            self._outlet.take(committed.leases)
        if committed.alerts > len(committed.leases):
            self._outlet.nudge()
        self._watch.decided(committed)


async def _refuse(trouble: str) -> NoReturn:
    raise StoreUnavailable(trouble)


def _give(jobs: Sequence[_Job], fault: Exception | None) -> None:
    for job in jobs:
        job.fault = fault
        job.done.set()
