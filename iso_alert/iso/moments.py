"""When did it happen?  Messages leave the year out, and each field has its own clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

DAY = 86400
UTC_ZONE: timezone = UTC
BANGKOK = timezone(timedelta(hours=7))  # no summer time since 1920


def near(text: str, zone: timezone, arrived_at: float) -> int | None:
    """`MMDDhhmmss` as seconds since 1970, in the year that brings it nearest to the arrival; None if it is no time."""
    return _near(text, zone, int(arrived_at // DAY)) if len(text) == 10 and text.isdecimal() else None


@lru_cache(maxsize=4096)  # the messages of one second share theirs; a day is exact enough to choose a year
def _near(text: str, zone: timezone, day: int) -> int | None:
    noon = day * DAY + DAY // 2
    return min(_candidates(text, zone, noon), key=lambda moment: abs(moment - noon), default=None)


def _candidates(text: str, zone: timezone, noon: int) -> Iterator[int]:
    month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(0, 10, 2))
    this = datetime.fromtimestamp(noon, zone).year
    for year in (this - 1, this, this + 1):
        try:
            yield int(datetime(year, month, day, hour, minute, second, tzinfo=zone).timestamp())
        except ValueError:
            continue  # 29 February, or a field full of zeros
