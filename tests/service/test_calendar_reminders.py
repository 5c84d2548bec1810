"""Reminders in the calendar (R-20): exactly once, whoever runs, however often, and after whatever outage."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
import trio
from attrs import define, field

from iso_alert.domain.shown import BANGKOK
from iso_alert.service.calendar import Calendar
from iso_alert.service.desk import Desk
from iso_alert.service.reminders import AGAIN_AFTER, TURN, Reminders
from iso_alert.store.files import StatementLine
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.statements import PAGE
from tests.support.bank import NOW, book, card, card_line, subscription_line
from tests.support.engines import Kept, sqlite

SOME = PAGE + 20  # statements: more than a page
DUE = date(2026, 12, 5)


def at(text: str) -> float:
    """A time in Bangkok."""
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK).timestamp()


@define(eq=False)
class Bank:
    """A store with statements, and a clock that is set by hand."""

    kept: Kept
    now: float = NOW
    nudges: int = 0
    desk: Desk = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.desk = Desk(self.kept.store)

    def node(self) -> Reminders:
        """A service that has just been started."""
        return Reminders(self.desk, book().texts, self._nudge, lambda: self.now)

    def restart(self) -> Reminders:
        self.kept.reopen()
        self.desk = Desk(self.kept.store)
        return self.node()

    def _nudge(self) -> None:
        self.nudges += 1

    def owe(self, *serials: int) -> None:
        self.kept.store.files.statements([StatementLine(card(serial), DUE, 100_000, 10_000) for serial in serials])

    def reminders(self) -> int:
        """How many there are, of how many statements: never two of one."""
        queued, statements = self.kept.query("SELECT count(*), (SELECT count(reminder) FROM statement) FROM alert")[0]
        assert queued == statements
        return int(queued)


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Customer 1 has more cards than a page holds, and owes something on each."""
    kept = sqlite(tmp_path)
    kept.store.import_cards([card_line(serial, customer="C1") for serial in range(1, SOME + 1)])
    kept.store.import_subscriptions([subscription_line(1)], NOW)
    bank = Bank(kept)
    bank.owe(*range(1, SOME + 1))
    yield bank
    kept.store.close()


async def look(node: Reminders, now: float, bank: Bank) -> None:
    """Turns until there is no more to do at once."""
    bank.now = now
    while await node.turn() >= PAGE:
        pass


async def test_everybody_is_reminded_page_by_page(bank: Bank) -> None:
    """R-20: at nine, not a minute before; the courier is woken."""
    node = bank.node()
    await look(node, at("2026-12-02 08:59"), bank)
    before = bank.reminders()
    await look(node, at("2026-12-02 09:00"), bank)

    assert (before, bank.reminders(), bank.nudges) == (0, SOME, 2)


async def test_two_runs_remind_once(bank: Bank) -> None:
    """R-20: two services on one store, turn by turn."""
    one, other = bank.node(), bank.node()
    bank.now = at("2026-12-02 09:00")
    for _ in range(4):
        await one.turn()
        await other.turn()

    assert bank.reminders() == SOME


async def test_a_restart_between_two_pages_loses_nobody(bank: Bank) -> None:
    """R-20: the first page was done; the new process does not know, and does not need to."""
    bank.now = at("2026-12-02 09:00")
    await bank.node().turn()
    after_one_page = bank.reminders()
    await look(bank.restart(), at("2026-12-02 09:05"), bank)

    assert (after_one_page, bank.reminders()) == (PAGE, SOME)


OUTAGES = {
    "none": ("2026-12-02 09:00", True),
    "a day": ("2026-12-03 14:00", True),
    "two days": ("2026-12-04 09:00", True),
    "two days, and up again in the evening": ("2026-12-04 23:59", True),
    "two days, and up again at night": ("2026-12-04 03:00", False),
    "three days": ("2026-12-05 09:00", False),
}


@pytest.mark.parametrize("outage", OUTAGES)
async def test_an_outage_is_caught_up_while_there_is_time(bank: Bank, outage: str) -> None:
    """R-20: two days before, or one; never on the due date."""
    up_again, reminded = OUTAGES[outage]
    await look(bank.node(), at(up_again), bank)

    assert bank.reminders() == (SOME if reminded else 0)


async def test_a_statement_that_comes_late_is_reminded_of(bank: Bank) -> None:
    """R-20: it is found within a quarter of an hour, without all others being looked at every minute."""
    node, nine = bank.node(), at("2026-12-02 09:00")
    await look(node, nine, bank)
    bank.kept.store.import_cards([card_line(SOME + 1, customer="C1")])
    bank.owe(SOME + 1)
    await look(node, nine + 60, bank)
    soon = bank.reminders()
    await look(node, nine + AGAIN_AFTER, bank)

    assert (soon, bank.reminders()) == (SOME, SOME + 1)


async def test_another_day_is_looked_at_at_nine(bank: Bank) -> None:
    """R-20: a look late in the evening before does not put the morning's off."""
    node = bank.node()
    await look(node, at("2026-12-01 23:59:30"), bank)
    before = bank.reminders()
    await look(node, at("2026-12-02 09:00"), bank)

    assert (before, bank.reminders()) == (0, SOME)


async def test_what_waits_on_the_due_date_is_given_up(bank: Bank) -> None:
    """R-20: the operator was away; at midnight it is over, also for those that no look of that day would find."""
    node = bank.node()
    await look(node, at("2026-12-04 09:00"), bank)
    bank.now = at("2026-12-05 00:00")
    for _ in range(2):
        await node.turn()

    assert set(bank.kept.states()) == {"given_up"}


async def test_a_store_that_is_away_is_asked_again(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-20: the page at which it failed is dealt with when it is back."""
    node, statements = bank.node(), bank.kept.store.statements
    bank.now = at("2026-12-02 09:00")

    def away(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(statements), "remind", away)
        with pytest.raises(StoreUnavailable):
            await node.turn()
    await look(node, bank.now, bank)

    assert bank.reminders() == SOME


async def test_the_calendar_keeps_the_hour(bank: Bank, autojump_clock: trio.testing.MockClock) -> None:
    """R-20: running from ten minutes before, it reminds at nine, at most one turn later."""
    start = at("2026-12-02 08:50")
    reminded: list[float] = []

    def clock() -> float:
        if trio.current_time() > 1200:  # a sleep to here would let the clock jump over a turn at the store
            calendar.cancel()
        return start + trio.current_time()

    node = Reminders(bank.desk, book().texts, lambda: reminded.append(clock()), clock)
    with trio.CancelScope() as calendar:
        await Calendar([node.round()]).run()

    assert bank.reminders() == SOME
    assert all(0 <= moment - at("2026-12-02 09:00") <= TURN + 1 for moment in reminded)
