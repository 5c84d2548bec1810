"""Several routes behind one face: whose turn it is by weight, who stands in for whom, and what they all tell.

The turns are by parts, as operators count: each route's parts so far divided by its weight, and the least is served
next.  Only routes with room take part, so the share of one that is away, throttled, full or drained goes to the others;
when it comes back it begins where the others are, and does not make up for what it missed.

An alert goes to one route.  What a route was given and never wrote comes back as `Unsent`, and goes by another.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from math import inf

import trio

from iso_alert.service.outcome import Outcome, Submission
from iso_alert.service.reports import Reports
from iso_alert.service.route import BACKLOG, Route, RouteConfig
from iso_alert.service.way import RouteStatus, Way

MakeRoute = Callable[[RouteConfig, Reports, trio.lowlevel.ParkingLot], Route]


class Routes:
    """`run` lives in the caller's nursery; everything else may be called from any task of the same loop."""

    def __init__(self, configs: Iterable[RouteConfig], make: MakeRoute) -> None:
        """`make` a route that tells the given reports, and rings the given bell when it may have credit."""
        self._reports, self._changed = Reports(BACKLOG), trio.lowlevel.ParkingLot()
        self._reports.begin()
        self._make = lambda config: make(config, self._reports, self._changed)
        self._turn = 0.0  # how far those are that were served
        self._drained = frozenset[str]()  # names of those that people have sent away
        self._nursery: trio.Nursery | None = None
        self._leaving, self._over = False, trio.Event()
        self.ways: tuple[Way, ...] = tuple(map(self._way, configs))

    def _way(self, config: RouteConfig) -> Way:
        return Way(config, self._make, self._changed, config.name in self._drained)

    # Sharing out.

    @property
    def bound(self) -> bool:
        """Whether there is any way out."""
        return any(way.route.bound for way in self.ways)

    @property
    def operators(self) -> frozenset[str]:
        return frozenset(way.config.operator for way in self.ways)

    def statuses(self) -> list[RouteStatus]:
        return [way.status for way in self.ways]

    def credit(self) -> int:
        """How many parts may be given right now."""
        return sum(way.room() for way in self.ways)

    def credit_when_settled(self) -> int:
        """The same, once all that was told is durable."""
        return sum(way.room_when_settled() for way in self.ways)

    async def wait_credit(self) -> None:
        """Return once there is credit; when all routes have left that is never."""
        await trio.lowlevel.checkpoint()
        while self.credit() <= 0:
            with trio.move_on_at(min((way.room_at() for way in self.ways), default=inf)):
                await self._changed.park()

    def there(self) -> frozenset[str]:
        """The operators to whom a way is open."""
        return frozenset(way.config.operator for way in self.ways if way.route.open)

    def choose(self, operator: str | None = None) -> Way | None:
        """The way whose turn it is, as of the last look at `credit`.  None: no way has room left.

        Of an operator: one that is open, and the alert waits for its room.  None: the operator is away.
        """
        if operator is None:
            some = [way for way in self.ways if way.left > 0]
        else:
            some = [way for way in self.ways if way.config.operator == operator and way.route.open]
        return min(some, key=self._behind, default=None)

    def _behind(self, way: Way) -> float:
        return max(way.served, self._turn)

    def give(self, way: Way, parts: Sequence[Submission]) -> None:
        """All parts of an alert that are to go.  `flush` sends them."""
        self._turn = self._behind(way)
        way.served = self._turn + len(parts) / way.config.weight
        way.give(parts)

    def flush(self) -> None:
        """Send what was given, one write a route."""
        for way in self.ways:
            way.flush()

    # What they tell.

    async def outcomes(self) -> list[Outcome]:
        """All that happened on any route since the last call, in order; as `Route.outcomes`."""
        return await self._reports.fetch()

    def settled(self, outcomes: Iterable[Outcome]) -> None:
        """These are durable, and with them all that a way was told of."""
        self._reports.heard(outcomes)
        for way in self.ways:
            way.settled()
        self._changed.unpark_all()

    # What people and time do.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until drained or cancelled; either way everything that was given has then had its outcome."""
        try:
            async with trio.open_nursery() as self._nursery:
                for way in self.ways:
                    self._nursery.start_soon(self._carry, way)
                task_status.started()
        finally:
            self._nursery = None
            self._reports.end()
            self._over.set()

    async def _carry(self, way: Way) -> None:
        """One way, to its end; if the others stay, it is forgotten."""
        try:
            async with trio.open_nursery() as feeding:
                feeding.start_soon(way.feed)
                await way.run()
                if not self._leaving:
                    self.ways = tuple(other for other in self.ways if other is not way)
                feeding.cancel_scope.cancel()
        finally:
            way.give_back()

    def order(self, drained: Collection[str]) -> None:
        """Send away the routes of these names, each once its answers are there, and call back the others."""
        self._drained = frozenset(drained)
        for way in self.ways:
            way.order(way.config.name in drained)
        self._changed.unpark_all()

    async def drain(self) -> None:
        """Send all of them away for good, and return when they are gone.  Bring a deadline."""
        self._leaving = True
        for way in self.ways:
            way.leave()
        self._changed.unpark_all()
        if self._nursery:
            await self._over.wait()

    def renew(self, configs: Iterable[RouteConfig]) -> None:
        """Take another configuration; a route is known by its name.  New ones bind, and those that are gone leave."""
        if self._leaving:
            return
        wanted, known = {config.name: config for config in configs}, {way.config.name: way for way in self.ways}
        for name, way in known.items():
            if name in wanted:
                way.renew(wanted[name])
            else:
                way.leave()
        for config in (wanted[name] for name in wanted if name not in known):
            self._add(self._way(config))
        self._changed.unpark_all()

    def _add(self, way: Way) -> None:
        self.ways = (*self.ways, way)
        if self._nursery:
            self._nursery.start_soon(self._carry, way)
