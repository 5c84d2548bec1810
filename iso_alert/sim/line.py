"""One connection of the simulated SMSC: the session's octets in and out, and nothing of what they mean."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio
from attrs import define, field

from iso_alert.smpp.event import Event
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import State

CHUNK = 0x10000
Hear = Callable[["Line", list[Event]], None]


@define(eq=False)
class Line:
    """`run` lasts until either side hangs up; `hear` gets the events of each read."""

    session: Session
    stream: trio.abc.Stream
    hear: Hear
    system_id: str = ""  # who is bound; empty while nobody is
    _bell: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)
    _scope: trio.CancelScope = field(factory=trio.CancelScope, init=False)

    async def run(self) -> None:
        with self._scope:
            async with self.stream, trio.open_nursery() as nursery:
                nursery.start_soon(self._until_broken, self._write)
                await self._until_broken(self._read)

    def nudge(self) -> None:
        """There may be something to write."""
        self._bell.unpark_all()

    def drop(self) -> None:
        """Break the connection, with whatever is on its way."""
        self._scope.cancel()

    async def _until_broken(self, half: Callable[[], Awaitable[None]]) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await half()
        self._scope.cancel()

    async def _read(self) -> None:
        while (data := await self._some()) != b"":
            now = trio.current_time()
            events = self.session.receive(data, now) if data else []
            self.hear(self, events + self.session.tick(now))
            self.nudge()

    async def _some(self) -> bytes | None:
        now = trio.current_time()
        with trio.move_on_at(min(self.session.deadline(), now + self.session.timers.shortest)):
            return bytes(await self.stream.receive_some(CHUNK))
        return None

    async def _write(self) -> None:
        while True:
            while data := self.session.outgoing():
                await self.stream.send_all(data)
            if self.session.state is State.CLOSED:
                return
            await self._bell.park()
