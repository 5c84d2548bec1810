"""Which statements are reminded of at a moment, and in which words (R-20).

A reminder goes at 09:00 in Bangkok on the third calendar day before the due date.  If that was missed (we were down, or
the statement came late) it goes as soon as possible on that day, the second or the last day before, but never between
midnight and nine, and never on or after the due date: then it would be a reproach.
"""

from datetime import date, datetime, time, timedelta

from attrs import frozen

from iso_alert.domain.money import Money
from iso_alert.domain.shown import BANGKOK
from iso_alert.domain.text import Language, Texts

DUE = "due"  # a key of the texts
DAYS_BEFORE, LAST_DAY_BEFORE = 3, 1
FROM = time(9)
BUDDHIST = 543  # years that the Thai calendar is ahead
_DAY = timedelta(days=1)


@frozen
class Statement:
    """What is owed on a card, and by when."""

    last4: str
    due: date
    total: Money
    minimum: Money


@frozen
class Due:
    """Due dates, both included."""

    first: date
    last: date


def due_dates(now: float) -> Due | None:
    """The due dates of statements that may be reminded of at `now` (seconds since 1970); None before nine."""
    here = datetime.fromtimestamp(now, BANGKOK)
    if here.time() < FROM:
        return None
    return Due(here.date() + LAST_DAY_BEFORE * _DAY, here.date() + DAYS_BEFORE * _DAY)


def too_late(due: date) -> float:
    """From when on nobody may be reminded any more: the beginning of the due date in Bangkok."""
    return datetime.combine(due, time(), BANGKOK).timestamp()


def shown_date(day: date, language: Language) -> str:
    """dd/mm/YYYY.  The year alone is moved: 29/02/2571 is right, though 2571 is no leap year of ours."""
    return f"{day:%d/%m}/{day.year + BUDDHIST * (language is Language.TH)}"


def reminder(statement: Statement, language: Language, texts: Texts) -> str:
    """The SMS; also what a preview shows."""
    return texts.spending(
        DUE,
        language,
        last4=statement.last4,
        date=shown_date(statement.due, language),
        total=statement.total,
        minimum=statement.minimum,
    )
