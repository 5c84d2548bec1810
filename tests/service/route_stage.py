"""A route on a stage: its operator is our simulator on memory streams, and its clock jumps."""

from collections import Counter
from collections.abc import Sequence
from math import inf
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
    """A simulated SMSC on memory streams, which can be down, can hang up on us, and can stand still for a while."""

    nursery: trio.Nursery
    smsc: Smsc
    down: bool = False
    still_until: float = -inf
    calls: list[float] = field(factory=list)
    lines: list[trio.abc.Stream] = field(factory=list)

    async def connect(self) -> trio.abc.Stream:
        self.calls.append(trio.current_time())
        if self.down:
            raise OSError("nobody is there")
        ours, theirs = memory_stream_pair()
        self.lines.append(theirs)
        self.nursery.start_soon(self.smsc.carry, Still(theirs, self))
        return ours

    def stand_still(self, seconds: float) -> None:
        self.still_until = trio.current_time() + seconds


@define(eq=False)
class Still(trio.abc.Stream):
    """A connection that stands, while the process at its other end neither hears nor says anything."""

    stream: trio.abc.Stream
    operator: Operator
    _unheard: bytes | None = None  # it waits here, whoever gives up reading meanwhile

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self._unheard is None:
            self._unheard = bytes(await self.stream.receive_some(max_bytes))
        await trio.sleep_until(self.operator.still_until)
        data, self._unheard = self._unheard, None
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.sleep_until(self.operator.still_until)
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.stream.aclose()


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
