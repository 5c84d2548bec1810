"""Connections of a bad host: sockets that never wait, notice when they are hung up, and leave as badly as they like."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SO_LINGER, SO_RCVBUF, SOL_SOCKET, create_connection, socket
from struct import pack
from time import monotonic

from attrs import define, field

Address = tuple[str, int]


@define(eq=False)
class Caller:
    """A connection that never waits, and notices when it was hung up."""

    address: Address
    deaf: bool = False  # it never reads, and its kernel keeps little for it: soon the other side has to wait
    since: float = field(factory=monotonic)
    open: bool = True
    _socket: socket = field(init=False)
    _out: bytes = b""

    def __attrs_post_init__(self) -> None:
        self._socket = create_connection(self.address, timeout=5)
        self._socket.setblocking(False)
        if self.deaf:
            self._socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)

    def fileno(self) -> int:
        return self._socket.fileno()

    def say(self, data: bytes = b"") -> bool:
        """Send as much as goes; whether everything went."""
        self._out += data
        with suppress(BlockingIOError):
            while self._out:
                self._out = self._out[self._socket.send(self._out) :]
        return not self._out

    def hear(self) -> int:
        """Bytes that came; `open` turns false at the end."""
        try:
            heard = len(self._socket.recv(1 << 18))
        except BlockingIOError:
            return 0
        except ConnectionError:
            heard = 0
        self.open = heard > 0
        return heard

    def close(self, reset: bool = False) -> None:
        if reset:
            self._socket.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        self._socket.close()


@contextmanager
def crowded() -> Iterator[list[Caller]]:
    callers: list[Caller] = []
    try:
        yield callers
    finally:
        for caller in callers:
            caller.close()
