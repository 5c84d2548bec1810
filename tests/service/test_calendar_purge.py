"""The daily purge in the calendar: once a day, early, in portions, and on from where it was broken off (R-54, T-09)."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from attrs import define, field
from trio.testing import MockClock

from iso_alert.domain.retention import Retention
from iso_alert.domain.shown import BANGKOK
from iso_alert.service.desk import Desk
from iso_alert.service.purging import Purging, begins
from tests.support.bank import NOW, sale
from tests.support.engines import Kept, sqlite

MESSAGES = 300
DAY = 86_400.0


def at(text: str) -> float:
    """A time in Bangkok."""
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK).timestamp()


TURNS = {
    "never before": (None, "2026-11-23 15:00", True),
    "yesterday, and it is two": ("2026-11-22 02:00", "2026-11-23 02:00", True),
    "yesterday, and it is not two yet": ("2026-11-22 02:00", "2026-11-23 01:59", False),
    "today": ("2026-11-23 02:00", "2026-11-23 23:59", False),
    "yesterday afternoon": ("2026-11-22 15:00", "2026-11-23 02:00", True),
    "days ago, and it is noon": ("2026-11-19 02:00", "2026-11-23 12:00", True),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_purge_begins_once_a_day(turn: str) -> None:
    """At two in Bangkok, or as soon as may be after an outage."""
    last, now, due = TURNS[turn]

    assert begins(at(last) if last else None, at(now)) == due


@define(eq=False)
class Cellar:
    """A journal that is old, and a clock that is set by hand."""

    kept: Kept
    now: float = NOW + 91 * DAY
    purging: Purging = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.start()

    def start(self, retention: Retention | None = None) -> None:
        """What a restart does."""
        self.purging = Purging(Desk(self.kept.store), retention or Retention(), lambda: self.now)

    async def turns(self, most: int = 1000) -> int:
        """Turns until there is nothing to do; how many had something left."""
        for count in range(most):
            if not await self.purging.turn():
                return count
        return most


@pytest.fixture
def cellar(tmp_path: Path) -> Iterator[Cellar]:
    kept = sqlite(tmp_path)
    kept.record(*(sale(1, stan) for stan in range(MESSAGES)))
    yield Cellar(kept)
    kept.store.close()


async def test_what_is_old_goes_in_portions(cellar: Cellar, autojump_clock: MockClock) -> None:
    """Turn after turn, until it is all gone; then not again that day."""
    portions = await cellar.turns()
    again = await cellar.turns()

    assert portions > 5
    assert (cellar.kept.count("txn"), again) == (0, 0)


async def test_a_restart_goes_on(cellar: Cellar, autojump_clock: MockClock) -> None:
    """The rest goes, and one row of the trail proves all of it."""
    await cellar.turns(2)
    halfway = cellar.kept.count("txn")
    cellar.kept.reopen()
    cellar.start()
    await cellar.turns()
    rows = [row.entry for row in cellar.kept.store.people.audit() if row.entry.operation == "purge"]

    assert 0 < halfway < MESSAGES
    assert cellar.kept.count("txn") == 0
    assert [f'"messages": {MESSAGES}' in row.after for row in rows] == [True]


async def test_another_retention_counts_from_the_next_day(cellar: Cellar, autojump_clock: MockClock) -> None:
    """R-54: a journal kept for longer is kept for longer."""
    cellar.start(Retention(journal_days=180))
    await cellar.turns()
    kept = cellar.kept.count("txn")
    cellar.start(Retention(journal_days=31, texts_days=31))
    same_day = await cellar.turns()
    cellar.now += DAY
    await cellar.turns()

    assert (kept, same_day, cellar.kept.count("txn")) == (MESSAGES, 0, 0)
