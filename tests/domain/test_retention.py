"""How long things are kept (R-54, T-09)."""

from datetime import datetime

import pytest

from iso_alert.domain.retention import Retention
from iso_alert.domain.shown import BANGKOK


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK).timestamp()


MONTHS = [
    ("2027-03-31", 12, "2026-03-31"),
    ("2027-03-31", 13, "2026-02-28"),
    ("2028-02-29", 12, "2027-02-28"),
    ("2029-02-28", 12, "2028-02-28"),
    ("2027-01-01", 12, "2026-01-01"),
    ("2027-12-31", 13, "2026-11-30"),
]


@pytest.mark.parametrize(("now", "months", "before"), MONTHS)
def test_the_audit_trail_is_kept_for_whole_months(now: str, months: int, before: str) -> None:
    """A leap year is a year; where the month has no such day nothing goes too early."""
    kept = Retention(audit_months=months)

    assert kept.audit_before(at(f"{now} 12:00")) == at(before)


def test_days_are_days() -> None:
    """90 of them for the journal and for texts, unless the bank says otherwise."""
    now, day = at("2026-11-23 12:00"), 86_400

    assert Retention().journal_before(now) == now - 90 * day
    assert Retention(texts_days=30).texts_before(now) == now - 30 * day


REFUSED = {
    "audit_months is 11": {"audit_months": 11},
    "journal_days is 30": {"journal_days": 30, "texts_days": 30},
    "texts_days is 1": {"texts_days": 1},
    "texts_days is 91": {"texts_days": 91},
    "texts_days is 90": {"journal_days": 60},
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused(why: str) -> None:
    """A trail of less than a year; a journal too short to match in; texts that outlive their alerts."""
    with pytest.raises(ValueError, match=why):
        Retention(**REFUSED[why])
