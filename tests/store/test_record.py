"""Recording: once, in order, whole batches that speak of themselves, and the leases that come of it."""

from collections.abc import Sequence

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iso_alert.domain.card import Keyring, Kind
from iso_alert.domain.event import Event
from iso_alert.domain.money import Money
from iso_alert.domain.reason import Reason
from iso_alert.domain.transaction import Transaction
from iso_alert.store.bundle import Batch, Bundle
from iso_alert.store.parcels import HEAD, unwrap, wrap
from tests.support.bank import KEY, NOW, OLDER_KEY, again, book, card, card_line, reversal, sale, subscription_line
from tests.support.engines import ENGINES, Kept, sqlite


def reasons(kept: Kept, *batch: Transaction) -> list[Reason | None]:
    """What was decided on each, None for a repeat."""
    recorded, _ = kept.record(*batch)
    return [one.decision.reason if one.decision else None for one in recorded]


def test_a_message_is_recorded_once(kept: Kept) -> None:
    """A repeat has the number of the first copy, no decision of its own, and makes no alert."""
    kept.subscribe(1)
    first, alerts = kept.record(sale(), room=5)
    second, none = kept.record(again(sale()), room=5)

    assert (second[0].number, second[0].repeat) == (first[0].number, True)
    assert (len(alerts), none) == (1, [])
    assert kept.count("txn") == 1


@pytest.mark.parametrize("of", [sale(card=None), sale(timed=False), sale(card=None, timed=False)])
def test_a_repeat_is_found_by_what_the_message_has(kept: Kept, of: Transaction) -> None:
    """It may name no card, and no time that its repeat must name too."""
    first, _ = kept.record(of)
    second, _ = kept.record(sale(7), again(of), sale(8))

    assert [one.repeat for one in second] == [False, True, False]
    assert second[1].number == first[0].number
    assert kept.count("txn") == 3


def test_a_repeat_in_the_same_batch_is_a_repeat(kept: Kept) -> None:
    """A host that loses patience may send both copies in one breath."""
    kept.subscribe(1)

    recorded, leases = kept.record(sale(), again(sale()), again(sale()), room=5)

    assert [one.repeat for one in recorded] == [False, True, True]
    assert len({one.number for one in recorded}) == 1
    assert len(leases) == 1


def test_several_batches_are_one_commit(kept: Kept) -> None:
    """In their order, whether they come open or closed: what one of them repeats is found in those before it."""
    kept.subscribe(1)
    closed = Bundle.of([sale(1, 2), again(sale(1, 1))])
    committed = kept.store.commit([[sale(1, 1)], closed, [again(sale(1, 2))]], book(), NOW, 5, True)

    assert [one.repeat for one in committed.each] == [False, False, True, True]
    assert kept.count("txn") == 2


def test_a_closed_batch_is_a_batch() -> None:
    """Of a length that is known, with messages that can be read; and on the wire it is what it holds."""
    batch = [sale(1, 1), sale(1, 2)]
    closed = Bundle.of(batch)

    assert (len(closed), [*closed], closed[1]) == (2, batch, batch[1])
    assert unwrap(wrap(closed)[HEAD.size :]) == batch
    assert "sealed" not in repr(closed)


def test_a_batch_comes_as_it_was_sent() -> None:
    """To the writer it goes as plain tuples, and is messages again there: with all that few of them have."""
    sent = Batch(
        [sale(1), reversal(sale(2), reversed=Money(7)), sale(3).but(card=None, balances=((Kind.DEBIT, Money(9)),))]
    )
    came = unwrap(wrap(sent)[HEAD.size :])

    assert (came, [*map(type, came)]) == (sent, [Transaction] * 3)
    assert [one.values() for one in came] == [one.values() for one in sent]


def test_a_batch_is_counted_by_what_it_came_to(kept: Kept) -> None:
    """By event, channel and reason; message by message only for who asks."""
    kept.subscribe(1)
    batch = [sale(1, 1), sale(2, 1), again(sale(1, 1))]
    counted = kept.store.commit([batch], book(), NOW, 5, False)
    each = kept.store.commit([[sale(1, 2)]], book(), NOW, 0, True)

    assert counted.outcomes == {
        ("purchase", "edc", "told", True): 1,
        ("purchase", "edc", "not_subscribed", False): 1,
    }
    assert (counted.repeats, counted.halves, counted.alerts, len(counted.leases), counted.each) == (1, 0, 1, 1, ())
    assert ([one.repeat for one in each.each], each.leases) == ([False], [])


def test_a_repeat_after_a_restart_is_a_repeat(kept: Kept) -> None:
    """The answer was lost with the process; the message was not."""
    kept.subscribe(1)
    kept.record(sale())
    kept.reopen()

    assert reasons(kept, again(sale())) == [None]
    assert kept.count("alert") == 1


def test_a_repeat_is_known_while_keys_change(kept: Kept) -> None:
    """A newer key changes the token, not the message."""
    old, both = Keyring((OLDER_KEY,)), Keyring((KEY, OLDER_KEY))
    kept.record(sale(card=card(1, old)))

    assert reasons(kept, again(sale(card=card(1, both)))) == [None]


def test_a_token_moves_to_the_newest_key(kept: Kept) -> None:
    """A card that was written under an older key is found, and from then on under the newer one alone."""
    old, both, new = Keyring((OLDER_KEY,)), Keyring((KEY, OLDER_KEY)), Keyring((KEY,))
    kept.store.import_cards([card_line(1, keyring=old)])
    kept.store.import_subscriptions([subscription_line(1)], NOW)

    assert reasons(kept, sale(stan=1, card=card(1, both))) == [Reason.TOLD]
    assert reasons(kept, sale(stan=2, card=card(1, new))) == [Reason.TOLD]
    assert kept.count("card") == 1


@pytest.mark.parametrize("differs", ["key", "card", "stan"])
def test_two_messages_are_two(kept: Kept, differs: str) -> None:
    """The key, the card and the STAN together name a message; either of them alone may come again."""
    kept.record(sale(), {"key": sale(key=99), "card": sale(card=card(2)), "stan": sale().but(stan="000077")}[differs])

    assert kept.count("txn") == 2


def test_messages_of_one_batch_speak_of_each_other(kept: Kept) -> None:
    """A sale and its reversal that arrive together are told both, and in order."""
    kept.subscribe(1)

    assert reasons(kept, sale(), reversal(sale())) == [Reason.TOLD, Reason.CANCELLATION_TOLD]
    assert [lease.key for lease in kept.claim()] == ["approval"]


@pytest.mark.parametrize("together", [True, False])
def test_a_reversal_is_judged_alike_in_its_own_batch(kept: Kept, together: bool) -> None:
    """What a message comes to does not depend on how the journal happened to cut its batches."""
    kept.subscribe(1)
    story = [sale(), reversal(sale()), reversal(sale(), stan="000009", key=9), sale(stan=2)]
    found = reasons(kept, *story) if together else [reasons(kept, one)[0] for one in story]

    assert found == [Reason.TOLD, Reason.CANCELLATION_TOLD, Reason.ALREADY_CANCELLED, Reason.TOLD]


CUTS = st.lists(st.booleans(), min_size=7, max_size=7)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cuts=CUTS)
def test_batches_may_be_cut_anywhere(tmp_path_factory: pytest.TempPathFactory, cuts: list[bool]) -> None:
    """The same messages in the same order come to the same decisions, however they are grouped."""
    for make in ENGINES.values():
        kept = make(tmp_path_factory.mktemp("cut"))
        kept.subscribe(1, 2)
        found, batch = [], list[Transaction]()
        for message, cut in zip(LIFE, [*cuts, True], strict=True):
            batch.append(message)
            if cut:
                found += reasons(kept, *batch)
                batch = []
        kept.store.close()

        assert found == COMES_TO


LIFE = [
    sale(1, 1), sale(2, 1), reversal(sale(1, 1)), again(sale(1, 1)), sale(1, 2, amount=Money(99_999)),
    reversal(sale(1, 2, amount=Money(99_999))), reversal(sale(2, 1)), again(reversal(sale(2, 1))),
]  # fmt: skip
COMES_TO = [
    Reason.TOLD, Reason.TOLD, Reason.CANCELLATION_TOLD, None, Reason.BELOW_THRESHOLD,
    Reason.ORIGINAL_NOT_TOLD, Reason.CANCELLATION_TOLD, None,
]  # fmt: skip


# One payment by one RRN, as an authorisation, a sale and a sale of another terminal's count, and what takes it back.
AUTHORISED = sale(1, 1).but(key=71, stan="000007", mti="0100", facts=evolve(sale().facts, mti_class="1"))
ALIKE = [
    sale(1, 1), AUTHORISED, sale(1, 1).but(key=72, stan="000008"), sale(1, 2), sale(2, 1),
    reversal(sale(1, 1), original=None, stan="000009"), reversal(sale(1, 1), key=73), reversal(AUTHORISED, key=74),
    reversal(sale(1, 1), key=75, original=None, stan="000010", reversed=Money(100)),
]  # fmt: skip


def came_to(kept: Kept, batches: Sequence[Sequence[Transaction]]) -> tuple[list[object], list[object], list[object]]:
    """Decisions, alerts and what became of each payment, once all is recorded."""
    kept.subscribe(1, 2)
    for batch in batches:
        kept.record(*batch)
    found: tuple[list[object], ...] = tuple(
        [[*row] for row in kept.query(sql)]
        for sql in (
            "SELECT stan, card, reason, matched_by, unmatched FROM txn ORDER BY id",
            "SELECT lane, key, text, state, not_before > 0 FROM alert ORDER BY id",
            "SELECT state, given_back FROM thread ORDER BY id",
        )
    )
    kept.store.close()
    return found[0], found[1], found[2]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations(ALIKE), cuts=st.lists(st.booleans(), min_size=len(ALIKE) - 1, max_size=len(ALIKE) - 1))
def test_in_any_order_batches_may_be_cut_anywhere(
    tmp_path_factory: pytest.TempPathFactory, order: list[Transaction], cuts: list[bool]
) -> None:
    """Messages that any of the others may mean come to what they come to one by one."""
    batches: list[list[Transaction]] = [[]]
    for message, cut in zip(order, [*cuts, False], strict=True):
        batches[-1].append(message)
        batches += [[]] if cut else []

    one_by_one = came_to(sqlite(tmp_path_factory.mktemp("one")), [[message] for message in order])
    assert came_to(sqlite(tmp_path_factory.mktemp("cut")), batches) == one_by_one


def test_the_original_is_found_after_a_restart(kept: Kept) -> None:
    """A sale of before the restart is told to be taken back after it."""
    kept.subscribe(1)
    kept.record(sale())
    kept.reopen()

    assert reasons(kept, reversal(sale())) == [Reason.CANCELLATION_TOLD]


def test_every_message_leaves_a_decision(kept: Kept) -> None:
    """A card that nobody knows is written down with what was decided, before any subscription is asked."""
    recorded, leases = kept.record(sale(7), sale(card=None, stan=8))

    assert [one.decision.reason for one in recorded if one.decision] == [Reason.NOT_SUBSCRIBED, Reason.NO_CARD]
    assert [one.decision.event for one in recorded if one.decision] == [Event.PURCHASE, Event.PURCHASE]
    assert (kept.count("txn"), leases) == (2, [])


def test_the_kind_of_the_card_file_counts(kept: Kept) -> None:
    """A debit card is told of 100 baht, a credit card is not."""
    kept.subscribe(1, kind=Kind.DEBIT)
    kept.subscribe(2, kind=Kind.CREDIT)
    small = Money(10_000)

    assert reasons(kept, sale(1, amount=small), sale(2, amount=small)) == [Reason.TOLD, Reason.BELOW_THRESHOLD]


def test_a_change_of_the_card_file_counts_at_once(kept: Kept) -> None:
    """The next message already finds the new subscription."""
    before = reasons(kept, sale(1, 1))
    kept.subscribe(1)

    assert (before, reasons(kept, sale(1, 2))) == ([Reason.NOT_SUBSCRIBED], [Reason.TOLD])


def test_an_empty_batch_is_nothing(kept: Kept) -> None:
    """A link whose window held only keep-alives has nothing to record."""
    assert kept.record() == ([], [])


def test_a_full_batch_of_the_journal_fits(kept: Kept) -> None:
    """256 messages of as many cards, each with its own number, in order."""
    recorded, _ = kept.record(*(sale(serial, serial) for serial in range(1, 257)))
    numbers = [one.number or 0 for one in recorded]

    assert numbers == sorted(set(numbers))
    assert kept.count("txn") == 256


# ---- leases that come with a commit


def test_no_more_leases_than_there_is_room(kept: Kept) -> None:
    """What the courier cannot send at once stays queued."""
    kept.subscribe(1, 2, 3)

    _, leases = kept.record(sale(1), sale(2), sale(3), room=2)

    assert kept.texts(leases) == [("C1", "approval"), ("C2", "approval")]
    assert kept.states() == ["sending", "sending", "queued"]


def test_one_open_alert_a_card(kept: Kept) -> None:
    """The second alert of a card is not leased while the first is open, in the same batch or a later one."""
    kept.subscribe(1)

    assert len(kept.lease(sale(1, 1), sale(1, 2))) == 1
    assert kept.lease(sale(1, 3)) == []
    assert kept.states() == ["sending", "queued", "queued"]


def test_a_lease_tells_what_the_courier_needs(kept: Kept) -> None:
    """The text is written, the number is E.164, and the time is that of the message and not of the commit."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale(arrived_at=NOW - 2))

    assert (lease.mobile, lease.key, lease.began_at) == ("+66810000001", "approval", NOW - 2)
    assert lease.text == f"Paid THB 2,500.00 by card no. x-{card().last4} @ COMPANY NAME 15:15"
    assert (lease.attempts, lease.doubts, lease.done) == (0, 0, frozenset())


def test_a_clock_that_goes_back_spoils_no_order(kept: Kept) -> None:
    """Numbers go up even when the time does not."""
    kept.subscribe(1)
    (first,), _ = kept.record(sale(1, 1), now=NOW)
    (second,), _ = kept.record(sale(1, 2), now=NOW - 3600)

    assert (second.number or 0) > (first.number or 0)
    assert kept.query("SELECT txn FROM alert ORDER BY id") == [(first.number,), (second.number,)]


@pytest.mark.parametrize("at_once", [False, True])
def test_a_waiting_cancellation_is_found_once(kept: Kept, at_once: bool) -> None:
    """It names only the RRN, which two messages of one card have: it takes back the first, in one batch as in two."""
    kept.subscribe(1)
    first = sale(1, 1)
    second = first.but(key=77, stan="000007", mti="0100", facts=evolve(first.facts, mti_class="1"))
    kept.record(reversal(first, original=None, stan="000009"))
    for batch in [(first, second)] if at_once else [(first,), (second,)]:
        kept.record(*batch)

    texts = [text.split()[0] for (text,) in kept.query("SELECT text FROM alert WHERE state = 'queued' ORDER BY id")]
    assert texts == ["Paid", "Reversed", "Paid"]
