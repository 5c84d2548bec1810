"""What is looked at from time to time: when certificates end, which keys are missing, which routes are ordered away."""

from functools import partial

import structlog
import trio
from attrs import frozen

from iso_alert.config import Config
from iso_alert.config.wired import wires
from iso_alert.service.desk import Desk
from iso_alert.service.expiry import expiries, warn
from iso_alert.service.metrics import Metrics
from iso_alert.service.routes import Routes
from iso_alert.store.keys import lost
from iso_alert.store.port import StoreUnavailable

LOOK_FOR_ORDERS = 1.0  # seconds between looks for orders of a command beside us, and for much that one has written
log = structlog.get_logger()


@frozen(eq=False)
class Lookout:
    """Looks, and tells the log, the metrics and the routes."""

    _desk: Desk
    _routes: Routes
    _metrics: Metrics

    async def certificates(self, config: Config, now: float) -> int:
        """Warn of those that end; how many those are."""
        found = expiries(wires(config))
        self._metrics.certificates(found)
        return warn(found, now)

    async def keys(self, config: Config) -> None:
        """Cards under a key that we do not have are never found again: somebody should know."""
        try:
            found = await trio.to_thread.run_sync(partial(lost, config.store, config.keyring.names))
        except StoreUnavailable:
            return  # the desk will say so
        for one in found:
            log.error("cards are written under a key that is not in [keys] pan", key=one.key, cards=one.cards)

    async def orders(self) -> int:
        """Send away the routes that people have drained, and call back the others.  Raises StoreUnavailable."""
        names = frozenset(one.route for one in await self._desk.do(self._desk.store.routes.drained))
        before = {route.name: route.drained for route in self._routes.statuses()}
        changed = [name for name, drained in before.items() if drained != (name in names)]
        self._routes.order(names)
        for name in before:
            self._metrics.drained(name, name in names)
        for name in changed:
            log.warning("route drained" if name in names else "route resumed", route=name)
        return len(changed)

    async def shorten(self) -> int:
        """Bring in what commands beside us have written; at once, or the next payment waits for it."""
        await self._desk.do(self._desk.store.shorten)
        return 0
