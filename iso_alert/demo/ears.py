"""What the service says of itself, and what the phones show, as the demo overhears it."""

from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

import trio
from attrs import define, field, frozen

from iso_alert.service.metrics import Metrics
from iso_alert.sim.smsc import Sms
from iso_alert.store.port import Committed, Recorded, Settled

BOUND = 1000  # of each kind that may wait to be looked at
T = TypeVar("T")


@frozen
class Arrived:
    """An SMS on its phone; `at` is Trio's time."""

    sms: Sms
    at: float


@define(eq=False)
class Heard(Generic[T]):
    """What was overheard and not looked at yet.  What finds no room is only counted: the service never waits."""

    missed: int = 0
    _in: trio.MemorySendChannel[T] = field(init=False)
    _out: trio.MemoryReceiveChannel[T] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._in, self._out = trio.open_memory_channel[T](BOUND)

    def hear(self, what: T) -> None:
        try:
            self._in.send_nowait(what)
        except trio.WouldBlock:
            self.missed += 1

    async def next(self) -> T:
        return await self._out.receive()

    async def within(self, seconds: float) -> T | None:
        """The next one, or None if none comes in time."""
        with trio.move_on_after(seconds):
            return await self.next()
        return None

    def skip(self) -> int:
        """Forget all that is here now; how many those are, with those that found no room."""
        skipped, self.missed = len(self.rest()) + self.missed, 0
        return skipped

    def rest(self) -> list[T]:
        """All that is here now."""
        rest = []
        while self._out.statistics().current_buffer_used:
            rest.append(self._out.receive_nowait())
        return rest


@define(eq=False)
class Bell:
    """Wakes whoever waits for something to have become true."""

    _lot: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)

    def ring(self) -> None:
        self._lot.unpark_all()

    async def until(self, true: Callable[[], bool], seconds: float) -> None:
        """Return once it is true, or when the time is over."""
        with trio.move_on_after(seconds):
            while not true():
                await self._lot.park()


@define(eq=False)
class Overheard:
    """All that can be heard."""

    decisions: Heard[Recorded] = field(factory=Heard, init=False)
    phones: Heard[Arrived] = field(factory=Heard, init=False)
    bound: trio.Event = field(factory=trio.Event, init=False)
    receipts: Counter[str] = field(factory=Counter, init=False)  # of parts, by the state that the operator reported
    receipted: Bell = field(factory=Bell, init=False)

    def arrived(self, sms: Sms) -> None:
        """What the SMSC calls for each SMS."""
        self.phones.hear(Arrived(sms, trio.current_time()))


class Ears(Metrics):
    """The service's own metrics, listening on behalf of the demo too."""

    each = True

    def __init__(self, overheard: Overheard) -> None:
        super().__init__()
        self._overheard = overheard

    def decided(self, of: Committed) -> None:
        super().decided(of)
        for recorded in of.each:
            self._overheard.decisions.hear(recorded)

    def bound(self, route: str, up: bool) -> None:
        super().bound(route, up)
        if up:
            self._overheard.bound.set()

    def settled(self, settled: Settled) -> None:
        super().settled(settled)
        self._overheard.receipts.update(state for state, _ in settled.confirmed)
        self._overheard.receipted.ring()
