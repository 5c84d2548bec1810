"""Once a day, early in the morning, what was kept long enough is taken away, in portions that nobody notices."""

from collections.abc import Callable
from datetime import datetime, time
from functools import partial

import structlog
import trio

from iso_alert.domain.retention import Retention
from iso_alert.domain.shown import BANGKOK
from iso_alert.service.calendar import Round
from iso_alert.service.desk import Desk
from iso_alert.store.keeping import Limits

TURN = 600.0  # seconds
PAUSE = 0.02  # seconds between portions: the disk is there for payments
FROM = time(2)  # Bangkok; a purge that was missed is made up for at any later hour
log = structlog.get_logger()


class Purging:
    """The daily purge.  Where it was, when it is broken off, stands in the store.

    A `retention` put in its place counts from the next portion on.
    """

    def __init__(self, desk: Desk, retention: Retention, clock: Callable[[], float]) -> None:
        self._desk, self.retention, self._clock = desk, retention, clock

    def round(self) -> Round:
        return Round("purge", TURN, self.turn, full=1)

    async def turn(self) -> int:
        """Take one portion away; 1 if there is more.  Raises StoreUnavailable."""
        now, store = self._clock(), self._desk.store.keeping
        if not begins(await self._desk.do(store.purged_at), now):
            return 0
        retention = self.retention
        limits = Limits(retention.journal_before(now), retention.texts_before(now), retention.audit_before(now))
        more = await self._desk.do(partial(store.purge, limits, now))
        if not more:
            log.info("purged", journal_days=retention.journal_days, texts_days=retention.texts_days)
        await trio.sleep(PAUSE)
        return int(more)


def begins(last: float | None, now: float) -> bool:
    """Whether a purge is due: none has begun today, and it is time."""
    here = datetime.fromtimestamp(now, BANGKOK)
    return last is None or (datetime.fromtimestamp(last, BANGKOK).date() < here.date() and here.time() >= FROM)
