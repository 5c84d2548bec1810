"""The outcomes that wait to be fetched: routes write, one fetches, and a bound makes the routes' sources wait.

A late answer speaks of an alert that may be about to go again.  `belated` counts those that came and are not dealt
with: while there are any, routes give no credit, so that nobody is told again what we have heard already.
"""

from collections.abc import Iterable

import trio
from attrs import define, field

from .dialogue import Dialogue
from .outcome import Belated, Outcome, Receipted


@define(eq=False)
class Reports:
    """`put` never fails, since what happened has happened; `room` is where whoever causes reports is made to wait."""

    bound: int
    belated: int = field(default=0, init=False)
    _writers: int = field(default=0, init=False)
    _waiting: list[Outcome] = field(factory=list, init=False)
    _ended: bool = field(default=False, init=False)
    _put: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)
    _fetched: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)

    def put(self, outcome: Outcome) -> None:
        if not self._waiting:  # whoever fetches sleeps only while there is nothing
            self._put.unpark_all()
        self._waiting.append(outcome)

    def put_belated(self, outcome: Belated) -> None:
        self.belated += 1
        self.put(outcome)

    def heard(self, outcomes: Iterable[Outcome]) -> None:
        """These have been dealt with."""
        if self.belated:
            self.belated -= sum(isinstance(one, Belated) for one in outcomes)

    def begin(self) -> None:
        """One more writes."""
        self._writers += 1

    def end(self) -> None:
        """One less writes; after the last one nothing more will come."""
        self._writers -= 1
        if self._writers <= 0:
            self._ended = True
            self._put.unpark_all()

    async def fetch(self) -> list[Outcome]:
        """All of them, in order; waits for the first, and gives an empty list only after `end`."""
        await trio.lowlevel.checkpoint()
        while not self._waiting and not self._ended:
            await self._put.park()
        taken, self._waiting = self._waiting, []
        self._fetched.unpark_all()
        return taken

    async def room(self) -> None:
        """Return once fewer than `bound` wait."""
        while len(self._waiting) >= self.bound:
            await self._fetched.park()


def acknowledge(receipts: Iterable[Receipted], status: int = 0) -> None:
    """Answer receipts that are durable now, or with a `status` those that could not be made so.

    A receipt of an earlier connection is passed over: the SMSC will send it again.
    """
    now, dialogues = trio.current_time(), set[Dialogue]()
    for each in receipts:
        each.dialogue.session.respond(each.request, now, status)
        dialogues.add(each.dialogue)
    for dialogue in dialogues:
        dialogue.nudge()
