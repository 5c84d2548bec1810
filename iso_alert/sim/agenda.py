"""What is to be done later: one heap and one task, however much waits."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from math import inf

import trio
from attrs import define, field


@define(eq=False)
class Agenda:
    """What falls due at one moment is done in the order in which it was put down."""

    _heap: list[tuple[float, int, Callable[[], None]]] = field(factory=list, init=False)
    _order: Iterator[int] = field(factory=count, init=False)
    _bell: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do it then; at once, before this returns, for 0 seconds."""
        if seconds <= 0:
            act()
            return
        heappush(self._heap, (trio.current_time() + seconds, next(self._order), act))
        self._bell.unpark_all()

    async def run(self) -> None:
        """Until cancelled; what is not yet due is then never done."""
        while True:
            while self._heap and self._heap[0][0] <= trio.current_time():
                heappop(self._heap)[2]()
            with trio.move_on_at(self._heap[0][0] if self._heap else inf):
                await self._bell.park()
