"""The other way round: we call the payment host, carry the connection, and call again when it ends, with patience."""

from collections.abc import Awaitable, Callable
from random import Random

import structlog
import trio
from attrs import define, field, frozen

from iso_alert.service.connections import Connections
from iso_alert.service.plain import waiting_room
from iso_alert.service.tls import HandshakeFailed, Tls, dial, take_apart
from iso_alert.smpp.pace import BackOff

Dial = Callable[[str, int, Tls | None, Callable[[str], None], int], Awaitable[trio.abc.Stream]]
STEADY = 30.0  # seconds; after a connection that lasted so long patience begins anew
log = structlog.get_logger()


@frozen
class Call:
    """Where one link's host listens, and how long to stay away after each failure."""

    host: str
    port: int
    tls: Tls | None = None
    back_off: BackOff = field(factory=BackOff)


@define(eq=False)
class Caller:
    """One link that we open.  A `call` put in its place counts from the next connection on."""

    call: Call
    connections: Connections
    random: Random = field(factory=Random)
    dial: Dial = dial
    _last_trouble: str = field(default="", init=False)
    _patience: trio.CancelScope = field(factory=trio.CancelScope, init=False)

    async def run(self, closing: trio.Event, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the link up until `closing` is set; what is in hand then is answered first.

        Started at once: a host that is away must not keep the other links from opening.
        """
        task_status.started()
        async with trio.open_nursery() as calling:
            calling.start_soon(self._keep_calling)
            await closing.wait()
            self.connections.close()
            self._patience.cancel()

    async def _keep_calling(self) -> None:
        attempt = 0
        while not self.connections.closed:
            began = trio.current_time()
            await self._once()
            attempt = 1 if trio.current_time() - began >= STEADY else attempt + 1
            with trio.move_on_after(self.call.back_off.delay(attempt, self.random)) as self._patience:
                await self._unless_closed()

    async def _unless_closed(self) -> None:
        if not self.connections.closed:
            await trio.sleep_forever()

    async def _once(self) -> None:
        """Call, and carry the connection to its end."""
        call, connections = self.call, self.connections
        stream, peer, buffer = None, f"{call.host}:{call.port}", waiting_room(connections.rules.window)
        with connections.arriving():
            try:
                stream = await self.dial(call.host, call.port, call.tls, connections.shook_hands, buffer)
            except HandshakeFailed as failed:
                self._failed("no TLS", peer, outcome=failed.outcome, why=failed.why)
            except OSError as fault:
                self._failed("unreachable", peer, why=fault.strerror or str(fault))
        if stream is not None:
            self._last_trouble = ""
            connections.watch.called(connections.name, "connected")
            log.info("link connected", link=connections.name, address=peer)
            try:
                await connections.carry(stream, peer)
            finally:
                take_apart(stream)

    def _failed(self, what: str, peer: str, **facts: str) -> None:
        """Say it once, not once an attempt."""
        self.connections.watch.called(self.connections.name, what)
        if (trouble := f"{what} {facts}") != self._last_trouble:
            self._last_trouble = trouble
            log.warning(f"the host is called and it fails: {what}", link=self.connections.name, address=peer, **facts)
