"""Times without a year."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.iso.moments import BANGKOK, UTC_ZONE, near


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "arrived", "moment"),
    [
        ("1231235959", "2027-01-01T00:00:04", "2026-12-31T23:59:59"),
        ("0101000001", "2026-12-31T23:59:58", "2027-01-01T00:00:01"),
        ("1123081502", "2026-11-23T08:15:03", "2026-11-23T08:15:02"),
        ("0229120000", "2028-02-29T12:00:01", "2028-02-29T12:00:00"),
    ],
)
def test_the_nearest_year(text: str, arrived: str, moment: str) -> None:
    """Around New Year the year is that which brings the time nearest to the arrival."""
    assert near(text, UTC_ZONE, at(arrived)) == at(moment)


@pytest.mark.parametrize("text", ["", "0000000000", "1332000000", "0229120000", "11230815", "MMDDhhmmss"])
def test_no_time(text: str) -> None:
    """Zeros, nonsense and a day that the years around do not have."""
    assert near(text, UTC_ZONE, at("2026-06-01T00:00:00")) is None


def test_bangkok() -> None:
    """A local time is seven hours ahead."""
    assert near("1123151502", BANGKOK, at("2026-11-23T08:15:03")) == at("2026-11-23T08:15:02")


@given(st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)), st.integers(-86400 * 30, 86400 * 30))  # noqa: DTZ001
def test_a_month_either_way(sent: datetime, late: int) -> None:
    """Whatever the delay, the moment that was sent is the moment that is read."""
    moment = int(sent.replace(microsecond=0, tzinfo=UTC).timestamp())

    assert near(f"{sent:%m%d%H%M%S}", UTC_ZONE, moment + late) == moment
