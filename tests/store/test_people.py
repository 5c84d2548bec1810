"""Commands in the store: the record, its SMS and its audit row are one commit, and a receipt makes it active."""

from sqlite3 import IntegrityError
from typing import Any

import pytest
from attrs import evolve

from iso_alert.domain.command import Actor, Answer, Operation, Record, Result, Via
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.domain.text import Language
from iso_alert.store.port import Confirmed, Lease, Taken
from tests.support.bank import NOW, card, card_line, mobile, sale
from tests.support.engines import ROUTE, Kept
from tests.support.people import AGENT, DAY, HOUR, MOBILE, OTHER, command, rules

APPLY, CANCEL, SUSPEND, RESUME = Operation.APPLY, Operation.CANCEL, Operation.SUSPEND, Operation.RESUME
INQUIRE, NUMBER, LANGUAGE = Operation.INQUIRE, Operation.CHANGE_NUMBER, Operation.CHANGE_LANGUAGE


def do(kept: Kept, operation: Operation, now: float = NOW, key: str | None = None, **asked: Any) -> Answer:
    return kept.store.people.execute(command(operation, **asked), rules(), now, key)


def record(kept: Kept, serial: int = 1) -> Record:
    """The subscription of a card, which is there."""
    standing = kept.store.people.standing(card(serial))
    assert standing
    assert standing.record
    return standing.record


def state(kept: Kept, serial: int = 1) -> str:
    return record(kept, serial).state.value


def accept(kept: Kept, lease: Lease, confirms: bool = False, at: float = NOW + 1) -> None:
    kept.store.settle([Taken(lease.alert, 1, 1, ROUTE, (f"id{lease.alert}",), at, confirms)])


def deliver(kept: Kept, lease: Lease, word: str = "DELIVRD", at: float = NOW + 2) -> None:
    delivered = word == "DELIVRD"
    kept.store.settle([Confirmed(ROUTE, (f"id{lease.alert}",), lease.mobile, word, delivered, "000", at)])


def confirm(kept: Kept, now: float = NOW) -> None:
    """Let the one SMS that waits arrive."""
    (lease,) = kept.claim(now)
    accept(kept, lease, at=now)
    deliver(kept, lease, at=now)


@pytest.fixture
def bank(kept: Kept) -> Kept:
    """Customer 1 has two cards on file, customer 2 one."""
    kept.store.import_cards([card_line(1), evolve(card_line(3, customer="C1"), primary=False), card_line(2)])
    return kept


def reason(kept: Kept, serial: int, stan: int, now: float = NOW) -> Reason | None:
    (one,), _ = kept.record(sale(serial, stan, arrived_at=now), now=now)
    return one.decision.reason if one.decision else None


# Applying, and the receipt that makes it true.


def test_an_application_sends_the_confirming_sms(bank: Kept) -> None:
    """At once, in the language that was chosen, to the number that was given."""
    answer = do(bank, APPLY)
    (lease,) = bank.claim()

    assert (answer.result, answer.notices, state(bank)) == (Result.DONE, 1, "confirming")
    assert (lease.key, lease.mobile) == ("enrolled", MOBILE)
    assert lease.text == "Your K-mAlert service registration is successful."


def test_it_is_active_when_the_confirming_sms_has_arrived(bank: Kept) -> None:
    """R-35: not when it was sent, nor when the operator took it."""
    do(bank, APPLY)
    (lease,) = bank.claim()
    sent = state(bank)
    accept(bank, lease)
    accepted = state(bank)
    deliver(bank, lease)

    assert (sent, accepted, state(bank)) == ("confirming", "confirming", "active")
    assert record(bank).activated_at == NOW + 2


def test_where_an_operator_sends_no_receipts_acceptance_counts(bank: Kept) -> None:
    """DOMAIN section 5: the route's fall-back."""
    do(bank, APPLY)
    (lease,) = bank.claim()
    accept(bank, lease, confirms=True)

    assert state(bank) == "active"


def test_an_early_receipt_activates_too(bank: Kept) -> None:
    """The receipt overtook the answer to the submit_sm."""
    do(bank, APPLY)
    (lease,) = bank.claim()
    deliver(bank, lease)
    before = state(bank)
    accept(bank, lease)

    assert (before, state(bank)) == ("confirming", "active")


def test_an_sms_that_did_not_arrive_confirms_nothing(bank: Kept) -> None:
    """The operator gave up on it."""
    do(bank, APPLY)
    (lease,) = bank.claim()
    accept(bank, lease)
    deliver(bank, lease, "UNDELIV")

    assert state(bank) == "confirming"


def test_a_receipt_from_another_number_confirms_nothing(bank: Kept) -> None:
    """The number was changed meanwhile; the SMS to the new one decides."""
    do(bank, APPLY)
    (first,) = bank.claim()
    accept(bank, first)
    do(bank, NUMBER, NOW + 1, mobile=OTHER)
    deliver(bank, first)
    before = state(bank)
    confirm(bank, NOW + 3)

    assert (before, state(bank), record(bank).mobile) == ("confirming", "active", OTHER)


def test_a_receipt_of_an_earlier_application_confirms_nothing(bank: Kept) -> None:
    """Cancelled and applied again: the newer SMS must arrive."""
    do(bank, APPLY)
    (first,) = bank.claim()
    accept(bank, first)
    do(bank, CANCEL, NOW + 1)
    do(bank, APPLY, NOW + 2)
    deliver(bank, first, at=NOW + 3)

    assert state(bank) == "confirming"


def test_a_receipt_after_cancelling_changes_nothing(bank: Kept) -> None:
    """What was cancelled stays cancelled."""
    do(bank, APPLY)
    (lease,) = bank.claim()
    accept(bank, lease)
    do(bank, CANCEL, NOW + 1)
    deliver(bank, lease)

    assert state(bank) == "cancelled"


def test_nothing_is_told_before_it_is_active_nor_later(bank: Kept) -> None:
    """Meanwhile transactions are recorded with their reason; activation sends none of them."""
    do(bank, APPLY)
    before = reason(bank, 1, 1)
    confirm(bank)

    assert (before, reason(bank, 1, 2, NOW + 9)) == (Reason.NOT_ACTIVE, Reason.TOLD)
    assert [lease.key for lease in bank.claim(NOW + 9)] == ["approval"]


def test_all_cards_of_the_customer_are_covered(bank: Kept) -> None:
    """R-08: applied with one, told of each; nobody else is."""
    do(bank, APPLY, card=card(3))
    confirm(bank)

    assert [reason(bank, serial, 1) for serial in (1, 3, 2)] == [Reason.TOLD, Reason.TOLD, Reason.NOT_SUBSCRIBED]


def test_a_card_that_nobody_knows_is_covered_alone(kept: Kept) -> None:
    """And found again by that card only."""
    answer = do(kept, APPLY)
    confirm(kept)

    assert answer.standing
    assert [one.last4 for one in answer.standing.cards] == [card(1).last4]
    assert (state(kept), reason(kept, 1, 1), reason(kept, 2, 1)) == ("active", Reason.TOLD, Reason.NOT_SUBSCRIBED)


def test_a_card_that_was_seen_in_messages_can_be_enrolled(kept: Kept) -> None:
    """It was written down then, without a holder."""
    before = reason(kept, 1, 1)
    do(kept, APPLY)
    confirm(kept)

    assert (before, reason(kept, 1, 2), kept.count("card")) == (Reason.NOT_SUBSCRIBED, Reason.TOLD, 1)


def test_a_lone_card_takes_its_subscription_into_the_card_file(kept: Kept) -> None:
    """The bank's file names its holder later: he goes on being told, and all his cards with it."""
    do(kept, APPLY)
    confirm(kept)
    kept.store.import_cards([card_line(1), card_line(3, customer="C1")])
    standing = kept.store.people.standing(customer="C1")

    assert standing
    assert standing.record
    assert standing.record.state is SubscriptionState.ACTIVE
    assert reason(kept, 3, 1) is Reason.TOLD


# Suspending, cancelling, changing.


def test_a_suspension_is_in_force_with_the_next_message(bank: Kept) -> None:
    """R-52: recorded meanwhile with the reason, and not sent later."""
    do(bank, APPLY)
    confirm(bank)
    do(bank, SUSPEND, NOW + 1)
    meanwhile = reason(bank, 1, 1, NOW + 2)
    do(bank, RESUME, NOW + 3)

    assert (meanwhile, reason(bank, 1, 2, NOW + 4)) == (Reason.SUSPENDED, Reason.TOLD)
    assert len(bank.claim(NOW + 5)) == 1


def test_what_was_queued_before_a_cancel_may_go(bank: Kept) -> None:
    """The payment was told in time; the next one is silent."""
    do(bank, APPLY)
    confirm(bank)
    reason(bank, 1, 1, NOW + 1)
    do(bank, CANCEL, NOW + 2)

    assert reason(bank, 1, 2, NOW + 3) is Reason.NOT_ACTIVE
    assert [lease.key for lease in bank.claim(NOW + 4)] == ["approval", "unsubscribed"]


def test_a_changed_language_is_that_of_the_next_sms(bank: Kept) -> None:
    """R-09, R-38."""
    do(bank, APPLY)
    confirm(bank)
    answer = do(bank, LANGUAGE, NOW + 1, language=Language.TH)
    (lease,) = bank.lease(sale(1), now=NOW + 2)

    assert (answer.notices, lease.text[:4]) == (0, "ชำระ")


def test_a_changed_number_gets_the_next_sms(bank: Kept) -> None:
    """R-36: one notice to either number, in order, then only the new one is told."""
    do(bank, APPLY)
    confirm(bank)
    do(bank, NUMBER, NOW + 1, mobile=OTHER)
    (first,) = bank.claim(NOW + 2)
    accept(bank, first)
    (second,) = bank.claim(NOW + 2)
    (alert,) = bank.lease(sale(1), now=NOW + 2)

    assert [(one.key, one.mobile) for one in (first, second, alert)] == [
        ("number_new", OTHER),
        ("number_old", MOBILE),
        ("approval", OTHER),
    ]


def test_notices_of_one_customer_leave_in_order(bank: Kept) -> None:
    """The second is not leased before the first is settled; other customers do not wait."""
    do(bank, APPLY)
    do(bank, CANCEL, NOW + 1)
    do(bank, APPLY, NOW + 1, card=card(2), mobile=OTHER)

    assert [(lease.key, lease.mobile) for lease in bank.claim(NOW + 2)] == [("enrolled", MOBILE), ("enrolled", OTHER)]


# What time does.


def test_the_confirming_sms_comes_again(bank: Kept) -> None:
    """Once for each look that is due, however often somebody looks."""
    do(bank, APPLY)
    (first,) = bank.claim()
    accept(bank, first)
    looked = [bank.store.people.lapse(at, rules()) for at in (NOW + HOUR, NOW + 18 * HOUR, NOW + 18 * HOUR)]

    assert (looked, record(bank).confirmations) == ([0, 1, 0], 2)
    assert [lease.key for lease in bank.claim(NOW + 18 * HOUR)] == ["enrolled"]


def test_confirming_sms_do_not_pile_up(bank: Kept) -> None:
    """While the operator is away the one that waits is enough."""
    do(bank, APPLY)
    for hours in range(18, 72):
        bank.store.people.lapse(NOW + hours * HOUR, rules())

    assert (bank.count("alert"), state(bank)) == (1, "confirming")


def test_an_unconfirmed_application_expires(bank: Kept) -> None:
    """After 72 hours; a receipt that comes later still changes nothing, applying again does."""
    do(bank, APPLY)
    (lease,) = bank.claim()
    accept(bank, lease)
    bank.store.people.lapse(NOW + 72 * HOUR, rules())
    expired = state(bank)
    deliver(bank, lease, at=NOW + 73 * HOUR)

    assert (expired, state(bank)) == ("expired", "expired")
    assert do(bank, APPLY, NOW + 74 * HOUR).result is Result.DONE


def test_what_is_active_does_not_lapse(bank: Kept) -> None:
    """Nobody looks at it again."""
    do(bank, APPLY)
    confirm(bank)

    assert bank.store.people.lapse(NOW + 99 * DAY, rules()) == 0


# Keys.


def test_the_same_request_is_carried_out_once(bank: Kept) -> None:
    """The stored answer, and no second SMS; across a restart too."""
    first = do(bank, APPLY, key="k1")
    bank.reopen()
    second = do(bank, APPLY, NOW + 5, key="k1")

    assert second == evolve(first, repeat=True, notices=0)
    assert (bank.count("alert"), bank.count("audit")) == (1, 1)


def test_the_stored_answer_is_that_of_its_time(bank: Kept) -> None:
    """Also when the subscription has changed since."""
    do(bank, APPLY, key="k1")
    do(bank, CANCEL, NOW + 1)
    again = do(bank, APPLY, NOW + 2, key="k1")

    assert again.standing
    assert again.standing.record
    assert (again.standing.record.state.value, state(bank)) == ("confirming", "cancelled")


def test_a_key_serves_for_a_day(bank: Kept) -> None:
    """After it, the same key is a new request; what is old is forgotten."""
    do(bank, APPLY, key="k1")
    within = do(bank, APPLY, NOW + DAY - 1, key="k1")
    after = do(bank, APPLY, NOW + DAY, key="k1")
    bank.store.people.lapse(NOW + 3 * DAY, rules())

    assert (within.repeat, after.repeat, bank.count("answer")) == (True, False, 0)


def test_a_key_is_not_for_two_requests(bank: Kept) -> None:
    """Whoever uses it again for something else is told so, and nothing happens."""
    do(bank, APPLY, key="k1")
    other = do(bank, CANCEL, NOW + 1, key="k1")

    assert (other.result, other.field, state(bank)) == (Result.BAD_FIELD, "key", "confirming")


def test_an_atm_gets_the_stored_answer_whatever_it_says(bank: Kept) -> None:
    """DOMAIN section 6: its key is link, DE11, DE7 and DE41, and names the card as well."""
    atm = Actor("switch", Via.ATM)
    do(bank, APPLY, key="k1", actor=atm)
    again = do(bank, CANCEL, NOW + 1, key="k1", actor=atm)

    assert (again.result, again.repeat, state(bank)) == (Result.DONE, True, "confirming")


def test_other_answers_may_be_kept_too(bank: Kept) -> None:
    """The first one stays, for a day."""
    people = bank.store.people
    people.keep_answer("k", "one", NOW)
    people.keep_answer("k", "two", NOW + 1)

    assert [people.answered("k", NOW + at) for at in (0, DAY - 1, DAY)] == ["one", "one", None]


# What may be known.


def test_standings_are_found_by_card_customer_and_number(bank: Kept) -> None:
    """And are nothing when nobody is there."""
    do(bank, APPLY)
    people = bank.store.people
    by_card, by_name = people.standing(card(3)), people.standing(customer="C1")

    assert by_card
    assert by_name
    assert (by_card.customer, evolve(by_card, used=None)) == (by_name.customer, by_name)
    assert [one.ref for one in people.with_mobile(MOBILE)] == ["C1"]
    assert (people.standing(card(9)), people.standing(customer="C9"), people.with_mobile(mobile(9))) == (None, None, [])


def test_applications_wait_in_order(bank: Kept) -> None:
    """The oldest first, until the bank has decided (R-31)."""
    people, careful = bank.store.people, rules(needs_approval=True)
    for serial, at in ((2, NOW), (1, NOW + 1)):
        people.execute(command(APPLY, card=card(serial), mobile=mobile(serial)), careful, at)
    waiting = [one.ref for one in people.applications()]
    people.execute(command(Operation.REFUSE, card=card(2)), careful, NOW + 2)

    assert (waiting, [one.ref for one in people.applications()]) == (["C2", "C1"], ["C1"])


def test_who_is_not_verified_learns_nothing(bank: Kept) -> None:
    """Not even whether there is a subscription."""
    do(bank, APPLY)
    answer = do(bank, INQUIRE, verified=False)

    assert answer == Answer(Result.NOT_VERIFIED)


def test_blocked_cards_and_companies_are_known(bank: Kept) -> None:
    """From the card file, by whoever imports it (R-30)."""
    blocked, company = "UPDATE card SET status = 'blocked' WHERE customer = 1", "UPDATE customer SET is_natural = 0"
    for sql in (blocked, company):
        bank.query(sql)

    assert do(bank, APPLY).result is Result.CARD_BLOCKED
    assert do(bank, APPLY, card=card(2)).result is Result.NOT_NATURAL


# The kill switch.


def test_the_kill_switch_stops_everybody_at_once(bank: Kept) -> None:
    """R-52, T-18: without a restart, with its reason, and what happened meanwhile is not sent later."""
    do(bank, APPLY)
    confirm(bank)
    people, story = bank.store.people, []
    for stan, stopped in enumerate((True, False), 1):
        people.set_stopped(stopped, AGENT, NOW + stan, "drill")
        story.append((people.stopped(), reason(bank, 1, stan, NOW + stan)))

    assert story == [(True, Reason.STOPPED), (False, Reason.TOLD)]
    assert [lease.key for lease in bank.claim(NOW + 9)] == ["approval"]


def test_the_kill_switch_survives_a_restart(bank: Kept) -> None:
    """Until somebody says otherwise."""
    bank.store.people.set_stopped(True, AGENT, NOW)
    bank.reopen()

    assert bank.store.people.stopped()


# All or nothing.


def test_a_command_that_cannot_be_written_has_not_happened(bank: Kept) -> None:
    """Neither the record, nor its SMS, nor the row of the trail."""
    bank.query("CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(IntegrityError, match="broken"):
        do(bank, APPLY)

    assert [bank.count(table) for table in ("subscription", "alert", "audit", "answer")] == [0, 0, 0, 0]
