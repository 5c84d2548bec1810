"""A line between two of our processes: words go both ways in their order, and a socket may go with one of them.

What is posted in one turn of the event loop goes as one write.  A line that breaks throws away what is posted from then
on: whoever listens hears its end, and that is the end of the other process.
"""

import errno
import socket
from collections import deque
from typing import Any, NoReturn

import trio
from attrs import define, field

from iso_alert.store.parcels import HEAD, unwrap, wrap

READ = 65_536  # bytes
AT_ONCE = 16  # descriptors that one read may bring; the kernel gives those of one word
RESPITE = 0.01  # seconds until a descriptor is sent again of which too many are on their way


@define(eq=False)
class Line:
    """One end, which it owns; it does not block."""

    _end: socket.socket
    _out: deque[tuple[bytes, socket.socket | None]] = field(factory=deque, init=False)
    _news: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)
    _heard: bytearray = field(factory=bytearray, init=False)
    _passed: deque[int | None] = field(factory=deque, init=False)  # descriptors whose words were not dealt with yet
    _broken: bool = field(default=False, init=False)

    def post(self, word: object, along: socket.socket | None = None) -> None:
        """Send it in its turn, and a socket with it, which is closed here when it has gone."""
        self._out.append((wrap(word), along))
        self._news.unpark()

    async def send(self) -> NoReturn:
        """Send what is posted.  Lives until cancelled."""
        while True:
            while not self._out:
                await self._news.park()
            parcel, along = self._next()
            try:
                await self._send(parcel, along)
            except OSError:
                self._broken = True
            finally:
                if along:
                    along.close()

    def _next(self) -> tuple[bytes, socket.socket | None]:
        """The next word with what goes along, or all words up to that."""
        if (first := self._out.popleft())[1]:
            return first
        parcels = [first[0]]
        while self._out and not self._out[0][1]:
            parcels.append(self._out.popleft()[0])
        return b"".join(parcels), None

    async def _send(self, parcel: bytes, along: socket.socket | None) -> None:
        rest = memoryview(parcel)
        while rest and not self._broken:
            try:
                sent = socket.send_fds(self._end, [rest], [along.fileno()]) if along else self._end.send(rest)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._end)
            except OSError as fault:
                if fault.errno != errno.ETOOMANYREFS:
                    raise
                await trio.sleep(RESPITE)
            else:
                rest, along = rest[sent:], None  # it goes with the first byte

    async def hear(self) -> list[Any]:
        """The words that have come; none at the end of the line."""
        while not (words := self._whole()):
            await trio.lowlevel.wait_readable(self._end)
            try:
                data, passed, flags, _ = socket.recv_fds(self._end, READ, AT_ONCE)
            except ConnectionResetError:
                return []
            if not data:
                return []
            self._passed += passed
            if flags & socket.MSG_CTRUNC:  # there was one, and no room for it in this process
                self._passed.append(None)
            self._heard += data
        return words

    def _whole(self) -> list[Any]:
        words, at, heard = [], 0, self._heard
        while len(heard) - at >= HEAD.size and len(heard) >= (end := at + HEAD.size + HEAD.unpack_from(heard, at)[0]):
            with memoryview(heard) as view, view[at + HEAD.size : end] as parcel:
                words.append(unwrap(parcel))
            at = end
        del heard[:at]
        return words

    def passed(self) -> socket.socket | None:
        """What came with the word that is dealt with now; None: this process may have no more descriptors."""
        if (descriptor := self._passed.popleft()) is None:
            return None
        return socket.socket(fileno=descriptor)

    def close(self) -> None:
        """Hang up, and drop what has not gone.  Idempotent."""
        self._end.close()
        for _, along in self._out:
            if along:
                along.close()
        self._out.clear()
        while self._passed:
            if one := self.passed():
                one.close()
