"""Disclosure under a legal duty: two people, a reference, masked, and in the audit trail itself (R-53)."""

import json
from typing import Any

import pytest

from iso_alert.domain.command import Actor, Via
from iso_alert.store.disclosures import Disclosure, NotAllowed
from tests.demo.day import card_numbers
from tests.support.bank import NOW, card, mobile, sale
from tests.support.engines import Kept

ANNA, BEN = Actor("anna", Via.CLI, "host"), Actor("ben", Via.CLI, "host")
DAY = 86_400.0


def ask(kept: Kept, *customers: str, actor: Actor = ANNA, since: float = NOW - DAY, until: float = NOW + DAY) -> int:
    return kept.store.disclosures.request(customers or ("C1",), since, until, "order 123/2569", actor, NOW)


def approve(kept: Kept, number: int, actor: Actor = BEN) -> Disclosure:
    return kept.store.disclosures.approve(number, actor, NOW + 60)


def told(kept: Kept, *customers: str, **span: float) -> list[dict[str, Any]]:
    """What is told once both have agreed."""
    disclosure = approve(kept, ask(kept, *customers, **span))  # type: ignore[arg-type]
    return [dict(record) for record in kept.store.disclosures.export(disclosure)]


def kinds(records: list[dict[str, Any]]) -> list[str]:
    return [record["record"] for record in records]


@pytest.fixture
def bank(kept: Kept) -> Kept:
    """Customers 1 and 2 were told of a purchase each."""
    kept.subscribe(1, 2)
    kept.record(sale(1), sale(2))
    return kept


def test_what_is_told(bank: Kept) -> None:
    """The customer, the subscription, the payments, the SMS; of this customer only."""
    records = told(bank)
    customer, subscription, payment, sms = records[:4]

    assert kinds(records)[:4] == ["customer", "subscription", "payment", "sms"]
    assert {record["customer"] for record in records} == {"C1"}
    assert [one["last4"] for one in customer["cards"]] == [card(1).last4]
    assert (payment["amount"], payment["currency"], payment["last4"]) == ("2,500.00", "THB", card(1).last4)
    assert subscription["mobile"] == sms["mobile"] == "+66*****0001"


def test_it_is_masked(bank: Kept) -> None:
    """T-06, T-07: no card number, no whole mobile number."""
    text = json.dumps(told(bank, "C1", "C2"), ensure_ascii=False)

    assert card_numbers(text) == []
    assert not [serial for serial in (1, 2) if mobile(serial) in text]


def test_nothing_outside_its_time_is_told(bank: Kept) -> None:
    """A month before and a month after: who the customer is, and nothing that happened."""
    before = told(bank, since=NOW - 60 * DAY, until=NOW - 30 * DAY)

    assert kinds(before) == ["customer", "subscription"]


def test_many_records_come_page_by_page(bank: Kept) -> None:
    """More than a page holds: each once, in order."""
    bank.query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2100) "
        "INSERT INTO alert (id, lane, customer, key, mobile, language, text, state, not_before) "
        f"SELECT {int(NOW * 1e6) + 1000} + i, -1, (SELECT id FROM customer WHERE ref = 'C1'), 'news', '+66812345678', "
        "'en', 'News', 'accepted', 0 FROM n"
    )
    times = [record["at"] for record in told(bank) if record["record"] == "sms"]

    assert len(times) == 2101
    assert times == sorted(times)


BARRED = {
    "who asked for it": (ANNA, "another person must"),
    "who asked, with a token": (Actor("anna.k", Via.CLI, "anna at host"), "another person must"),
}


@pytest.mark.parametrize("who", BARRED)
def test_two_people_are_two(bank: Kept, who: str) -> None:
    """R-53: nobody approves what he asked for, nor under another name from the same account."""
    actor, why = BARRED[who]
    number = ask(bank)

    with pytest.raises(NotAllowed, match=why):
        approve(bank, number, actor)


def test_the_owner_of_a_token_is_no_second_person_at_his_own_account(bank: Kept) -> None:
    """Asked with the token, approved without it."""
    number = ask(bank, actor=Actor("anna.k", Via.CLI, "anna at host"))

    with pytest.raises(NotAllowed, match="another person must"):
        approve(bank, number, ANNA)


def test_two_owners_of_tokens_may_share_an_account(bank: Kept) -> None:
    """Each has shown a secret of his own."""
    number = ask(bank, actor=Actor("anna.k", Via.CLI, "root at host"))

    assert approve(bank, number, Actor("ben.s", Via.CLI, "root at host")).approved_by == "ben.s"


def test_it_is_approved_once(bank: Kept) -> None:
    """A second approval would be a second disclosure."""
    number = ask(bank)
    approve(bank, number)

    with pytest.raises(NotAllowed, match="ben has approved it already"):
        approve(bank, number)


def test_nothing_is_told_before_it_is_approved(bank: Kept) -> None:
    """The request alone opens nothing."""
    ask(bank)
    (disclosure,) = bank.store.disclosures.disclosures()

    with pytest.raises(NotAllowed, match="not approved"):
        list(bank.store.disclosures.export(disclosure))


def test_there_must_be_something_to_approve(bank: Kept) -> None:
    """A number that nobody has asked under."""
    with pytest.raises(NotAllowed, match="no such request"):
        approve(bank, 99)


def test_a_stranger_cannot_be_disclosed(bank: Kept) -> None:
    """A slip in a customer's name is told at once, and nothing is kept of the request."""
    with pytest.raises(NotAllowed, match="not on file: C9"):
        ask(bank, "C1", "C9")

    assert list(bank.store.disclosures.disclosures()) == []


def test_everything_is_in_the_audit_trail(bank: Kept) -> None:
    """Who asked, who was refused, who approved, for which customer, under which order."""
    number = ask(bank, "C1", "C2")
    with pytest.raises(NotAllowed):
        approve(bank, number, ANNA)
    approve(bank, number)
    rows = [row.entry for row in bank.store.people.audit()]
    said = [(row.operation, row.outcome, row.actor.name, row.customer) for row in rows]

    assert said == [
        (operation, outcome, who, customer)
        for operation, outcome, who in (
            ("disclose_request", "00", "anna"), ("disclose", "05", "anna"), ("disclose", "00", "ben")
        )
        for customer in ("C1", "C2")
    ]  # fmt: skip
    assert all("order 123/2569" in row.after for row in rows)
    assert bank.store.people.verify_audit() == []
