"""A TCP connection without TLS, with as little round it as can be: ten thousand that say nothing still cost memory.

Trio's own stream keeps three coroutines, two guards and two objects for every read that waits: 1.1 kB more than this,
a fifth of what a silent connection costs.  What a stream promises is the same, and trio's own tests of that are run.

What a host sends faster than it is answered must wait with the host, which knows how old it is.  Left alone, the kernel
would keep up to six megabytes of it for every connection: half a minute of answers that nobody waits for any more.  So
it is asked to keep about a window, before there is a connection: afterwards it has promised more already, throws away
what it cannot keep, and both sides wait for time-outs.
"""

import errno
import socket
from typing import Any

import trio
from attrs import define, field

CHUNK = 65_536  # bytes
OF_A_MESSAGE = 128  # bytes of the kernel's, which gives twice what it is asked for
LEAST, MOST = 4_096, 1 << 20  # whatever the window: a frame of the usual size; as much as a system gives
PATIENCE = 10.0  # seconds for a connection to be accepted


@define(eq=False)
class Plain(trio.abc.HalfCloseableStream):
    """Owns the socket, which does not block."""

    socket: socket.socket
    _sending: bool = field(default=False, init=False)
    _done: bool = field(default=False, init=False)  # we have said that nothing more comes

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Some bytes, or none when the other side has hung up; cancelled, it has taken none."""
        if max_bytes is not None and max_bytes < 1:
            raise ValueError("ask for a byte at least")
        await trio.lowlevel.checkpoint_if_cancelled()
        waited = False
        while True:
            try:
                data = self.socket.recv(max_bytes or CHUNK)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self.socket)
                waited = True
            except OSError as fault:
                raise _said(fault) from fault
            else:
                if not waited:  # who waited has let the others run
                    await trio.lowlevel.cancel_shielded_checkpoint()
                return data

    def send_now(self, data: bytes) -> bytes:
        """Send what goes at once, and return the rest.  Raises as `send_all` does; no other task runs meanwhile."""
        self._begin_to_send()
        try:
            return data[self.socket.send(data) :]
        except BlockingIOError:
            return data
        except OSError as fault:
            raise _said(fault) from fault
        finally:
            self._sending = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Cancelled, some of it may have gone."""
        await trio.lowlevel.checkpoint()
        self._begin_to_send()
        try:
            with memoryview(data) as rest:
                await self._send(rest)
        finally:
            self._sending = False

    async def _send(self, rest: memoryview) -> None:
        sent = 0
        while sent < len(rest):
            try:
                sent += self.socket.send(rest[sent:])
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self.socket)
            except OSError as fault:
                raise _said(fault) from fault

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()
        self._begin_to_send()
        try:
            await trio.lowlevel.wait_writable(self.socket)
        finally:
            self._sending = False

    def _begin_to_send(self) -> None:
        if self._sending:
            raise trio.BusyResourceError("another task is sending already")
        if self._done or self.socket.fileno() < 0:
            raise trio.ClosedResourceError
        self._sending = True

    async def send_eof(self) -> None:
        """The other side hears that nothing more will come; it may still be heard.  Idempotent."""
        await trio.lowlevel.checkpoint()
        if self._done:
            return
        self._begin_to_send()
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as fault:
            raise _said(fault) from fault
        finally:
            self._sending, self._done = False, True

    async def aclose(self) -> None:
        """Whoever waits for this connection hears that it is closed.  Idempotent."""
        if self.socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self.socket)
            self.socket.close()
        await trio.lowlevel.checkpoint()


def waiting_room(window: int) -> int:
    """Bytes that the kernel is asked to keep of what has not been read yet."""
    return min(max(LEAST, OF_A_MESSAGE * window), MOST)


async def connect(host: str, port: int, buffer: int | None = None) -> Plain:
    """Call the addresses of this name in their order, until one accepts.  Raises OSError: why the last one did not.

    `buffer`: as `waiting_room`; none: what the system gives.
    """
    fault: OSError = TimeoutError(errno.ETIMEDOUT, "does not answer")
    with trio.move_on_after(PATIENCE):
        addresses = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *kind, _, address in addresses:
            with trio.move_on_after(PATIENCE / len(addresses)):
                try:
                    return await _called(trio.socket.socket(*kind), address, buffer)
                except OSError as why:
                    fault = why
    raise fault


async def _called(end: trio.socket.SocketType, address: Any, buffer: int | None) -> Plain:
    try:
        if buffer:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        await end.connect(address)
        return plain(trio.SocketStream(end))
    except BaseException:
        end.close()
        raise


def plain(stream: trio.SocketStream) -> Plain:
    """The same connection in fewer clothes; `stream` has lost it."""
    of = stream.socket
    bare = socket.socket(of.family, of.type, of.proto, fileno=of.detach())
    bare.setblocking(False)
    return Plain(bare)


@define(eq=False)
class PlainListener(trio.abc.Listener[Plain]):
    """Lets in as trio's does."""

    _listener: trio.SocketListener

    @property
    def port(self) -> int:
        return int(self._listener.socket.getsockname()[1])

    async def accept(self) -> Plain:
        return plain(await self._listener.accept())

    async def aclose(self) -> None:
        await self._listener.aclose()


def _said(fault: OSError) -> trio.ClosedResourceError | trio.BrokenResourceError:
    """In trio's words: did we close it, or is it broken?"""
    if fault.errno == errno.EBADF:
        return trio.ClosedResourceError("this connection was closed by us")
    return trio.BrokenResourceError(f"connection broken: {fault}")
