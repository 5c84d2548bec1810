"""One route as whoever shares out the alerts sees it: its turn, what may be in doubt on it, and what waits for it.

A route forgets; a way stays.  When the route has left, because people ordered it or changed its configuration, the way
keeps its name and its share, and brings up another route when it is wanted again.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from math import inf

import trio
from attrs import define, evolve, field, frozen

from iso_alert.service.outcome import Submission
from iso_alert.service.route import Route, RouteConfig

Make = Callable[[RouteConfig], Route]


@frozen
class RouteStatus:
    """What people see of a route."""

    name: str
    operator: str
    weight: float
    state: str  # of the route, or `drained`
    bound: bool
    in_flight: int  # PDUs that wait for their answer
    credit: int  # PDUs that it would take now
    drained: bool  # whether people ordered it away; it may still wait for answers


@define(eq=False)
class Way:
    """`run` and `feed` live in the nursery of `Routes`; everything else may be called from any task."""

    config: RouteConfig
    _make: Make
    _changed: trio.lowlevel.ParkingLot  # rung whenever there may be credit, here or elsewhere
    drained: bool = False
    route: Route = field(init=False)
    served: float = field(default=0.0, init=False)  # parts that it was given, by its weight: the least is served next
    left: int = field(default=0, init=False)  # its room when somebody last looked, less what it was given since
    _given: int = field(default=0, init=False)  # parts without a durable outcome
    _told: int = field(default=0, init=False)  # of these: what has an outcome, in the courier's hands
    _queue: deque[Submission] = field(factory=deque, init=False)  # parts that were given and have no credit yet
    _queued: trio.Event = field(factory=trio.Event, init=False)
    _called: trio.Event = field(factory=trio.Event, init=False)  # back, or away for good
    _running: bool = field(default=False, init=False)
    _leaving: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.route = self._make(self.config)

    # What it takes.

    def room(self) -> int:
        """Parts that it would take now.  What is answered and not written counts: a crash would send it again."""
        self.left = self._room(self._given)
        return self.left

    def room_when_settled(self) -> int:
        """The same, once all that was told is durable."""
        return self._room(self._given - self._told)

    def _room(self, given: int) -> int:
        return max(0, min(self.route.credit() - len(self._queue), self.config.window - given))

    def room_at(self) -> float:
        """When time alone will give room; inf if something must happen first."""
        return inf if self._queue or self._given >= self.config.window else self.route.credit_at()

    def give(self, parts: Sequence[Submission]) -> None:
        """Parts of one alert, to go in their order: `flush` sends as many as there is credit for, `feed` the rest."""
        self._queue.extend(parts)
        self._given += len(parts)
        self.left -= len(parts)

    def flush(self) -> None:
        """Hand the route as much as it has credit for, as one write."""
        if not self._queue:
            return
        unsettled = self._given - len(self._queue)
        count = min(self.route.credit(), self.config.window - unsettled, len(self._queue))
        if count > 0:
            self.route.send([self._queue.popleft() for _ in range(count)])
        if self._queue:
            self._queued.set()

    def unwritten(self) -> frozenset[Hashable]:
        """The references of parts that were given and wait for credit."""
        return frozenset(each.ref for each in self._queue)

    async def feed(self) -> None:
        """Send what must wait for credit, and tell it back when none will come.  Lives until cancelled."""
        while True:
            await self._queued.wait()
            self._queued = trio.Event()
            while self._queue and self.route.open:
                with trio.move_on_at(self._credit_at()):
                    await self._changed.park()
                self.flush()
            self.give_back()
            self._changed.unpark_all()

    def _credit_at(self) -> float:
        return inf if self._given - len(self._queue) >= self.config.window else self.route.credit_at()

    def take_back(self, ref: Hashable) -> bool:
        """Tell back one part as never written, if it still waits for credit."""
        found = [each for each in self._queue if each.ref == ref]
        for each in found:
            self._queue.remove(each)
        self.route.decline(found)
        return bool(found)

    def give_back(self) -> None:
        """Tell back, as never written, what still waits for credit."""
        self.route.decline(self._queue)
        self._queue.clear()

    # What comes back.

    def told(self) -> None:
        """One of its parts has an outcome."""
        self._told += 1

    def settled(self) -> None:
        """All that was told is durable."""
        self._given -= self._told
        self._told = 0

    # What people and time do.

    async def run(self) -> None:
        """One route after another, until it is told to leave."""
        while not self._leaving:
            if self.drained:
                self._called = trio.Event()
                await self._called.wait()
                continue
            self._running = True
            try:
                await self.route.run()
            finally:
                self._running = False
            if not self._leaving:
                self.route = self._make(self.config)  # a route that has left stays away

    def order(self, drained: bool) -> None:
        """Send the route away, once its answers are there, or call it back.  The same order twice is one."""
        if drained and not self.drained and self._running:
            self.route.leave()
        self.drained = drained
        if not drained:
            self._called.set()

    def leave(self) -> None:
        """Send it away for good."""
        self._leaving = True
        self._called.set()
        self.route.leave()

    def renew(self, config: RouteConfig) -> None:
        """Another weight counts from the next alert on, other certificates from the next connection on.

        For all else the route leaves, and another one comes.
        """
        same = _same(self.config, config)
        self.config, self._leaving = config, False
        if same:
            self.route.config = config
        elif self._running:
            self.route.leave()
        else:
            self.route = self._make(config)

    @property
    def status(self) -> RouteStatus:
        config, route = self.config, self.route
        state = "drained" if self.drained and not self._running else route.state
        return RouteStatus(
            config.name, config.operator, config.weight, state, route.bound, route.in_flight, self.room(), self.drained
        )


def _same(old: RouteConfig, new: RouteConfig) -> bool:
    """Whether a route can go on with another configuration."""
    return evolve(new, weight=old.weight) == old and (new.tls is None) == (old.tls is None)
