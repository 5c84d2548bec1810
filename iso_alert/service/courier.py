"""Carry alerts to the operators and bring back what became of them.

New alerts come from the journal, leased in the same commit; the rest is claimed from the store: what waited because no
operator was there, what is tried again, what a restart found.  An alert that is leased counts in the store as perhaps
on the wire, so the note is written before the bytes are.  Answers and receipts are settled in batches; a receipt is
acknowledged when it is durable.

All parts of an alert go by one route.  Those that are sent again stay with the operator that has the others, as long as
one of its routes is there; when none is, the whole alert goes by another, under the same reference.  Half of it would
be of no use to the phone: two operators need not cut alike, nor show one sender.

Nothing of this ever waits for a link, nor a link for it.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Protocol, TypeVar

import trio
from attrs import evolve

from iso_alert.domain.alert import AlertState, parts
from iso_alert.service import bag
from iso_alert.service.bag import Bag
from iso_alert.service.desk import Desk
from iso_alert.service.outcome import Belated, Outcome, Receipted
from iso_alert.service.reports import acknowledge
from iso_alert.service.routes import Routes
from iso_alert.service.verdict import not_written, stale
from iso_alert.service.way import Way
from iso_alert.store.port import Lease, Result, Settled, StoreUnavailable, Taken, Untaken

CLAIM = 512  # parts that are leased at once
SETTLE = 512  # outcomes to a commit
RETRY_STORE = 1.0  # seconds until an answer that could not be written is written again
T = TypeVar("T")


class Watch(bag.Watch, Protocol):
    """What the courier tells of itself."""

    def settled(self, settled: Settled) -> None: ...


class Courier:
    """The courier of all routes.  Hand it to the journal as its outlet, and run it beside."""

    def __init__(self, desk: Desk, routes: Routes, watch: Watch, clock: Callable[[], float]) -> None:
        self._desk, self._routes, self._watch, self._clock = desk, routes, watch, clock
        self._bag = Bag(watch, lambda: routes.credit() > 0)
        self._in_part: Sequence[Lease] = ()  # leased, and it is asked who has the other parts
        self._promised = 0  # parts of which the store may lease alerts right now
        self._leasing = trio.Lock()  # held while leases are on their way from the store to the bag
        self._bell = trio.Event()  # there is something ready, or more in the store
        self._more = True  # the store may hold alerts that are due

    # What the journal sees.

    def promise(self) -> int:
        """Parts of which alerts may be leased, and by nobody else until `redeem`.

        They are half of what is free: a commit and a claim may ask in one moment, and neither shall wait for the other.
        """
        free = self._routes.credit() - _parts(self._bag.ready) - _parts(self._in_part) - self._promised
        room = min(CLAIM, (max(0, free) + 1) // 2)
        self._promised += room
        return room

    def redeem(self, room: int) -> None:
        """What was leased of this room has been taken; the rest is anybody's again."""
        self._promised -= room
        if self._more:
            self._bell.set()

    def take(self, leases: Sequence[Lease]) -> None:
        self._bag.ready.extend(leases)
        self._bell.set()

    def nudge(self) -> None:
        self._more = True
        self._bell.set()

    def behind(self) -> bool:
        return self._more and bool(self._routes.there())

    # What people see.

    def held(self) -> int:
        """Alerts that are leased and not on the wire: they wait for room."""
        return len(self._in_part) + self._bag.held()

    # Sending.

    async def run(self) -> None:
        """Send and settle until the routes have ended and everything they said is written.

        Cancelled, it leaves what it carries leased: the next start finds that in doubt.
        """
        async with trio.open_nursery() as sending:
            sending.start_soon(self._send)
            sending.start_soon(self._wake_when_due)
            await self._settle()
            sending.cancel_scope.cancel()
        await self._give_back()

    async def _give_back(self) -> None:
        """What was leased and never given to a route waits in the store, and in no doubt."""
        at = self._clock()
        await self._make_durable([not_written(lease.alert, at) for lease in (*self._bag.ready, *self._in_part)])

    async def _send(self) -> None:
        while True:
            await self._bell.wait()
            self._bell = trio.Event()
            while self._bag.ready or self._more:
                await self._routes.wait_credit()
                if not self._bag.ready and not await self._claim():
                    break
                self._hand_over()

    async def _claim(self) -> bool:
        """Lease what is due in the store.  False when nothing is, or when there is no room before the bell rings."""
        async with self._leasing:
            if not (limit := self.promise()):
                return not self._promised  # `redeem` rings; where nothing is promised, there is no credit after all
            self._more, now = False, self._clock()
            try:
                leases = await self._desk.do(partial(self._desk.store.claim, now, limit), urgent=True)
            except StoreUnavailable:
                self.redeem(limit)
                return False  # `_wake_when_due` comes back to it
            await self._receive(leases, limit, now)
        return bool(leases)

    async def _receive(self, leases: Sequence[Lease], limit: int, now: float) -> None:
        """Take what the store has leased of what is due; if that is as much as was asked for, there may be more."""
        self._more = self._more or (bool(leases) and _parts(leases) >= limit - 1)  # the next may have had two
        good = [lease for lease in leases if not stale(lease, now)]
        self.take([lease for lease in good if not lease.done])
        self._in_part = [lease for lease in good if lease.done]
        self.redeem(limit)
        await self._go_on()
        await self._give_up([lease for lease in leases if stale(lease, now)], now)

    async def _go_on(self) -> None:
        """Give each alert that an operator has in part to that operator; if it is away, the alert begins anew.

        None waits among those that may go anywhere: the operator that was there could be gone when its turn comes.
        """
        if not self._in_part:
            return
        there = self._routes.there() or self._routes.operators  # while nobody is, nothing is lost by waiting
        alerts = [lease.alert for lease in self._in_part]
        begun = await self._surely(partial(self._desk.store.routes.begun, alerts, there))
        in_part, self._in_part, gone = self._in_part, (), list[Untaken]()
        for lease in in_part:
            operator = begun.get(lease.alert)
            if operator is None:
                self.take([evolve(lease, done=frozenset())])
            elif way := self._routes.choose(operator):
                self._give(lease, way)
            else:
                gone.append(not_written(lease.alert, self._clock()))
        await self._make_durable(gone)
        self._more = self._more or bool(gone)

    async def _give_up(self, leases: Sequence[Lease], now: float) -> None:
        """What waited for a day is of no use to anybody any more."""
        faults = [Untaken(lease.alert, AlertState.GIVEN_UP, "too old", now) for lease in leases]
        for fault in faults:
            self._bag.give_up(fault)
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
        """Give each alert to the route whose turn it is, and then each route what it has got, as one write."""
        ready, routes = self._bag.ready, self._routes
        routes.credit()  # it may be less than when the store was asked
        while ready and (way := routes.choose()):
            self._give(ready.popleft(), way)
        routes.flush()

    def _give(self, lease: Lease, way: Way) -> None:
        self._routes.give(way, self._bag.pack(lease, way, self._clock()))

    # Settling.

    async def _settle(self) -> None:
        while outcomes := await self._routes.outcomes():
            for at in range(0, len(outcomes), SETTLE):
                await self._write(outcomes[at : at + SETTLE])

    async def _write(self, outcomes: Sequence[Outcome]) -> None:
        """Make outcomes durable, then tell the SMSC that its receipts are.

        Whoever stood behind those that are settled may go, as many as have room now: the same commit leases them.
        Late answers speak of alerts that may be leased again, so they are written while none is on its way to us.
        """
        belated, now = any(isinstance(one, Belated) for one in outcomes), self._clock()
        async with self._leasing if belated else nullcontext():
            results = self._bag.results(outcomes)
            limit = self._room_after(results)
            self._promised += limit
            settled = (
                await self._surely(partial(self._desk.store.settle, results, now, limit)) if results else Settled()
            )
        self._watch.settled(settled)
        self._routes.settled(outcomes)
        acknowledge(one for one in outcomes if isinstance(one, Receipted))
        if limit:
            async with self._leasing:
                await self._receive(settled.leases, limit, now)
            self._hand_over()
        elif any(not isinstance(one, Receipted) for one in outcomes):
            self.nudge()

    def _room_after(self, results: Sequence[Result]) -> int:
        """Parts that the routes can take once this is written, beyond those that a commit or a claim may lease already.

        None where nothing of it lets another go.
        """
        if not any(isinstance(result, Taken | Untaken) for result in results):
            return 0
        others = max(self._routes.credit(), _parts(self._bag.ready))
        return max(0, min(CLAIM, self._routes.credit_when_settled() - others))

    async def _make_durable(self, results: Sequence[Result]) -> None:
        """Write results, however long the store takes to come back."""
        if results:
            self._watch.settled(await self._surely(partial(self._desk.store.settle, results)))

    async def _surely(self, verb: Callable[[], T]) -> T:
        """Do it, however long the store takes to come back."""
        while True:
            try:
                return await self._desk.do(verb, urgent=True)
            except StoreUnavailable:
                await trio.sleep(RETRY_STORE)


def _parts(leases: Iterable[Lease]) -> int:
    return sum([parts(lease.text) for lease in leases])
