"""How the node is: ready or not for a supervisor, in figures for Prometheus, whole for people."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import trio
from attrs import asdict, define, evolve

from iso_alert.service.desk import Desk
from iso_alert.service.routes import Routes
from iso_alert.store.port import Outbox, StoreUnavailable


@define(eq=False)
class Condition:
    """Asked by the admin pages and the API."""

    _desk: Desk
    _routes: Routes
    _held: Callable[[], int]  # alerts that are leased and wait for a route's room
    _links: Sequence[str]  # their names
    _started: trio.Event
    _closing: trio.Event
    _speakers: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    outbox: Outbox | None = None  # as of the last `refresh`; None: the store could not be asked

    async def refresh(self) -> None:
        try:
            outbox = await self._desk.do(self._desk.store.outbox)
        except StoreUnavailable:
            self.outbox = None
        else:  # the store calls sending whatever is leased, for fear of a crash; people mean the wire
            held = min(outbox.sending, self._held())
            self.outbox = evolve(outbox, queued=outbox.queued + held, sending=outbox.sending - held)

    async def tell(self) -> Mapping[str, Any]:
        """Everything, as it is now."""
        await self.refresh()
        return self.status()

    def unready(self) -> str | None:
        """Why the node must get no traffic, None when it may."""
        if self._closing.is_set():
            return "draining"
        if not self._started.is_set():
            return "starting"
        return f"store unavailable: {self._desk.trouble}" if self._desk.trouble else None

    def status(self) -> Mapping[str, Any]:
        """Everything a person asks first.  Degraded: no operator can be reached, and alerts wait."""
        unready, away, outbox = self.unready(), self._away(), self.outbox
        waits = {"queued": outbox.queued, "sending": outbox.sending, "oldest": outbox.oldest} if outbox else None
        return {
            "state": "unready" if unready else "degraded" if away else "ok",
            "why": unready or away,
            "pid": os.getpid(),
            "routes": [asdict(route) for route in self._routes.statuses()],
            "outbox": waits,
            "links": list(self._links),
            "speakers": list(self._speakers()),
        }

    def _away(self) -> str | None:
        """Why nothing can be sent, None when it can."""
        if self._routes.bound:
            return None
        drained = all(route.drained for route in self._routes.statuses())
        return f"{'every route is drained' if drained else 'no SMSC is bound'}: alerts wait"
