"""What a command comes to (R-30 to R-40, R-55): every operation in every state, and what bars it."""

from itertools import product
from typing import Any, TypeAlias

import pytest

from iso_alert.domain.command import CoveredCard, Operation, Record, Result, Verdict
from iso_alert.domain.subscribing import INSTEAD, TAKEN, carry_out
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.domain.text import Language
from tests.support.bank import NOW
from tests.support.people import DAY, HOUR, MOBILE, OTHER, command, record, rules, standing

S: TypeAlias = SubscriptionState
Op: TypeAlias = Operation
R: TypeAlias = Result
# Result, the state afterwards and the SMS that leave; written from DOMAIN section 5, not from the code.
GRID = """
                 none             applied                 confirming              active                            suspended              cancelled              refused                expired
apply            00:confirming:enrolled 00:confirming:enrolled 00:confirming:enrolled 26:active:enrolled            28                     00:confirming:enrolled 05                     00:confirming:enrolled
approve          25               00:confirming:enrolled  12                      12                                28                     25                     00:confirming:enrolled 25
refuse           25               00:refused              12                      12                                28                     25                     25                     25
cancel           25               00:cancelled:unsubscribed 00:cancelled:unsubscribed 00:cancelled:unsubscribed     00:cancelled:unsubscribed 25                  25                     25
change_number    25               00:applied              00:confirming:enrolled  00:active:number_new,number_old   28                     25                     25                     25
change_language  25               00:applied              00:confirming           00:active                         28                     25                     25                     25
news_on          25               00                      00                      00                                28                     25                     25                     25
news_off         25               00:applied:news_off     00:confirming:news_off  00:active:news_off                00:suspended:news_off  25                     25                     25
suspend          25               00:suspended            00:suspended            00:suspended                      00                     00:suspended           00:suspended           00:suspended
resume           25               12                      12                      12                                00:active              25                     25                     25
inquire          25               00                      00                      00                                00                     00                     00                     00
"""  # noqa: E501
HEAD, *ROWS = map(str.split, GRID.strip().splitlines())
CELLS = {(Op(name), S(state)): cell for name, *cells in ROWS for state, cell in zip(HEAD, cells, strict=True)}


def told(verdict: Verdict) -> str:
    """The verdict as a cell of the grid."""
    keys = ",".join(notice.key for notice in verdict.notices)
    parts = [verdict.result.value, verdict.record.state.value if verdict.record else "", keys]
    return ":".join(parts).rstrip(":")


def do(operation: Op, of: Record | None, now: float = NOW, by: dict[str, Any] | None = None, **asked: Any) -> Verdict:
    return carry_out(command(operation, **asked), standing(of), rules(**(by or {})), now)


@pytest.mark.parametrize(("operation", "state"), list(product(Op, S)), ids=lambda it: it.value)
def test_every_operation_in_every_state(operation: Op, state: S) -> None:
    """As the grid says."""
    number = OTHER if operation is Op.CHANGE_NUMBER else MOBILE
    before = None if state is S.NONE else record(state)

    assert told(do(operation, before, mobile=number)) == CELLS[operation, state]


def test_tables_cover_every_operation_and_state() -> None:
    """Nothing is answered by falling through."""
    assert set(TAKEN) == set(Op)
    assert set(INSTEAD) == set(S)


# Applying.


def test_applying_is_consent_to_news() -> None:
    """R-33, unless the applicant says no."""
    consents = [do(Op.APPLY, None, news=news).record for news in (None, True, False)]

    assert [one.news for one in consents if one] == [True, True, False]


def test_the_agreed_terms_are_kept() -> None:
    """R-55."""
    kept = do(Op.APPLY, None, terms="2026-11").record

    assert kept
    assert kept.terms == "2026-11"


def test_other_terms_than_those_in_force_are_not_agreed_to() -> None:
    """R-55: a channel that shows an old version is told so."""
    verdict = do(Op.APPLY, None, terms="1", by={"terms": "2"})

    assert (verdict.result, verdict.field) == (R.BAD_FIELD, "terms")


@pytest.mark.parametrize("name", ["mobile", "language", "terms"])
def test_an_application_needs(name: str) -> None:
    """A number, a language, and agreed terms."""
    lacking: dict[str, Any] = {name: "" if name == "terms" else None}
    verdict = do(Op.APPLY, None, **lacking)

    assert (verdict.result, verdict.field, verdict.why) == (R.BAD_FIELD, name, f"{name} is missing")


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("021234567", "not a mobile number"),
        ("+14155550100", "not a Thai number"),
        ("0800", "no number that exists in Thailand"),
        ("hello", "no telephone number"),
    ],
    ids=["fixed line", "abroad", "impossible", "words"],
)
@pytest.mark.parametrize("operation", [Op.APPLY, Op.CHANGE_NUMBER])
def test_a_number_that_no_sms_reaches_is_refused_with_the_reason(operation: Op, number: str, why: str) -> None:
    """R-34: fixed lines and impossible numbers; the number itself is not told back."""
    verdict = do(operation, record(S.ACTIVE), mobile=number)

    assert (verdict.result, verdict.field, verdict.why) == (R.BAD_FIELD, "mobile", why)


def test_numbers_are_kept_in_one_form() -> None:
    """However they are written: E.164."""
    kept = do(Op.APPLY, None, mobile="081 000 0001").record

    assert kept
    assert kept.mobile == "+66810000001"


@pytest.mark.parametrize(
    ("network", "result"), [("AIS", R.DONE), ("DTAC", R.BAD_FIELD), ("", R.WAITS)], ids=["on", "off", "unknown"]
)
def test_only_participating_networks(network: str, result: R) -> None:
    """R-34: the prefix tells no network (numbers are portable), so where nobody looked it up a person decides."""
    assert do(Op.APPLY, None, network=network, by={"networks": frozenset({"AIS"})}).result is result


def test_every_network_participates_by_default() -> None:
    """R-11."""
    assert do(Op.APPLY, None, network="any").result is R.DONE


def test_where_the_bank_approves_an_application_waits() -> None:
    """R-31: no SMS before, and the approval asks for confirmation."""
    waits = do(Op.APPLY, None, by={"needs_approval": True})
    approved = do(Op.APPROVE, waits.record)

    assert (told(waits), told(approved)) == ("09:applied", "00:confirming:enrolled")


@pytest.mark.parametrize("state", [S.CONFIRMING, S.ACTIVE])
def test_who_was_approved_is_not_approved_again(state: S) -> None:
    """Applying again replaces the record, and needs no second approval."""
    again = do(Op.APPLY, record(state), by={"needs_approval": True})

    assert again.record
    assert again.record.state is state


def test_a_waiting_application_is_replaced_and_waits() -> None:
    """The newest number counts."""
    again = do(Op.APPLY, record(S.APPLIED), mobile=OTHER, by={"needs_approval": True})

    assert again.record
    assert (told(again), again.record.mobile) == ("09:applied", OTHER)


def test_a_refusal_stands_for_a_while() -> None:
    """R-31: whoever applies again within it is refused; afterwards it is an application like any other."""
    refused = record(S.REFUSED, changed_at=NOW)

    results = [do(Op.APPLY, refused, now=NOW + days * DAY).result for days in (0, 29, 30)]
    assert results == [R.REFUSED, R.REFUSED, R.DONE]


def test_applying_when_active_replaces_the_record() -> None:
    """The subscription stays active; a number that is replaced is told so, without any transaction data."""
    verdict = do(Op.APPLY, record(S.ACTIVE), mobile=OTHER, language=Language.TH, terms="2")

    assert verdict.record
    assert (verdict.result, verdict.record.mobile, verdict.record.terms) == (R.REPLACED, OTHER, "2")
    assert [(n.key, n.mobile) for n in verdict.notices] == [("enrolled", OTHER), ("number_old", MOBILE)]


def test_the_confirmation_begins_anew_with_every_application() -> None:
    """A number, once, with 72 hours to arrive."""
    asked = do(Op.APPLY, record(S.CONFIRMING, confirmations=3), mobile=OTHER).record

    assert asked
    assert (asked.confirmations, asked.confirm_until, asked.applied_at) == (1, NOW + 72 * HOUR, NOW)


# Cancelling and changing.


@pytest.mark.parametrize("state", [S.APPLIED, S.CONFIRMING, S.ACTIVE, S.SUSPENDED], ids=lambda it: it.value)
def test_cancelling_is_in_force_at_once_and_ends_news(state: S) -> None:
    """R-39: without approval, also where applications need one."""
    verdict = do(Op.CANCEL, record(state), by={"needs_approval": True})

    assert verdict.record
    assert (verdict.record.state, verdict.record.news, verdict.record.confirm_until) == (S.CANCELLED, False, None)
    assert [(n.key, n.mobile, n.language) for n in verdict.notices] == [("unsubscribed", MOBILE, Language.EN)]


@pytest.mark.parametrize("behind", [S.CANCELLED, S.REFUSED, S.EXPIRED], ids=lambda it: it.value)
@pytest.mark.parametrize("operation", [Op.CANCEL, Op.NEWS_OFF])
@pytest.mark.parametrize("news", [False, True])  # who never confirmed had consented all the same
def test_a_suspension_that_hides_nothing_has_nothing_to_cancel(operation: Op, behind: S, news: bool) -> None:
    """Who was barred after the end of his subscription has none."""
    hidden = record(S.SUSPENDED, suspended_from=behind, news=news)

    assert told(do(operation, hidden)) == "25"


def test_a_changed_number_is_in_force_at_once() -> None:
    """R-36: the confirmation goes to the new number and a notice to the old one; the subscription stays active."""
    verdict = do(Op.CHANGE_NUMBER, record(S.ACTIVE), mobile=OTHER, language=None)

    assert verdict.record
    assert (verdict.record.state, verdict.record.mobile) == (S.ACTIVE, OTHER)
    assert [(n.key, n.mobile) for n in verdict.notices] == [("number_new", OTHER), ("number_old", MOBILE)]


def test_the_same_number_is_no_change() -> None:
    """And causes no SMS."""
    assert told(do(Op.CHANGE_NUMBER, record(S.ACTIVE), mobile="0810000001")) == "00"


def test_number_and_language_may_change_together() -> None:
    """One message of the ATM may name both; then both notices are in the new language."""
    verdict = do(Op.CHANGE_NUMBER, record(S.ACTIVE), mobile=OTHER, language=Language.TH)

    assert verdict.record
    assert {verdict.record.language, *(notice.language for notice in verdict.notices)} == {Language.TH}


def test_the_language_changes_without_an_sms() -> None:
    """R-38, R-09; the terms that were agreed to again are kept."""
    verdict = do(Op.CHANGE_LANGUAGE, record(S.ACTIVE), language=Language.TH, terms="2")

    assert verdict.record
    assert (verdict.record.language, verdict.record.terms, verdict.notices) == (Language.TH, "2", ())


def test_news_end_and_alerts_stay() -> None:
    """R-40: one SMS, and only when there was something to end."""
    ended = do(Op.NEWS_OFF, record(S.ACTIVE))
    again = do(Op.NEWS_OFF, ended.record)

    assert (told(ended), told(again)) == ("00:active:news_off", "00")


def test_news_may_begin_again() -> None:
    """Consent is given anew."""
    begun = do(Op.NEWS_ON, record(S.ACTIVE, news=False)).record

    assert begun
    assert begun.news


def test_resuming_an_unconfirmed_subscription_asks_anew() -> None:
    """Its time did not run while it was suspended."""
    verdict = do(Op.RESUME, record(S.SUSPENDED, suspended_from=S.CONFIRMING, confirmations=4))

    assert verdict.record
    assert told(verdict) == "00:confirming:enrolled"
    assert verdict.record.confirm_until == NOW + 72 * HOUR


# What bars a command.


@pytest.mark.parametrize("operation", Op, ids=lambda it: it.value)
def test_nobody_who_is_not_verified_changes_anything(operation: Op) -> None:
    """R-32: the card's PIN, or the contact centre's questions."""
    assert do(operation, record(S.ACTIVE), verified=False) == Verdict(R.NOT_VERIFIED)


@pytest.mark.parametrize("operation", [Op.APPLY, Op.APPROVE])
def test_natural_persons_only(operation: Op) -> None:
    """R-30."""
    company = standing(record(S.APPLIED), natural=False)

    assert carry_out(command(operation), company, rules(), NOW) == Verdict(R.NOT_NATURAL)


@pytest.mark.parametrize("operation", Op, ids=lambda it: it.value)
def test_a_blocked_card_is_good_for_nothing(operation: Op) -> None:
    """A thief must not even cancel with it; the customer can, by name."""
    blocked = standing(record(S.ACTIVE), used=CoveredCard("0000", None, primary=True, blocked=True))

    assert carry_out(command(operation), blocked, rules(), NOW) == Verdict(R.CARD_BLOCKED)


def test_somebody_elses_card_is_no_proof() -> None:
    """A card and a customer that do not belong together."""
    verdict = carry_out(command(Op.CANCEL, customer="C9"), standing(record(S.ACTIVE)), rules(), NOW)

    assert verdict == Verdict(R.NO_SUCH_CARD)


def test_a_card_that_is_not_on_file_is_covered_alone() -> None:
    """The default; what is not subscribed cannot be changed."""
    verdicts = [carry_out(command(one), None, rules(), NOW).result for one in (Op.APPLY, Op.CANCEL, Op.INQUIRE)]

    assert verdicts == [R.DONE, R.NO_SUBSCRIPTION, R.NO_SUBSCRIPTION]


@pytest.mark.parametrize("operation", [Op.APPLY, Op.CANCEL], ids=lambda it: it.value)
def test_a_card_that_is_not_on_file_may_be_refused(operation: Op) -> None:
    """Where the bank says so."""
    assert carry_out(command(operation), None, rules(unknown_cards="refuse"), NOW) == Verdict(R.NO_SUCH_CARD)


def test_a_customer_applies_by_name_only_with_a_card_on_file() -> None:
    """There is nothing to cover without one (R-32)."""
    by_name = command(Op.APPLY, card=None, customer="C1")
    nobody = carry_out(by_name, None, rules(), NOW).result
    cardless = carry_out(by_name, standing(cards=(), used=None), rules(), NOW).result

    assert (nobody, cardless) == (R.NO_SUBSCRIPTION, R.NO_SUCH_CARD)
    assert carry_out(by_name, standing(used=None), rules(), NOW).result is R.DONE


# Privacy.


def test_nothing_prints_a_number() -> None:
    """T-07: commands, records, notices and answers show its last four digits."""
    applied = do(Op.APPLY, None)
    text = repr([command(Op.APPLY), applied, standing(applied.record)])

    assert MOBILE not in text
    assert "+66*****0001" in text


def test_the_texts_of_a_changed_number_hold_no_transaction_data() -> None:
    """To the old number goes not a digit: no card, no sum, no new number."""
    texts = [rules().texts.notice("number_old", language) for language in Language]

    assert not any(character.isdigit() for text in texts for character in text)


PUBLISHED = {
    ("unsubscribed", Language.TH): "ท่านได้ยกเลิกการใช้บริการแจ้งเตือนทาง SMS เมื่อใช้จ่ายผ่านบัตร (K-mAlert) เรียบร้อยแล้ว",
    ("unsubscribed", Language.EN): "Your K-mAlert service cancellation is successful.",
    ("news_off", Language.TH): "ท่านได้ยกเลิกบริการรับข่าวสารจากธนาคารเรียบร้อยแล้ว",
    ("news_off", Language.EN): "Your SMS News cancellation is successful.",
    ("enrolled", Language.TH): "ท่านได้สมัครใช้บริการแจ้งเตือนทาง SMS เมื่อใช้จ่ายผ่านบัตร (K-mAlert) เรียบร้อยแล้ว",
    ("enrolled", Language.EN): "Your K-mAlert service registration is successful.",
}


@pytest.mark.parametrize(("key", "language"), PUBLISHED, ids=lambda it: it if isinstance(it, str) else it.value)
def test_the_texts_are_the_agreed_ones(key: str, language: Language) -> None:
    """SERVICE.md and DOMAIN section 5, letter by letter."""
    assert rules().texts.notice(key, language) == PUBLISHED[key, language]


def test_every_result_of_a_command_is_reachable() -> None:
    """The rest of the list is the link's to say (24, 30) or the store's (29), or a bug (96)."""
    reached = {R(cell.partition(":")[0]) for cell in CELLS.values()}
    elsewhere = {R.WAITS, R.NO_SUCH_CARD, R.BAD_FIELD, R.NOT_NATURAL, R.CARD_BLOCKED, R.NOT_VERIFIED}  # tests above

    assert set(R) - reached - elsewhere == {R.NOT_OFFERED, R.NOT_STORED, R.FORMAT_ERROR, R.INTERNAL}


def test_a_refused_application_can_be_approved_after_all() -> None:
    """The bank decides at its own discretion (R-31)."""
    assert told(do(Op.APPROVE, record(S.REFUSED))) == "00:confirming:enrolled"


def test_a_record_without_changes_is_not_written() -> None:
    """Asking changes nothing."""
    assert do(Op.INQUIRE, record(S.ACTIVE)).record is None
