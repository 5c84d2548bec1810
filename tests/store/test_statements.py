"""Reminders of statements in the store: each once, whatever happens meanwhile (R-20)."""

from datetime import date, datetime
from typing import Any

import pytest

from iso_alert.domain.alert import AlertState
from iso_alert.domain.card import Kind
from iso_alert.domain.command import Operation
from iso_alert.domain.shown import BANGKOK
from iso_alert.domain.text import Language
from iso_alert.store.files import StatementLine
from iso_alert.store.port import Lease, Taken, Untaken
from iso_alert.store.statements import BEGINNING, PAGE
from tests.support.bank import book, card, card_line, sale, subscription_line
from tests.support.engines import ROUTE, Kept
from tests.support.people import AGENT, OTHER, command, rules


def at(text: str) -> float:
    """A time in Bangkok."""
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK).timestamp()


DUE = date(2026, 12, 5)
THREE, TWO, ONE = at("2026-12-02 09:00"), at("2026-12-03 09:00"), at("2026-12-04 09:00")  # days before
ZERO = at("2026-12-05 09:00")


def owe(kept: Kept, *serials: int, total: int = 1_234_560, minimum: int = 50_000, due: date = DUE) -> None:
    lines = [StatementLine(card(serial), due, total, minimum) for serial in serials]
    assert not kept.store.files.statements(lines).refused


def remind(kept: Kept, now: float) -> int:
    """A whole look at all statements: how many reminders it queued."""
    place, queued = BEGINNING, 0
    while True:
        reminded = kept.store.statements.remind(now, book().texts, place)
        queued += reminded.queued
        if reminded.place is None:
            return queued
        place = reminded.place


def do(kept: Kept, operation: Operation, now: float, **asked: Any) -> None:
    assert kept.store.people.execute(command(operation, **asked), rules(), now).result.good


@pytest.fixture
def bank(kept: Kept) -> Kept:
    """Customer 1 is subscribed and owes something."""
    kept.subscribe(1)
    owe(kept, 1)
    return kept


# ---- who is reminded


def test_a_reminder_tells_what_is_owed(bank: Kept) -> None:
    """R-20: last four digits, due date, outstanding, minimum; to the registered number, three days before."""
    assert remind(bank, THREE) == 1

    (lease,) = bank.claim(THREE)
    last4 = card(1).last4

    assert lease.key == "due"
    assert lease.text == (f"Card no. x-{last4} payment due 05/12/2026 Outstanding THB 12,345.60 Minimum due THB 500.00")


def test_a_reminder_speaks_the_language_of_its_reader(bank: Kept) -> None:
    """R-09: in Thai with the Buddhist year."""
    bank.store.import_subscriptions([subscription_line(1, Language.TH)], THREE)
    remind(bank, THREE)
    (lease,) = bank.claim(THREE)

    assert "ครบกำหนดชำระ 05/12/2569" in lease.text


@pytest.mark.parametrize(("moment", "count"), [(THREE - 1, 0), (THREE, 1), (TWO, 1), (ONE, 1), (ZERO, 0)])
def test_a_reminder_has_its_days(bank: Kept, moment: float, count: int) -> None:
    """R-20: not before nine on the third day, caught up on the second and the last, never on the due date."""
    assert remind(bank, moment) == count


def test_a_debit_card_has_no_statement(kept: Kept) -> None:
    """R-20 is about credit cards."""
    kept.subscribe(1, kind=Kind.DEBIT)
    filed = kept.store.files.statements([StatementLine(card(1), DUE, 100, 10)])

    assert filed.refused == {0: "a debit card has no statement"}


def test_nobody_is_reminded_of_nothing(kept: Kept) -> None:
    """R-20: not when nothing is owed, nor when the bank owes."""
    kept.subscribe(1, 2)
    owe(kept, 1, total=0, minimum=0)
    owe(kept, 2, total=-100, minimum=0)

    assert remind(kept, THREE) == 0


def test_who_is_not_subscribed_is_not_reminded(kept: Kept) -> None:
    """R-20, R-30: the card file alone subscribes nobody."""
    kept.store.import_cards([card_line(1)])
    owe(kept, 1)

    assert remind(kept, THREE) == 0


@pytest.mark.parametrize("operation", [Operation.CANCEL, Operation.SUSPEND])
def test_who_is_not_active_is_not_reminded(bank: Kept, operation: Operation) -> None:
    """R-20: active subscriptions only."""
    do(bank, operation, THREE - 60)

    assert remind(bank, THREE) == 0


def test_the_news_switch_does_not_matter(bank: Kept) -> None:
    """R-20, R-40: a reminder is no news; also one that waits already stays when news is ended."""
    do(bank, Operation.NEWS_ON, THREE - 60)
    remind(bank, THREE)
    do(bank, Operation.NEWS_OFF, THREE + 1)

    assert "due" in [lease.key for lease in bank.claim(THREE + 2)]


# ---- once


def test_a_statement_is_reminded_of_once(bank: Kept) -> None:
    """R-20: not by a second run, on a second day, nor after a restart."""
    runs = [remind(bank, THREE), remind(bank, THREE + 60), remind(bank, TWO)]
    bank.reopen()

    assert [*runs, remind(bank, TWO + 60), remind(bank, ONE)] == [1, 0, 0, 0, 0]


def test_a_statement_imported_again_is_the_same(bank: Kept) -> None:
    """The file twice changes nothing; corrected sums are written and remind nobody again."""
    line = StatementLine(card(1), DUE, 1_234_560, 50_000)
    again = bank.store.files.statements([line]).changed
    remind(bank, THREE)
    owe(bank, 1, total=99)

    assert (again, remind(bank, TWO)) == (0, 0)
    assert bank.query("SELECT total FROM statement") == [(99,)]


def test_another_due_date_is_another_statement(bank: Kept) -> None:
    """The next month's reminder goes."""
    remind(bank, THREE)
    owe(bank, 1, due=date(2027, 1, 5))

    assert remind(bank, at("2027-01-02 09:00")) == 1


def test_a_page_at_a_time(kept: Kept) -> None:
    """More statements than a page holds: each is looked at, none twice."""
    kept.store.import_cards([card_line(serial, customer="C1") for serial in range(1, PAGE + 3)])
    kept.store.import_subscriptions([subscription_line(1)], THREE)
    owe(kept, *range(1, PAGE + 3))
    first = kept.store.statements.remind(THREE, book().texts)

    assert first.queued == PAGE
    assert first.place is not None
    assert kept.store.statements.remind(THREE, book().texts, first.place).queued == 2


# ---- what happens while it waits


def accept(kept: Kept, lease: Lease, n: int, parts: int) -> None:
    kept.store.settle([Taken(lease.alert, n, parts, ROUTE, (f"id{lease.alert}-{n}",), THREE)])


def give_up(kept: Kept, lease: Lease) -> None:
    kept.store.settle([Untaken(lease.alert, AlertState.GIVEN_UP, "too old", TWO)])


def test_a_reminder_that_waited_a_day_in_vain_is_made_again(bank: Kept) -> None:
    """R-20: the operator was away; two days before there is time to tell it after all."""
    remind(bank, THREE)
    give_up(bank, *bank.claim(THREE))

    assert [remind(bank, TWO), remind(bank, TWO + 60)] == [1, 0]


def test_a_reminder_half_told_is_not_told_again(bank: Kept) -> None:
    """Of two parts the operator took one: whoever read that knows."""
    remind(bank, THREE)
    (lease,) = bank.claim(THREE)
    accept(bank, lease, 1, 2)
    give_up(bank, lease)

    assert remind(bank, TWO) == 0


def test_no_reminder_goes_on_the_due_date(bank: Kept) -> None:
    """R-20: one that still waits at midnight is not sent any more, and then given up."""
    remind(bank, ONE)
    midnight = at("2026-12-05 00:00")

    assert bank.claim(midnight) == []
    assert bank.store.statements.give_up_reminders(midnight) == 1
    assert (bank.states(), remind(bank, ZERO)) == (["given_up"], 0)


def test_a_reminder_lets_every_payment_pass(bank: Kept) -> None:
    """R-01: what was bought after the reminder was queued is told before it."""
    remind(bank, THREE)
    bank.record(sale(arrived_at=THREE + 5), now=THREE + 5)

    assert [lease.key for lease in bank.claim(THREE + 6)] == ["approval", "due"]


def test_a_payment_does_not_wait_for_a_reminder(bank: Kept) -> None:
    """R-01: they are of one card, but not in one lane."""
    remind(bank, THREE)
    bank.claim(THREE)
    bank.record(sale(arrived_at=THREE + 5), now=THREE + 5)

    assert [lease.key for lease in bank.claim(THREE + 6)] == ["approval"]


@pytest.mark.parametrize("operation", [Operation.CANCEL, Operation.SUSPEND])
def test_a_withdrawal_acts_on_what_waits(bank: Kept, operation: Operation) -> None:
    """R-36, R-52: at once."""
    remind(bank, THREE)
    do(bank, operation, THREE + 1)

    assert "due" not in [lease.key for lease in bank.claim(THREE + 2)]


def test_whoever_is_resumed_in_time_is_reminded(bank: Kept) -> None:
    """The due date is still to come: that is not telling late what was missed."""
    remind(bank, THREE)
    do(bank, Operation.SUSPEND, THREE + 1)
    do(bank, Operation.RESUME, THREE + 2)

    assert remind(bank, TWO) == 1


def test_a_reminder_follows_the_number(bank: Kept) -> None:
    """R-36: a change of number is in force at once, also for what waits."""
    remind(bank, THREE)
    do(bank, Operation.CHANGE_NUMBER, THREE + 1, mobile=OTHER)
    (lease,) = (lease for lease in bank.claim(THREE + 2) if lease.key == "due")

    assert lease.mobile == OTHER


def test_the_kill_switch_holds_reminders(bank: Kept) -> None:
    """R-52: none is queued and none that waits goes; in time, they are made when the bank goes on."""
    remind(bank, THREE)
    bank.store.people.set_stopped(stopped=True, actor=AGENT, now=THREE + 1)

    assert (bank.claim(THREE + 2), remind(bank, THREE + 3)) == ([], 0)

    bank.store.people.set_stopped(stopped=False, actor=AGENT, now=THREE + 4)

    assert remind(bank, TWO) == 1
