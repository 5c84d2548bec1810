"""When a statement is reminded of, and how it reads (R-20)."""

from datetime import date, datetime

import pytest

from iso_alert.domain.money import Money
from iso_alert.domain.reminding import Due, Statement, due_dates, reminder, shown_date, too_late
from iso_alert.domain.shown import BANGKOK
from iso_alert.domain.text import Language
from tests.support.bank import book


def at(text: str) -> float:
    """A time in Bangkok."""
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK).timestamp()


def when_due(due: str, now: str) -> bool:
    """Whether a statement with this due date may be reminded of then."""
    found = due_dates(at(now))
    return found is not None and found.first <= date.fromisoformat(due) <= found.last


MOMENTS = {
    "four days before": ("2026-12-01 12:00", False),
    "three days before, at one minute to nine": ("2026-12-02 08:59", False),
    "three days before, at nine": ("2026-12-02 09:00", True),
    "three days before, at night": ("2026-12-02 23:59", True),
    "two days before, at dawn": ("2026-12-03 05:00", False),
    "two days before": ("2026-12-03 09:00", True),
    "the day before": ("2026-12-04 20:00", True),
    "on the due date": ("2026-12-05 09:00", False),
    "after it": ("2026-12-06 09:00", False),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_reminder_goes_three_days_before_or_is_caught_up(moment: str) -> None:
    """R-20: at nine on the third calendar day before, caught up on the second and the last, never on the due date."""
    now, may_go = MOMENTS[moment]

    assert may_go == when_due("2026-12-05", now)


DAYS = {
    "over the end of a month": ("2026-12-01", "2026-11-28 09:00"),
    "over the end of a year": ("2027-01-02", "2026-12-30 09:00"),
    "over a leap day": ("2028-03-02", "2028-02-28 09:00"),
    "over the end of a February without one": ("2027-03-02", "2027-02-27 09:00"),
    "due on a leap day": ("2028-02-29", "2028-02-26 09:00"),
}


@pytest.mark.parametrize("day", DAYS)
def test_days_are_those_of_the_calendar(day: str) -> None:
    """The third day before, whatever months and years lie between; a minute earlier it is not yet."""
    due, now = DAYS[day]

    assert when_due(due, now)
    assert due_dates(at(now) - 60) is None


def test_a_day_is_a_day_in_bangkok() -> None:
    """At 02:00 UTC it is nine there, of the same day; at 17:00 UTC it is midnight."""
    assert due_dates(datetime.fromisoformat("2026-12-02T02:00+00:00").timestamp()) == Due(
        date(2026, 12, 3), date(2026, 12, 5)
    )
    assert due_dates(datetime.fromisoformat("2026-12-02T17:00+00:00").timestamp()) is None


def test_it_is_too_late_when_the_due_date_begins() -> None:
    """What waits for the operator until then does not go any more."""
    assert too_late(date(2026, 12, 5)) == at("2026-12-05 00:00")


STATEMENT = Statement("1234", date(2026, 12, 5), Money(1_234_560), Money(50_000))


def test_the_texts() -> None:
    """Last four digits, due date, outstanding, minimum; in Thai the year is the Buddhist one."""
    texts = book().texts

    assert reminder(STATEMENT, Language.TH, texts) == (
        "บัตร x-1234 ครบกำหนดชำระ 05/12/2569 ยอดคงค้างทั้งหมด 12,345.60 บ ยอดขั้นต่ำที่ต้องชำระ 500.00 บ"
    )
    assert reminder(STATEMENT, Language.EN, texts) == (
        "Card no. x-1234 payment due 05/12/2026 Outstanding THB 12,345.60 Minimum due THB 500.00"
    )


@pytest.mark.parametrize(
    ("day", "thai"), [("2028-02-29", "29/02/2571"), ("2027-01-01", "01/01/2570"), ("2026-12-31", "31/12/2569")]
)
def test_the_buddhist_year_is_543_ahead(day: str, thai: str) -> None:
    """Also on a leap day: 2571 is no leap year of the calendar that computers know."""
    shown = shown_date(date.fromisoformat(day), Language.TH)

    assert thai == shown
