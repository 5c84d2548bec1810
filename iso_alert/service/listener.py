"""The doors: accept payment hosts' connections, keep strangers out, and on a stop close first and finish after.

For each link the inner nursery takes in and the outer one finishes: when the door closes, connections read no more,
answer what is in hand, and leave.  The deadline for that is the caller's.
"""

import errno
import socket
from collections.abc import Coroutine
from typing import Any

import structlog
import trio
from attrs import define, frozen

from iso_alert.service.connections import Connections
from iso_alert.service.networks import EVERYBODY, Networks
from iso_alert.service.plain import Plain, PlainListener, waiting_room
from iso_alert.service.spread import Spread
from iso_alert.service.tls import Tls

FULL = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
)  # the machine's limits, not the host's fault
RESPITE = 0.1  # seconds until a door that is full is tried again
log = structlog.get_logger()


@frozen
class Door:
    """Where one link listens, and for whom."""

    host: str
    port: int
    max_connections: int = 64
    allow: Networks = EVERYBODY  # of those who reach the address
    tls: Tls | None = None


@define(eq=False)
class Listener:
    """One link's door.  A `door` put in its place counts for whoever comes after."""

    door: Door
    connections: Connections | Spread

    async def run(self, closing: trio.Event, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until `closing` is set and every connection has left.  Started with the port, or OSError."""
        async with trio.open_nursery() as connections, trio.open_nursery() as door:
            listeners = await _open(self.door, waiting_room(self.connections.rules.window))
            task_status.started(listeners[0].port)
            for listener in listeners:
                door.start_soon(self._admit, listener, connections)
            await closing.wait()
            door.cancel_scope.cancel()
            self.connections.close()
        await self.connections.emptied()

    async def _admit(self, listener: PlainListener, connections: trio.Nursery) -> None:
        """Let in whoever comes.  Those for whom there is no descriptor wait outside."""
        async with listener:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as fault:
                    if fault.errno not in FULL:
                        raise
                    log.error("no room for a connection", link=self.connections.name, why=fault.strerror)
                    await trio.sleep(RESPITE)
                else:
                    connections.start_soon(self._serve, stream)

    def _serve(self, stream: Plain) -> Coroutine[Any, Any, None]:
        """Not a coroutine but what chooses one: this one would stay in memory as long as the connection."""
        peer, door = _peer(stream), self.door
        why = self._refuses(peer, door) if peer else "broken"
        if why is not None:
            return self._refuse(stream, peer, why)
        return self.connections.welcome(stream, peer, door.tls)

    async def _refuse(self, stream: Plain, peer: str, why: str) -> None:
        if peer:
            log.warning("connection refused", link=self.connections.name, peer=peer, why=why)
        self.connections.watch.hung_up(self.connections.name, why)
        await trio.aclose_forcefully(stream)

    def _refuses(self, peer: str, door: Door) -> str | None:
        if len(self.connections) >= door.max_connections:
            return "too many connections"
        return None if door.allow.admit(peer) else "not on the allow-list"


async def _open(door: Door, buffer: int) -> list[PlainListener]:
    """Raises OSError with the address in it: a house has many doors."""
    try:
        listeners = await trio.open_tcp_listeners(door.port, host=door.host)
    except OSError as fault:
        raise OSError(fault.errno, f"{door.host}:{door.port}: {fault.strerror}") from None
    for one in listeners:
        one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)  # whoever is accepted inherits it
    return list(map(PlainListener, listeners))


def _peer(stream: Plain) -> str:
    """Who is there; empty when they have gone already, as a port scan does."""
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return ""
