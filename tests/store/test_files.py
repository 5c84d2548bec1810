"""The bank's files: what each line comes to, and that twice is as once."""

from datetime import date
from typing import Any

import pytest
from attrs import evolve

from iso_alert.domain.card import Keyring, Kind
from iso_alert.domain.command import Operation, Record
from iso_alert.domain.reason import Reason
from iso_alert.domain.text import Language
from iso_alert.store.files import CardLine, CardStatus, CustomerLine, Filed, StatementLine, SubscriberLine
from tests.support.bank import KEY, NOW, OLDER_KEY, card, card_line, mobile, sale
from tests.support.engines import Kept
from tests.support.people import OTHER, command, rules


def subscriber(serial: int = 1, **changed: Any) -> SubscriberLine:
    return evolve(SubscriberLine(f"C{serial}", mobile(serial), Language.EN), **changed)


def replacement(new: int = 2, old: int = 1, customer: str = "C1") -> CardLine:
    return evolve(card_line(new, customer=customer), replaces=card(old))


def told(kept: Kept, serial: int, stan: int = 1) -> Reason | None:
    (one,), _ = kept.record(sale(serial, stan))
    return one.decision.reason if one.decision else None


def status(kept: Kept) -> list[str]:
    return [row[0] for row in kept.query("SELECT status FROM card ORDER BY id")]


def record(kept: Kept, customer: str = "C1") -> Record | None:
    standing = kept.store.people.standing(customer=customer)
    return standing.record if standing else None


# ---- customers


def test_a_company_cannot_subscribe(kept: Kept) -> None:
    """R-30: natural persons only, also by file."""
    kept.store.import_cards([card_line(1)])
    twice = [kept.store.files.customers([CustomerLine("C1", natural=False)]).changed for _ in range(2)]

    assert twice == [1, 0]
    assert kept.store.files.subscriptions([subscriber()], NOW).refused == {0: "this customer is not a natural person"}


def test_a_customer_of_one_batch_is_one(kept: Kept) -> None:
    """The last line about somebody counts; others keep their own numbers."""
    lines = [CustomerLine("C1", natural=True), CustomerLine("C2", natural=True), CustomerLine("C1", natural=False)]

    assert kept.store.files.customers(lines).changed == 3
    assert kept.query("SELECT ref, is_natural FROM customer ORDER BY ref") == [("C1", 0), ("C2", 1)]


# ---- cards


def test_many_cards_are_a_few_steps(kept: Kept) -> None:
    """More than one statement holds, twice: every card once, and the second time nothing."""
    lines = [card_line(serial, customer=f"C{serial // 2}") for serial in range(1, 700)]

    assert [kept.store.files.cards(lines) for _ in range(2)] == [Filed(699), Filed(0)]
    assert (kept.count("card"), kept.count("customer")) == (699, 350)


def test_a_replaced_card_keeps_the_subscription(kept: Kept) -> None:
    """R-08: the new card is told of, the old one is closed, nobody had to do anything."""
    kept.subscribe(1)
    filed = [kept.store.files.cards([replacement()]) for _ in range(2)]

    assert filed == [Filed(1), Filed(0)]
    assert status(kept) == ["closed", "open"]
    assert told(kept, 2) is Reason.TOLD


def test_a_closed_card_is_told_of_still(kept: Kept) -> None:
    """Shops go on charging the old number for months: a missed alert is worse than an extra one."""
    kept.subscribe(1)
    kept.store.files.cards([replacement()])

    assert told(kept, 1) is Reason.TOLD


def test_a_replacement_may_stand_beside_what_it_replaces(kept: Kept) -> None:
    """Both cards in one file, in either order; the whole file again changes nothing."""
    lines = [card_line(1), replacement()]

    assert [kept.store.files.cards(lines).changed for _ in range(2)] == [2, 0]
    assert status(kept) == ["closed", "open"]


def test_a_card_of_somebody_else_cannot_be_replaced(kept: Kept) -> None:
    """A slip in the file must not close a stranger's card; the other lines are kept."""
    kept.store.files.cards([card_line(1), card_line(3)])
    filed = kept.store.files.cards([replacement(customer="C2"), card_line(4)])

    assert filed == Filed(1, {0: "the card that it replaces is another customer's"})
    assert status(kept) == ["open", "open", "open"]


def test_a_card_does_not_replace_itself(kept: Kept) -> None:
    """It would be closed by its own line."""
    assert kept.store.files.cards([replacement(1, 1)]).refused == {0: "it replaces itself"}


def test_what_is_replaced_need_not_be_known(kept: Kept) -> None:
    """The old card was closed before our time."""
    assert kept.store.files.cards([replacement()]) == Filed(1)


@pytest.mark.parametrize("said", [CardStatus.BLOCKED, CardStatus.CLOSED, CardStatus.OPEN])
def test_a_status_is_kept_until_another_is_said(kept: Kept, said: CardStatus) -> None:
    """A file without the column leaves it as it is."""
    kept.store.files.cards([evolve(card_line(1), status=said)])
    kept.store.files.cards([card_line(1)])

    assert status(kept) == [said.value]


def apply_alone(kept: Kept, serial: int) -> None:
    """Somebody applies with a card that the card file does not know."""
    assert kept.store.people.execute(command(Operation.APPLY, card=card(serial)), rules(), NOW).result.good


def test_a_card_that_was_covered_alone_brings_its_subscription(kept: Kept) -> None:
    """It comes into the card file: the subscription is its holder's now."""
    apply_alone(kept, 1)
    kept.store.files.cards([card_line(1), card_line(2, customer="C1")])
    found = record(kept)

    assert found
    assert found.mobile == mobile(1)


def test_a_replaced_card_that_was_covered_alone_brings_it_too(kept: Kept) -> None:
    """Only its successor is in the card file."""
    apply_alone(kept, 1)
    kept.store.files.cards([replacement(2, 1, "C7")])

    assert record(kept, "C7")


def test_a_subscription_of_ones_own_is_kept(kept: Kept) -> None:
    """Whoever has one does not get that of a card covered alone."""
    kept.subscribe(2)
    apply_alone(kept, 1)
    kept.store.files.cards([card_line(1, customer="C2")])
    found = record(kept, "C2")

    assert found
    assert found.mobile == mobile(2)


def test_a_replaced_card_under_an_older_key_is_found(kept: Kept) -> None:
    """T-04: the keys were changed between the two files."""
    old, both = Keyring((OLDER_KEY,)), Keyring((KEY, OLDER_KEY))
    kept.store.files.cards([card_line(1, keyring=old)])
    line = evolve(card_line(2, customer="C1", keyring=both), replaces=card(1, both))

    assert kept.store.files.cards([line]).changed == 1
    assert status(kept) == ["closed", "open"]


# ---- subscriptions


def test_a_subscription_by_file_is_active_at_once(kept: Kept) -> None:
    """It was confirmed elsewhere; consent to news is only what the file says, the terms are kept (R-33, R-55)."""
    kept.store.import_cards([card_line(1), card_line(2)])
    kept.store.files.subscriptions([subscriber(), subscriber(2, news=True, terms="3")], NOW)
    one, two = record(kept), record(kept, "C2")

    assert one
    assert two
    assert (one.state.value, one.news, two.news, two.terms, two.activated_at) == ("active", False, True, "3", NOW)


def test_the_same_subscription_changes_nothing(kept: Kept) -> None:
    """A file twice, also twice in one batch; news that is not mentioned stays as it is."""
    kept.store.import_cards([card_line(1)])
    first = kept.store.files.subscriptions([subscriber(news=True), subscriber()], NOW)

    assert first == Filed(1)
    assert kept.store.files.subscriptions([subscriber()], NOW) == Filed(0)


@pytest.mark.parametrize("changed", [{"mobile": OTHER}, {"language": Language.TH}, {"news": True}])
def test_another_value_is_a_command_for_somebody(kept: Kept, changed: dict[str, Any]) -> None:
    """R-36: the file changes nothing behind the subscriber's back; whoever imports it sends a command."""
    kept.store.import_cards([card_line(1)])
    kept.store.files.subscriptions([subscriber()], NOW)
    before = record(kept)

    assert kept.store.files.subscriptions([subscriber(**changed)], NOW) == Filed(0, differing=(0,))
    assert record(kept) == before


@pytest.mark.parametrize("operation", [Operation.CANCEL, Operation.SUSPEND])
def test_a_file_does_not_bring_back_what_has_ended(kept: Kept, operation: Operation) -> None:
    """R-36, R-52: yesterday's file must not undo what the customer did this morning."""
    kept.subscribe(1)
    kept.store.people.execute(command(operation), rules(), NOW)
    filed = kept.store.files.subscriptions([subscriber()], NOW + 1)

    assert "a file does not change that" in filed.refused[0]


def test_a_subscription_needs_a_card(kept: Kept) -> None:
    """The others of the batch are kept."""
    kept.store.import_cards([card_line(1)])

    assert kept.store.files.subscriptions([subscriber(9), subscriber()], NOW) == Filed(
        1, {0: "this customer has no card here"}
    )


# ---- statements


def test_a_statement_of_a_card_that_is_unknown_is_refused(kept: Kept) -> None:
    """So is one of a debit card; the others are kept."""
    kept.store.import_cards([card_line(1), card_line(2, Kind.DEBIT)])
    lines = [StatementLine(card(serial), date(2026, 12, 5), 100, 10) for serial in (1, 2, 3)]
    filed = kept.store.files.statements(lines)

    assert filed == Filed(1, {1: "a debit card has no statement", 2: "this card is not on file"})


def test_the_last_line_about_a_statement_counts(kept: Kept) -> None:
    """Twice in one batch with other sums; the whole batch again changes nothing."""
    kept.store.import_cards([card_line(1)])
    lines = [StatementLine(card(1), date(2026, 12, 5), total, 0) for total in (100, 200)]

    assert [kept.store.files.statements(lines).changed for _ in range(2)] == [1, 0]
    assert kept.query("SELECT total FROM statement") == [(200,)]
