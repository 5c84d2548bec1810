"""The doors: accept payment hosts' connections, keep strangers out, and on a stop close first and finish after.

For each link the inner nursery takes in and the outer one finishes: when the door closes, connections read no more,
answer what is in hand, and leave.  The deadline for that is the caller's.
"""

from collections.abc import Callable
from functools import partial
from ipaddress import ip_address, ip_network

import structlog
import trio
from attrs import define, field, frozen

from iso_alert.iso.codec import Codec
from iso_alert.service.enrolment import Enrolment
from iso_alert.service.link import Connection, LinkRules, Record, Watch

log = structlog.get_logger()


@frozen
class Door:
    """Where one link listens, and for whom."""

    host: str
    port: int
    max_connections: int = 64
    allow: tuple[str, ...] = ()  # networks; empty: everybody who reaches the address


@define(eq=False)
class Listener:
    """One link's door."""

    door: Door
    rules: LinkRules
    codec: Codec
    journal: Record
    watch: Watch
    clock: Callable[[], float]
    enrolment: Enrolment | None = None
    _connections: set[Connection] = field(factory=set, init=False)
    _closed: bool = field(default=False, init=False)

    async def run(self, closing: trio.Event, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until `closing` is set and every connection has left.  Started with the port, or OSError."""
        async with trio.open_nursery() as connections, trio.open_nursery() as door:
            listeners = await trio.open_tcp_listeners(self.door.port, host=self.door.host)
            task_status.started(int(listeners[0].socket.getsockname()[1]))
            serve = partial(trio.serve_listeners, self._serve, listeners, handler_nursery=connections)
            door.start_soon(serve)
            await closing.wait()
            door.cancel_scope.cancel()
            self._closed = True
            for connection in self._connections:
                connection.close()

    async def _serve(self, stream: trio.SocketStream) -> None:
        peer = _peer(stream)
        if (why := self._refuses(peer) if peer else "broken") is not None:
            if peer:
                log.warning("connection refused", link=self.rules.name, peer=peer, why=why)
            self.watch.hung_up(self.rules.name, why)
            await trio.aclose_forcefully(stream)
            return
        connection = Connection(self.rules, self.codec, self.journal, self.watch, self.clock, self.enrolment)
        self._connections.add(connection)
        if self._closed:  # accepted in the last moment, and begun after it
            connection.close()
        try:
            await connection.run(stream, peer)
        finally:
            self._connections.discard(connection)

    def _refuses(self, peer: str) -> str | None:
        if len(self._connections) >= self.door.max_connections:
            return "too many connections"
        address = ip_address(peer.partition("%")[0])
        if self.door.allow and not any(address in ip_network(network) for network in self.door.allow):
            return "not on the allow-list"
        return None


def _peer(stream: trio.SocketStream) -> str:
    """Who is there; empty when they have gone already, as a port scan does."""
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return ""
