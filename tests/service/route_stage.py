"""A route on a stage: its operator is our simulator on memory streams, and its clock jumps."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import trio
from attrs import define, evolve, field
from trio.testing import memory_stream_pair

from iso_alert import shipped
from iso_alert.service.outcome import Outcome, Receipted, Submission
from iso_alert.service.route import Connect, Route, RouteConfig, load_statuses
from iso_alert.sim.smsc import Sms, Smsc, SmscOptions
from iso_alert.smpp.text import cut

CONFIG = RouteConfig("op", "smsc.invalid", 2775, "bank", "secret", "KBank")
STATUSES = load_statuses(shipped.path("smpp-statuses.toml"))


@define(eq=False)
class Watched:
    """A watch that counts."""

    seen: Counter[str] = field(factory=Counter)

    def submitted(self, status: str) -> None:
        self.seen[status] += 1

    def in_doubt(self) -> None:
        self.seen["in_doubt"] += 1

    def late(self) -> None:
        self.seen["late"] += 1

    def unexpected(self) -> None:
        self.seen["unexpected"] += 1

    def bound(self, up: bool) -> None:
        self.seen["up" if up else "down"] += 1

    def reconnected(self) -> None:
        self.seen["reconnected"] += 1

    def shook_hands(self, side: str, _: str, outcome: str) -> None:
        self.seen[f"{side} handshake: {outcome}"] += 1


@define(eq=False)
class Operator:
    """A simulated SMSC on memory streams, which can be down, and can hang up on us."""

    nursery: trio.Nursery
    smsc: Smsc
    down: bool = False
    calls: list[float] = field(factory=list)
    lines: list[trio.abc.Stream] = field(factory=list)

    async def connect(self) -> trio.abc.Stream:
        self.calls.append(trio.current_time())
        if self.down:
            raise OSError("nobody is there")
        ours, theirs = memory_stream_pair()
        self.lines.append(theirs)
        self.nursery.start_soon(self.smsc.carry, theirs)
        return ours


@define(eq=False)
class Scene:
    """A route, its operator, and what the operator's phones show."""

    nursery: trio.Nursery
    route: Route
    operator: Operator
    shown: list[Sms]
    watch: Watched

    async def outcomes(self, count: int) -> list[Any]:
        """The next `count` outcomes, waited for; a test knows which kinds it expects."""
        found: list[Outcome] = []
        while len(found) < count:
            found += await self.route.outcomes()
        return found

    async def send(self, *refs: object) -> None:
        """Hand over a short message for each ref, as fast as credit comes."""
        for each in refs:
            await self.route.wait_credit()
            self.route.send([message(each)])


def message(ref: Any, text: str = "Paid") -> Submission:
    (part,) = cut(text)
    return Submission(ref, "66812345678", part, 86_400)


async def set_stage(
    nursery: trio.Nursery, options: SmscOptions | None = None, down: bool = False, **config: Any
) -> Scene:
    """Set up a route to a simulated SMSC: `await set_stage(nursery, SmscOptions(...), window=2)`."""
    shown: list[Sms] = []
    smsc = Smsc(options or SmscOptions(), shown.append)
    operator, watch = Operator(nursery, smsc, down), Watched()
    nursery.start_soon(smsc.later)
    route = make_route(operator.connect, watch, **config)
    await nursery.start(route.run)
    return Scene(nursery, route, operator, shown, watch)


def make_route(connect: Connect, watch: Watched | None = None, **config: Any) -> Route:
    """A route with dice that always fall the same way."""
    return Route(
        evolve(CONFIG, **config), STATUSES, random=Random(1), clock=trio.current_time, watch=watch, connect=connect
    )


def of(kind: type, outcomes: Sequence[Outcome]) -> list[Any]:
    return [each for each in outcomes if isinstance(each, kind)]


def refs(outcomes: Sequence[Outcome]) -> list[Any]:
    return [each.ref for each in outcomes if not isinstance(each, Receipted)]
