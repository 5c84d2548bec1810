"""One connection of an ESME to the bad SMSC: raw octets, which may be torn, kept waiting, or not read at all."""

from collections import deque
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

import trio
from attrs import define, field

from iso_alert.smpp.command import Command
from iso_alert.smpp.pdu import HEADER, write_frame
from tests.endurance.ledger import HEARD, Connection

Hear = Callable[[int, int, int, bytes], None]  # command, status, sequence, body


@define(eq=False)
class Line:
    """`run` closes the stream, whatever ends it."""

    stream: trio.SocketStream
    connection: Connection
    bound: bool = False
    owed: dict[int, Any] = field(factory=dict)  # what waits for a deliver_sm_resp, by sequence number
    _deaf_from: float = -inf
    _deaf_until: float = -inf
    _out: deque[tuple[bytes, float]] = field(factory=deque)  # octets, and the silence after them; inf: the end
    _bell: trio.Event = field(factory=trio.Event)
    _scope: trio.CancelScope = field(factory=trio.CancelScope)
    _sequence: int = 0

    async def run(self, hear: Hear, beside: Callable[[], Awaitable[None]]) -> None:
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(beside)
                    nursery.start_soon(self._write)
                    await self._read(hear)
                    nursery.cancel_scope.cancel()
        except* trio.BrokenResourceError:
            pass  # the ESME may go when it likes
        finally:
            self.bound = False
            await trio.aclose_forcefully(self.stream)

    def say(self, octets: bytes, then: float = 0.0) -> bool:
        """Write these, and nothing else for `then` seconds; for inf, never again.  Whether the connection stands."""
        self._out.append((octets, then))
        self._bell.set()
        return self.connection.ended == inf

    def tell(self, body: bytes, what: Any) -> None:
        """A deliver_sm."""
        self._sequence += 1
        self.owed[self._sequence] = what
        self.say(write_frame(Command.DELIVER_SM, 0, self._sequence, body))

    def drop(self) -> None:
        """Gone, without a word; what lies unread in the socket makes it a reset."""
        self._scope.cancel()

    def deafen(self, seconds: float) -> None:
        """Read nothing for so long: the ESME's window closes."""
        now = trio.current_time()
        if self.since == now:
            self._deaf_from = now
        self._deaf_until = now + seconds

    @property
    def since(self) -> float:
        """When what is read now may have been written: what has piled up is not read in one moment."""
        now = trio.current_time()
        return self._deaf_from if now < self._deaf_until + HEARD else now

    @property
    def deaf(self) -> bool:
        return trio.current_time() < self._deaf_until

    async def _read(self, hear: Hear) -> None:
        data = b""
        while some := await self.stream.receive_some(1024):
            await trio.sleep_until(self._deaf_until)
            data += some
            while len(data) >= HEADER.size and len(data) >= (length := int.from_bytes(data[:4], "big")):
                _, command, status, sequence = HEADER.unpack_from(data)
                hear(command, status, sequence, data[HEADER.size : length])
                data = data[length:]

    async def _write(self) -> None:
        while True:
            await self._bell.wait()
            self._bell = trio.Event()
            while self._out:
                octets, then = self._out.popleft()
                await self.stream.send_all(octets)
                if then == inf:
                    self._scope.cancel()
                await trio.sleep(then)
