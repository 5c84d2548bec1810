"""The card file and the subscriptions: twice is as once, and a change is a change."""

import pytest
from attrs import evolve

from iso_alert.domain.card import Keyring, Kind
from iso_alert.domain.reason import Reason
from iso_alert.domain.text import Language
from tests.support.bank import KEY, NOW, OLDER_KEY, card, card_line, sale, subscription_line
from tests.support.engines import Kept


def told(kept: Kept, serial: int, stan: int) -> Reason | None:
    (one,), _ = kept.record(sale(serial, stan))
    return one.decision.reason if one.decision else None


def test_importing_twice_changes_nothing(kept: Kept) -> None:
    """The second run of the same file reports no change."""
    lines = [card_line(1), card_line(2)]

    assert [kept.store.import_cards(lines) for _ in range(2)] == [2, 0]
    assert [kept.store.import_subscriptions([subscription_line(1)], NOW) for _ in range(2)] == [(1, []), (0, [])]


CHANGED = {
    "kind": evolve(card_line(1), kind=Kind.DEBIT),
    "primary": evolve(card_line(1), primary=False),
    "customer": evolve(card_line(1), customer="C9"),
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_changed_card_is_changed(kept: Kept, change: str) -> None:
    """Once; the run after that changes nothing again."""
    kept.store.import_cards([card_line(1)])

    assert [kept.store.import_cards([CHANGED[change]]) for _ in range(2)] == [1, 0]
    assert kept.count("card") == 1


def test_a_card_that_moves_is_told_to_its_new_owner(kept: Kept) -> None:
    """A card belongs to one customer; the file says to whom."""
    kept.subscribe(1, 2)
    kept.store.import_cards([card_line(1, customer="C2")])
    (lease,) = kept.lease(sale(1))

    assert kept.texts([lease]) == [("C2", "approval")]


def test_a_card_that_was_seen_before_its_file_is_the_same_card(kept: Kept) -> None:
    """Its messages of before stay its own."""
    before = told(kept, 1, 1)
    kept.subscribe(1)

    assert (before, told(kept, 1, 2)) == (Reason.NOT_SUBSCRIBED, Reason.TOLD)
    assert kept.count("card") == 1


def test_all_cards_of_a_customer_are_covered(kept: Kept) -> None:
    """Subscribed with one, told of each (R-08)."""
    kept.store.import_cards([card_line(1), card_line(2, customer="C1")])
    kept.store.import_subscriptions([subscription_line(1)], NOW)

    assert [told(kept, 1, 1), told(kept, 2, 1)] == [Reason.TOLD, Reason.TOLD]


def test_a_subscription_needs_a_card(kept: Kept) -> None:
    """A customer whom the card file does not name is reported, and the others are kept."""
    kept.store.import_cards([card_line(1)])

    assert kept.store.import_subscriptions([subscription_line(9), subscription_line(1)], NOW) == (1, ["C9"])
    assert told(kept, 1, 1) is Reason.TOLD


def test_a_customer_whose_last_card_left_has_none(kept: Kept) -> None:
    """That the customer was known once does not make a subscription useful."""
    kept.store.import_cards([card_line(1)])
    kept.store.import_cards([card_line(1, customer="C2")])

    assert kept.store.import_subscriptions([subscription_line(1)], NOW) == (0, ["C1"])


def test_a_changed_subscription_counts_with_the_next_message(kept: Kept) -> None:
    """The language is that of the moment at which the SMS is written."""
    kept.subscribe(1)
    (english,) = kept.lease(sale(1, 1))
    kept.take(english)
    changed, _ = kept.store.import_subscriptions([subscription_line(1, Language.TH)], NOW)
    (thai,) = kept.lease(sale(1, 2))

    assert (changed, english.text[:4], thai.text[:4]) == (1, "Paid", "ชำระ")


def test_an_import_meets_an_older_key(kept: Kept) -> None:
    """A card under an older key is found, and moves to the newest even when the file changes nothing else of it."""
    old, both, new = Keyring((OLDER_KEY,)), Keyring((KEY, OLDER_KEY)), Keyring((KEY,))
    kept.store.import_cards([card_line(1, keyring=old)])
    kept.store.import_subscriptions([subscription_line(1)], NOW)
    kept.store.import_cards([card_line(1, keyring=both)])
    (lease,) = kept.lease(sale(1, card=card(1, new)))

    assert (kept.count("card"), kept.texts([lease])) == (1, [("C1", "approval")])


def test_nothing_of_a_card_number_is_kept(kept: Kept) -> None:
    """A token, which is as long as a digest and the name of its key, and four digits."""
    kept.subscribe(1)

    assert kept.query("SELECT length(token), length(last4) FROM card") == [(36, 4)]
