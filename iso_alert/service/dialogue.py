"""Carry one SMPP session over one stream: one reader that also minds the clock, one writer, no task per message.

Reading and minding the clock are one task on purpose: what lies in the socket is heard before a timer may say that it
never came, also after a long pause of ours.
"""

from collections.abc import Awaitable, Callable, Sequence

import trio
from attrs import define, field

from iso_alert.service.plain import Plain
from iso_alert.service.tls import take_apart
from iso_alert.smpp.event import Closed, Event
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import State

CHUNK = 0x10000
MOMENT = 0.02  # even an overdue timer lets the socket be read first
FLUSH = 1.0  # a peer that does not take our last octets within this has had its chance

Hear = Callable[[Sequence[Event]], None]
Gate = Callable[[], Awaitable[None]]


@define(eq=False)
class Dialogue:
    """`hear` is given the events of each read, also when there are none: there may be room again. `gate` is awaited
    before each, so that whoever is full can make it wait.

    Cancelling `run` closes the stream; what was asked and not answered is then still in the session, for `hang_up`.
    """

    session: Session
    stream: trio.abc.Stream
    hear: Hear
    gate: Gate
    reason: str = field(default="cancelled", init=False)
    _bell: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)
    _rest: bytes = field(default=b"", init=False)  # what the kernel would not take at once
    _behind: bool = field(default=False, init=False)  # whether the writer has to send that, and all that comes after it
    _scope: trio.CancelScope = field(factory=trio.CancelScope, init=False)

    async def run(self) -> None:
        """Until the session closes or the stream breaks; `reason` then says which."""
        try:
            with self._scope:
                async with self.stream, trio.open_nursery() as nursery:
                    nursery.start_soon(self._until_it_ends, self._read)
                    nursery.start_soon(self._until_it_ends, self._write)
        finally:
            take_apart(self.stream)

    def nudge(self) -> None:
        """There may be something to write; what can go goes at once, which spares a turn of the event loop."""
        if isinstance(self.stream, Plain) and not self._behind and (data := self.session.outgoing()):
            try:
                self._rest = self.stream.send_now(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._rest = data  # the writer finds out too, and says so
        if self._rest or not isinstance(self.stream, Plain) or self.session.state is State.CLOSED:
            self._bell.unpark_all()

    def leave(self, reason: str) -> None:
        """Break off now."""
        self.reason = reason
        self._scope.cancel()

    async def _until_it_ends(self, half: Callable[[], Awaitable[str]]) -> None:
        try:
            reason = await half()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            reason = "connection_broken"
        if self.reason == "cancelled":  # the first one knows
            self.reason = reason
        self._scope.cancel()

    async def _read(self) -> str:
        while True:
            await self.gate()
            data = await self._some()
            if data == b"":
                return "peer_hung_up"
            now = trio.current_time()
            events = self.session.receive(data, now) if data else []
            events += self.session.tick(now)
            self._tell(events)

    async def _some(self) -> bytes | None:
        """What the peer says, or None when a timer is due."""
        now = trio.current_time()
        due = min(self.session.deadline(), now + self.session.timers.shortest)
        with trio.move_on_at(max(due, now + MOMENT)):
            return bytes(await self.stream.receive_some(CHUNK))
        return None

    def _tell(self, events: list[Event]) -> None:
        self.hear(events)
        if events and isinstance(events[-1], Closed):
            self.reason = events[-1].reason.value
            self._scope.deadline = trio.current_time() + FLUSH
        self.nudge()

    async def _write(self) -> str:
        while True:
            self._behind = True
            while data := self._rest or self.session.outgoing():
                self._rest = b""
                await self.stream.send_all(data)
            self._behind = False
            if self.session.state is State.CLOSED:
                return self.reason
            await self._bell.park()
