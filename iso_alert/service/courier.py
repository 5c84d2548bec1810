"""Carry alerts to the operator and bring back what became of them.

New alerts come from the journal, leased in the same commit; the rest is claimed from the store: what waited because the
operator was away, what is tried again, what a restart found.  An alert that is leased counts in the store as perhaps on
the wire, so the note is written before the bytes are.  Answers and receipts are settled in batches; a receipt is
acknowledged when it is durable.

Nothing of this ever waits for a link, nor a link for it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol, cast

import structlog
import trio
from attrs import define

from iso_alert.domain.alert import FEW, VALID_FOR, AlertState, pause
from iso_alert.domain.name import name_of
from iso_alert.domain.news import NEWS
from iso_alert.domain.reminding import DUE
from iso_alert.service.desk import Desk
from iso_alert.service.route import Accepted, InDoubt, Outcome, Receipted, Refused, Route, Submission, Unsent
from iso_alert.smpp.command import Action, status_name
from iso_alert.smpp.receipt import MessageState, id_forms
from iso_alert.smpp.text import cut
from iso_alert.store.port import Confirmed, Lease, Settled, StoreUnavailable, Taken, Untaken

CLAIM = 256  # alerts to a claim
SETTLE = 512  # outcomes to a commit
RETRY_STORE = 1.0  # seconds until an answer that could not be written is written again
PATIENT = frozenset({DUE, NEWS})  # they let everything pass, so how long they waited says nothing of us
log = structlog.get_logger()


class Watch(Protocol):
    """What the courier tells of itself."""

    def submitted_after(self, seconds: float) -> None: ...
    def settled(self, settled: Settled) -> None: ...
    def given_up(self, state: AlertState) -> None: ...


@define(eq=False)
class _Carried:
    """An alert in our hands: what each of its parts came to, until the last one is known."""

    lease: Lease
    waiting: set[int]  # numbers of parts without an outcome
    total: int
    fault: Untaken | None = None  # the worst so far


class Courier:
    """One route's courier.  Hand it to the journal as its outlet, and run it beside."""

    def __init__(self, desk: Desk, route: Route, watch: Watch, clock: Callable[[], float]) -> None:
        self._desk, self._route, self._watch, self._clock = desk, route, watch, clock
        self._ready: deque[Submission] = deque()  # parts of leased alerts, not handed to the route yet
        self._carried: dict[int, _Carried] = {}
        self._bell = trio.Event()  # there is something ready, or more in the store
        self._more = True  # the store may hold alerts that are due
        self._open = 0  # parts handed over whose outcome is not durable
        self._durable = trio.lowlevel.ParkingLot()

    # What the journal sees.

    def room(self) -> int:
        """Alerts that the route could take now; two parts each, as Thai ones have."""
        return max(0, (self._credit() - len(self._ready)) // 2)

    def take(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            self._ready.extend(self._submissions(lease))
        self._bell.set()

    def nudge(self) -> None:
        self._more = True
        self._bell.set()

    # Sending.

    async def run(self) -> None:
        """Send and settle until the route has ended and everything it said is written.

        Cancelled, it leaves what it carries leased: the next start finds that in doubt.
        """
        async with trio.open_nursery() as sending:
            sending.start_soon(self._send)
            sending.start_soon(self._wake_when_due)
            await self._settle()
            sending.cancel_scope.cancel()
        await self._give_back()

    async def _give_back(self) -> None:
        """What was leased and never handed over waits in the store, and in no doubt."""
        at = self._clock()
        unsent = [Untaken(alert, AlertState.QUEUED, "not written", at, counts=False) for alert in self._carried]
        await self._make_durable([self._carried[each.alert].fault or each for each in unsent])

    def _credit(self) -> int:
        """Parts that may go now.  What is answered and not written is in doubt as well: a crash would send it again."""
        return min(self._route.credit(), self._route.config.window - self._open)

    async def _wait_credit(self) -> None:
        await self._route.wait_credit()
        while self._credit() <= 0:
            await self._durable.park()
            await self._route.wait_credit()

    async def _send(self) -> None:
        while True:
            await self._bell.wait()
            self._bell = trio.Event()
            while self._ready or self._more:
                await self._wait_credit()
                if not self._ready and not await self._claim():
                    break
                self._hand_over()

    async def _claim(self) -> bool:
        """Lease what is due in the store.  False when nothing is."""
        self._more, now = False, self._clock()
        limit = max(1, min(CLAIM, self._credit() // 2))
        try:
            leases = await self._desk.do(partial(self._desk.store.claim, now, limit))
        except StoreUnavailable:
            return False  # `_wake_when_due` comes back to it
        self._more = len(leases) == limit
        self.take([lease for lease in leases if not _stale(lease, now)])
        await self._give_up([lease for lease in leases if _stale(lease, now)], now)
        return bool(leases)

    async def _give_up(self, stale: Sequence[Lease], now: float) -> None:
        """What waited for a day is of no use to anybody any more."""
        faults = [Untaken(lease.alert, AlertState.GIVEN_UP, "too old", now) for lease in stale]
        for fault in faults:
            self._tell(fault)
        await self._make_durable(faults)

    async def _wake_when_due(self) -> None:
        """Alerts that wait for their time, or behind another of their card, have no bell of their own."""
        while True:
            try:
                due = await self._desk.do(partial(self._desk.store.next_due, self._clock()))
            except StoreUnavailable:
                due = None
            wait = RETRY_STORE if due is None else max(0.01, min(RETRY_STORE, due - self._clock()))
            await trio.sleep(wait)
            self.nudge()

    def _hand_over(self) -> None:
        """Give the route as much as it has credit for, in order and as one write."""
        count = min(self._credit(), len(self._ready))
        if count > 0:  # the operator may have gone while the store was asked
            self._open += count
            self._route.send([self._ready.popleft() for _ in range(count)])

    def _submissions(self, lease: Lease) -> Iterator[Submission]:
        """The parts that the SMSC does not have.  The reference is the alert's, so a phone recognises copies."""
        config = self._route.config
        parts = cut(lease.text, reference=lease.alert, long_messages=config.long_messages, gsm=config.gsm)
        missing = [n for n in range(1, len(parts) + 1) if n not in lease.done]
        self._carried[lease.alert] = _Carried(lease, set(missing), len(parts))
        left = VALID_FOR - (self._clock() - lease.began_at)
        for n in missing:
            yield Submission((lease.alert, n), lease.mobile.lstrip("+"), parts[n - 1], left)

    # Settling.

    async def _settle(self) -> None:
        while outcomes := await self._route.outcomes():
            for at in range(0, len(outcomes), SETTLE):
                await self._write(outcomes[at : at + SETTLE])

    async def _write(self, outcomes: Sequence[Outcome]) -> None:
        """Make outcomes durable, then tell the SMSC that its receipts are."""
        results = list(self._results(outcomes))
        await self._make_durable(results)
        receipts = [one for one in outcomes if isinstance(one, Receipted)]
        self._open -= len(outcomes) - len(receipts)
        self._durable.unpark_all()
        self._route.acknowledge(receipts)
        if any(isinstance(result, Taken | Untaken) for result in results):
            self.nudge()  # whoever stood behind these may go

    async def _make_durable(self, results: Sequence[Taken | Untaken | Confirmed]) -> None:
        """Write results, however long the store takes to come back."""
        while results:
            try:
                self._watch.settled(await self._desk.do(partial(self._desk.store.settle, results)))
            except StoreUnavailable:
                await trio.sleep(RETRY_STORE)
            else:
                return

    def _results(self, outcomes: Iterable[Outcome]) -> Iterator[Taken | Untaken | Confirmed]:
        for outcome in outcomes:
            if isinstance(outcome, Receipted):
                yield self._confirmed(outcome)
                continue
            alert, n = cast("tuple[int, int]", outcome.ref)  # as `_submissions` gave it
            carried = self._carried[alert]
            carried.waiting.discard(n)
            if isinstance(outcome, Accepted):
                if carried.lease.key not in PATIENT:
                    self._watch.submitted_after(outcome.at - carried.lease.began_at)
                ids = id_forms(outcome.message_id) or ("",)
                config = self._route.config
                confirms = config.activate == "on_accept"
                yield Taken(alert, n, carried.total, config.name, ids, outcome.at, confirms)
            else:
                carried.fault = _worse(carried.fault, _untaken(carried.lease, outcome))
            if not carried.waiting:
                del self._carried[alert]
                if carried.fault:
                    self._tell(carried.fault)
                    yield carried.fault

    def _tell(self, fault: Untaken) -> None:
        if fault.state is not AlertState.QUEUED:
            self._watch.given_up(fault.state)
            log.warning("alert not sent", alert=name_of(fault.alert), state=fault.state.value, cause=fault.cause)

    def _confirmed(self, outcome: Receipted) -> Confirmed:
        receipt = outcome.receipt
        delivered = receipt.state is MessageState.DELIVERED if receipt.state.final else None
        mobile = str(outcome.request.fields.get("source_addr", ""))
        forms = id_forms(receipt.message_id) + (id_forms(receipt.text_id) if receipt.text_id else ())
        ids = tuple(dict.fromkeys(forms)) or ("",)
        return Confirmed(
            self._route.config.name, ids, mobile, receipt.state.value, delivered, receipt.error, outcome.at
        )


def _stale(lease: Lease, now: float) -> bool:
    return now - lease.began_at > VALID_FOR


def _untaken(lease: Lease, outcome: Refused | InDoubt | Unsent) -> Untaken:
    """What an alert becomes whose part was not accepted."""
    at, queued = outcome.at, AlertState.QUEUED
    match outcome:
        case Unsent():
            return Untaken(lease.alert, queued, "not written", at, counts=False)
        case InDoubt():
            state = AlertState.UNKNOWN if lease.doubts else queued
            return Untaken(lease.alert, state, "in doubt: written and not answered", at, doubt=True)
    status = status_name(outcome.status)
    if outcome.action is Action.NEVER or (outcome.action is Action.RETRY_FEW and lease.attempts + 1 >= FEW):
        return Untaken(lease.alert, AlertState.REFUSED, status, at)
    if _stale(lease, at):
        return Untaken(lease.alert, AlertState.GIVEN_UP, status, at)
    return Untaken(lease.alert, queued, status, at, pause(lease.attempts + 1))


_BADNESS = {AlertState.QUEUED: 0, AlertState.GIVEN_UP: 1, AlertState.UNKNOWN: 2, AlertState.REFUSED: 3}


def _worse(one: Untaken | None, other: Untaken) -> Untaken:
    """The fault that decides what becomes of an alert with several."""
    if one is None:
        return other
    return max(one, other, key=lambda fault: (_BADNESS[fault.state], fault.doubt, fault.pause))
