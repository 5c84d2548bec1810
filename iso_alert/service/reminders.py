"""Reminders (R-20): page after page of statements, from 09:00 in Bangkok, and again in a while for what came late."""

from collections.abc import Callable
from functools import partial

import structlog

from iso_alert.domain.reminding import Due, due_dates
from iso_alert.domain.text import Texts
from iso_alert.service.calendar import Round
from iso_alert.service.desk import Desk
from iso_alert.store.statements import BEGINNING, PAGE, Place

TURN = 30.0  # seconds: so late a reminder may be
AGAIN_AFTER = 900.0  # seconds until all statements are looked at again
log = structlog.get_logger()


class Reminders:
    """One look at all statements after the other.  What is remembered here is but how far the look has come."""

    def __init__(self, desk: Desk, texts: Texts, nudge: Callable[[], None], clock: Callable[[], float]) -> None:
        self.texts = texts
        self._desk, self._nudge, self._clock = desk, nudge, clock
        self._place: Place = BEGINNING
        self._looked: tuple[Due, float] | None = None  # what the last whole look was for, and when it ended

    def round(self) -> Round:
        return Round("reminders", TURN, self.turn, full=PAGE)

    async def turn(self) -> int:
        """Deal with one page; PAGE if there is another.  Raises StoreUnavailable: the page is dealt with again."""
        now, store = self._clock(), self._desk.store.statements
        await self._desk.do(partial(store.give_up_reminders, now))
        due = due_dates(now)
        if due is None or self._looks_enough(due, now):
            return 0
        reminded = await self._desk.do(partial(store.remind, now, self.texts, self._place))
        self._place = reminded.place or BEGINNING
        if reminded.queued:
            log.info("reminders queued", count=reminded.queued)
            self._nudge()
        if reminded.place:
            return PAGE
        self._looked = due, now
        return reminded.queued

    def _looks_enough(self, due: Due, now: float) -> bool:
        if self._looked is None or self._place != BEGINNING:
            return False
        before, at = self._looked
        return before == due and now < at + AGAIN_AFTER
