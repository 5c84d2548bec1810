"""The doors: accept payment hosts' connections, keep strangers out, and on a stop close first and finish after.

For each link the inner nursery takes in and the outer one finishes: when the door closes, connections read no more,
answer what is in hand, and leave.  The deadline for that is the caller's.

What a host sends faster than it is answered must wait with the host, which knows how old it is.  Left alone, the kernel
would keep up to six megabytes of it for every connection: half a minute of answers that nobody waits for any more.
"""

import socket
from functools import partial
from ipaddress import ip_address, ip_network

import structlog
import trio
from attrs import define, frozen

from iso_alert.service.connections import Connections
from iso_alert.service.tls import HandshakeFailed, Tls, secure

OF_A_MESSAGE = 256  # bytes of the kernel's, which gives twice what it is asked for
LEAST = 16_384  # so that a record of TLS fits whatever the window
log = structlog.get_logger()


@frozen
class Door:
    """Where one link listens, and for whom."""

    host: str
    port: int
    max_connections: int = 64
    allow: tuple[str, ...] = ()  # networks; empty: everybody who reaches the address
    tls: Tls | None = None


@define(eq=False)
class Listener:
    """One link's door.  A `door` put in its place counts for whoever comes after."""

    door: Door
    connections: Connections

    async def run(self, closing: trio.Event, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until `closing` is set and every connection has left.  Started with the port, or OSError."""
        async with trio.open_nursery() as connections, trio.open_nursery() as door:
            listeners = await _open(self.door, max(LEAST, OF_A_MESSAGE * self.connections.rules.window))
            task_status.started(int(listeners[0].socket.getsockname()[1]))
            serve = partial(trio.serve_listeners, self._serve, listeners, handler_nursery=connections)
            door.start_soon(serve)
            await closing.wait()
            door.cancel_scope.cancel()
            self.connections.close()

    async def _serve(self, stream: trio.SocketStream) -> None:
        peer, door = _peer(stream), self.door
        if (why := self._refuses(peer, door) if peer else "broken") is not None:
            if peer:
                log.warning("connection refused", link=self.connections.name, peer=peer, why=why)
            self.connections.watch.hung_up(self.connections.name, why)
            await trio.aclose_forcefully(stream)
        elif secured := await self._secure(stream, peer, door):
            await self.connections.carry(secured, peer)

    async def _secure(self, stream: trio.SocketStream, peer: str, door: Door) -> trio.abc.Stream | None:
        """The stream with TLS on it, if this door wants that; None when it could not be."""
        if door.tls is None:
            return stream
        with self.connections.arriving():
            try:
                return await secure(
                    trio.SSLStream(stream, door.tls.context, server_side=True), self.connections.shook_hands
                )
            except HandshakeFailed as failed:
                self.connections.failed(failed, peer)
        return None

    def _refuses(self, peer: str, door: Door) -> str | None:
        if len(self.connections) >= door.max_connections:
            return "too many connections"
        address = ip_address(peer.partition("%")[0])
        if door.allow and not any(address in ip_network(network) for network in door.allow):
            return "not on the allow-list"
        return None


async def _open(door: Door, buffer: int) -> list[trio.SocketListener]:
    """Raises OSError with the address in it: a house has many doors."""
    try:
        listeners = await trio.open_tcp_listeners(door.port, host=door.host)
    except OSError as fault:
        raise OSError(fault.errno, f"{door.host}:{door.port}: {fault.strerror}") from None
    for one in listeners:
        one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)  # whoever is accepted inherits it
    return listeners


def _peer(stream: trio.SocketStream) -> str:
    """Who is there; empty when they have gone already, as a port scan does."""
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return ""
