"""The outcomes that wait to be fetched: one writer, one fetcher, and a bound that makes the writer's source wait."""

import trio
from attrs import define, field

from .outcome import Outcome


@define(eq=False)
class Reports:
    """`put` never fails, since what happened has happened; `room` is where whoever causes reports is made to wait."""

    bound: int
    _waiting: list[Outcome] = field(factory=list, init=False)
    _ended: bool = field(default=False, init=False)
    _put: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)
    _fetched: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)

    def put(self, outcome: Outcome) -> None:
        if not self._waiting:  # whoever fetches sleeps only while there is nothing
            self._put.unpark_all()
        self._waiting.append(outcome)

    def end(self) -> None:
        """Nothing more will come."""
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
