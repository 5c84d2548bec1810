"""News goes out a small portion at a time, within its hours, so that nothing ever waits for it."""

from collections.abc import Callable
from functools import partial

from iso_alert.domain.news import closes
from iso_alert.service.calendar import Round
from iso_alert.service.desk import Desk
from iso_alert.store.campaigns import PORTION

TURN = 1.0  # seconds


class Newsroom:
    """Keeps a portion of the oldest campaign in the outbox."""

    def __init__(self, desk: Desk, nudge: Callable[[], None], clock: Callable[[], float]) -> None:
        self._desk, self._nudge, self._clock = desk, nudge, clock

    def round(self) -> Round:
        return Round("news", TURN, self.turn, full=PORTION)

    async def turn(self) -> int:
        """Queue a portion, or take back what waits when its hours are over.  Raises StoreUnavailable."""
        now, store = self._clock(), self._desk.store.campaigns
        await self._desk.do(partial(store.put_off_news, now))
        until = closes(now)
        if until is None:
            return 0
        count = await self._desk.do(partial(store.queue_news, now, until))
        if count:
            self._nudge()
        return count
