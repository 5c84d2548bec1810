"""How long things are kept: no longer than needed (R-54), and no shorter than the law and the journal itself need."""

from calendar import monthrange
from datetime import datetime, timedelta

from attrs import field, frozen

from iso_alert.domain.shown import BANGKOK

LOOKS_BACK = 31  # days: a force-posted sale is known as one by an approval of a month ago
WAITS = 2  # days: an alert waits for one, and its receipt may come the day after
AUDIT_MONTHS = 12


@frozen
class Retention:
    """Days for which messages (with their decisions, alerts, receipts) and texts are kept, and months for the trail."""

    journal_days: int = field(default=90)
    texts_days: int = field(default=90)
    audit_months: int = field(default=AUDIT_MONTHS)

    @journal_days.validator
    def _long_enough(self, _: object, days: int) -> None:
        if days < LOOKS_BACK:
            raise ValueError(f"journal_days is {days}: what a later message may speak of is {LOOKS_BACK} days old")

    @texts_days.validator
    def _while_the_alert_is(self, _: object, days: int) -> None:
        if not WAITS <= days <= self.journal_days:
            raise ValueError(f"texts_days is {days}: it must be from {WAITS} to journal_days, {self.journal_days}")

    @audit_months.validator
    def _a_year(self, _: object, months: int) -> None:
        if months < AUDIT_MONTHS:
            raise ValueError(f"audit_months is {months}: the audit trail is kept for {AUDIT_MONTHS} months at least")

    def journal_before(self, now: float) -> float:
        """The moment (seconds since 1970) before which messages are kept no longer."""
        return now - timedelta(days=self.journal_days).total_seconds()

    def texts_before(self, now: float) -> float:
        return now - timedelta(days=self.texts_days).total_seconds()

    def audit_before(self, now: float) -> float:
        """The same day so many months ago; where that month has no such day, its last one: rather kept too long."""
        here = datetime.fromtimestamp(now, BANGKOK)
        year, month = divmod(here.year * 12 + here.month - 1 - self.audit_months, 12)
        day = min(here.day, monthrange(year, month + 1)[1])
        return datetime(year, month + 1, day, tzinfo=BANGKOK).timestamp()
