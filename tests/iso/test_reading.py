"""What a message means to us: sums, decisions, keys, originals."""

from typing import Any

import pytest

from iso_alert.domain.card import Kind
from iso_alert.domain.money import BAHT, Money, by_code
from iso_alert.domain.transaction import Transaction
from iso_alert.iso.dialect import Decision, Dialect, Voice
from iso_alert.iso.merchant import Merchants, read_mcc_words
from iso_alert.iso.message import Message
from iso_alert.iso.profile import Place
from iso_alert.iso.reading import Action, FileAction, Ignored, NetworkManagement, Why, read
from tests.iso.messages import ARRIVED, PROFILES, message, speak


def transaction(changed: dict[str, str] | None = None, profile: str = "iso87-ascii", **settings: Any) -> Transaction:
    """What a changed purchase is read as."""
    reading = read(message(changed, profile, **settings), speak(profile, **settings), ARRIVED)
    assert isinstance(reading, Transaction), reading
    return reading


@pytest.mark.parametrize("profile", PROFILES)
def test_a_transaction_is_whole(profile: str) -> None:
    """It is made of its fields in their order, unseen by any check: made of its values by name it is the same."""
    read_ = transaction(profile=profile)
    said, merchant = read_.response_code, read_.merchant

    assert Transaction.of(**read_.values()) == read_
    assert (len(read_), read_.said, read_.stan, said, merchant) == (
        len(read_._fields),
        read_.facts.text,
        "000123",
        "",
        "-",
    )
    assert (read_.link, read_.mti[1:], read_.terminal, read_.key) == ("test", "200", "EDC00042", read_[1])
    assert (read_.happened_at, read_.amount, str(read_.card)) == (1795421702, Money(250000, BAHT), "*1111")


USD, JPY, KWD = by_code("USD"), by_code("JPY"), by_code("KWD")


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({}, Money(250000, BAHT)),
        ({"49": "THB"}, Money(250000, BAHT)),
        ({"49": "   "}, Money(250000, BAHT)),
        ({"49": "840", "6": "000000251130", "51": "764"}, Money(251130, BAHT)),
        ({"6": "000000999999", "51": "764"}, Money(999999, BAHT)),
        ({"49": "840", "5": "000000251130", "50": "764"}, Money(251130, BAHT)),
        ({"49": "840", "6": "000000007000", "51": "978"}, Money(250000, USD)),
        ({"49": "392", "4": "000000001250"}, Money(1250, JPY)),
        ({"49": "414", "4": "000000001250"}, Money(1250, KWD)),
        ({"49": "USD"}, Money(250000, USD)),
    ],
)
def test_amount(fields: dict[str, str], amount: Money) -> None:
    """The first amount in baht, billing before merchant before settlement; else what the merchant asked."""
    assert transaction(fields).amount == amount


def test_currency_of_the_link() -> None:
    """An EDC names no currency; its link does."""
    assert transaction({"49": "   "}, currency="840").amount == Money(250000, USD)


@pytest.mark.parametrize(
    ("de54", "credit", "debit"),
    [
        ("3002764C000045000000", 45000000, None),
        ("1002764D000000000100", None, -100),
        ("0002764C000000000100", 100, 100),
        ("3001764C000000009900" + "3002764C000045000000", 45000000, None),
        ("3002840C000000000100" + "3002764C000000000200", 200, None),
        ("000000050000", None, None),
        ("3002764X000045000000", None, None),
        ("3002764C00004500000", None, None),
    ],
)
def test_balances(de54: str, credit: int | None, debit: int | None) -> None:
    """Amount type 02, signed; the sets of another kind of account are not this card's; an EDC's tip is no set."""
    left = transaction({"54": de54})
    found = {kind: money.minor for kind in Kind if (money := left.balance(kind))}

    assert (found.get(Kind.CREDIT), found.get(Kind.DEBIT)) == (credit, debit)


def test_balance_by_profile() -> None:
    """Visa's hosts write what is left on a credit card as type 01, and its limit as 02."""
    sets = "3001764C0000123450003002764C000050000000"

    assert transaction({"54": sets}, "visa-side").balance(Kind.CREDIT) == Money(12345000)


@pytest.mark.parametrize(
    ("decision", "mti", "de39", "approved"),
    [
        (Decision.FEED, "0200", None, "yes"),
        (Decision.FEED, "0200", "  ", "yes"),
        (Decision.FEED, "0200", "00", "yes"),
        (Decision.FEED, "0200", "10", "yes"),
        (Decision.FEED, "0200", "01", "no"),
        (Decision.FEED, "0200", "85", "no"),
        (Decision.FEED, "0220", "51", "no"),
        (Decision.INLINE, "0200", None, "unknown"),
        (Decision.INLINE, "0220", None, "unknown"),
        (Decision.INLINE, "0200", "11", "yes"),
        (Decision.PAIRED, "0200", None, "unknown"),
        (Decision.PAIRED, "0200", "00", "unknown"),
        (Decision.PAIRED, "0210", "00", "yes"),
        (Decision.PAIRED, "0210", "05", "no"),
        (Decision.PAIRED, "0220", "00", "yes"),
    ],
)
def test_approved(decision: Decision, mti: str, de39: str | None, approved: str) -> None:
    """What DE39 says on each kind of link; `01` and `85` are not approved."""
    fields = {"t": mti, **({"39": de39} if de39 else {})}

    assert transaction(fields, decision=decision).facts.approved == approved


def test_a_paired_response_is_read_as_its_request() -> None:
    """It has the facts of the request, and the MTI that came."""
    response = transaction({"t": "0210", "39": "00"}, decision=Decision.PAIRED)

    assert (response.mti, response.facts.function) == ("0210", "0")


def spell(of: Transaction) -> int:
    """The span of time in which its repeats are looked for, as the column of that name has it."""
    return of.happened_at >> 8 if of.timed else 0


@pytest.mark.parametrize("changed", [{"t": "0201"}, {"39": "00"}, {"12": "999999"}, {"54": "0002764C000000000100"}])
def test_repeats_share_a_key(changed: dict[str, str]) -> None:
    """A repeat differs in the MTI's last digit, and perhaps in what the host learnt meanwhile."""
    assert transaction(changed).key == transaction().key


@pytest.mark.parametrize("changed", [{"t": "0201"}, {"39": "00"}, {"12": "999999"}, {"12": "101112", "13": "0102"}])
@pytest.mark.parametrize("sent", ["1123081502", "9999999999", "0000000000", None])
def test_repeats_are_looked_for_at_one_time(sent: str | None, changed: dict[str, str]) -> None:
    """Whatever has one key has one time to look at, or none: also where DE7 is no time and DE12 is written anew."""
    first, again = (message({"7": sent or "0000000000", **more}) for more in ({}, changed))
    if sent is None:
        first, again = (_without(one, {"7"}, {}) for one in (first, again))
    one, other = (read(each, speak(), ARRIVED) for each in (first, again))

    assert isinstance(one, Transaction)
    assert isinstance(other, Transaction)
    assert (one.key == other.key) == (sent is not None or "12" not in changed)
    assert one.key != other.key or spell(one) == spell(other)
    assert (spell(one) == 0) == (sent in ("9999999999", "0000000000"))


def test_a_message_without_any_time_has_none_to_look_at() -> None:
    """When it came tells nothing of when its repeat will."""
    nothing = read(_without(message(), {"7", "12"}, {}), speak(), ARRIVED)

    assert isinstance(nothing, Transaction)
    assert spell(nothing) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"t": "0220"},
        {"t": "0400"},
        {"11": "000124"},
        {"7": "1123081503"},
        {"41": "EDC00043"},
        {"2": "5555555555554444"},
    ],
)
def test_others_do_not(changed: dict[str, str]) -> None:
    """A reversal with the STAN of its original is another message."""
    assert transaction(changed).key != transaction().key


def test_a_key_without_any_time() -> None:
    """An EDC's STAN comes round; without a time the sum and the invoice keep two sales apart."""
    gone = {"7", "12", "13", "49"}
    base = message(profile="edc-bcd-tpdu")
    first, second = (_without(base, gone, {"4": amount}) for amount in ("000000010000", "000000020000"))
    keys = {read(each, speak("edc-bcd-tpdu"), ARRIVED).key for each in (first, second)}  # type: ignore[union-attr]

    assert len(keys) == 2


def _without(base: Message, gone: set[str], changed: dict[str, str]) -> Message:
    fields = {key: value for key, value in {**base.fields, **changed}.items() if key not in gone}
    return Message(mti=base.mti, fields=fields, card=base.card)


def test_a_key_fits_a_store() -> None:
    """64 bits with a sign, as SQLite and PostgreSQL count."""
    assert -(2**63) <= transaction().key < 2**63


@pytest.mark.parametrize(
    ("de90", "original"),
    [
        ("0200" + "000123" + "1123081502" + "00000970764" + "0" * 11, ("0200", "000123", "1123081502", "970764")),
        ("0200" + "000123" + "0" * 32, ("0200", "000123", "", "")),
        ("0" * 42, None),
        ("0200" + "000000" + "1123081502" + "0" * 22, None),
        (" " * 42, None),
        ("ORIGINAL UNKNOWN".ljust(42), None),
    ],
)
def test_original(de90: str, original: tuple[str, ...] | None) -> None:
    """What DE90 says of the original; zeros and nonsense say nothing, and cost nothing."""
    found = transaction({"t": "0400", "90": de90}).original

    assert (found and (found.mti, found.stan, found.transmitted, found.acquirer)) == original


@pytest.mark.parametrize(
    ("fields", "back"),
    [
        ({"t": "0400", "95": "000000100000" + "0" * 30}, Money(150000)),
        ({"t": "0400", "95": "0" * 42}, None),
        ({"t": "0400", "95": "000000250000" + "0" * 30}, None),
        ({"t": "0400", "95": " " * 42}, None),
        ({"t": "0200", "95": "000000100000" + "0" * 30}, None),
        ({"t": "0400", "49": "840", "95": "000000100000" + "0" * 30}, Money(150000, USD)),
    ],
)
def test_partial_reversal(fields: dict[str, str], back: Money | None) -> None:
    """DE4 less DE95, in the merchant's currency; only a reversal gives back."""
    read_ = transaction(fields)

    assert (read_.reversed, read_.facts.partial) == (back, "yes" if back else "no")


def test_voice_list() -> None:
    """A desk is known by its terminal, its merchant number or its NII."""
    for voice in (Voice(terminals=frozenset({"EDC00042"})), Voice(niis=frozenset({"999"}))):
        assert transaction({"24": "999"}, voice=voice).facts.voice_listed == "yes"
    assert transaction().facts.voice_listed == "no"


def test_merchant_in_order() -> None:
    """DE43, else the directory, else the category, else a dash."""
    known = Merchants({"EDC00042": "SOMTAM STALL", "M1/EDC00042": "M1'S STALL"}, read_mcc_words())
    names = [
        transaction({"43": "COMPANY NAME".ljust(40), "18": "5812"}, merchants=known).merchant,
        transaction({"43": " " * 40, "42": "M1".ljust(15)}, merchants=known).merchant,
        transaction({"18": "5812"}, merchants=known).merchant,
        transaction({"18": "5812"}, merchants=Merchants({}, read_mcc_words())).merchant,
        transaction().merchant,
    ]

    assert names == ["COMPANY NAME", "M1'S STALL", "SOMTAM STALL", "Restaurant", "-"]


def test_zero_approval_code_is_none() -> None:
    """Some hosts fill DE38 with zeros when nothing was approved."""
    zero, real = transaction({"38": "000000"}), transaction({"38": "A12345"})

    assert (zero.approval_code, zero.facts.approval_code) == ("", "no")
    assert (real.approval_code, real.facts.approval_code) == ("A12345", "yes")


@pytest.mark.parametrize(
    ("mti", "why"),
    [
        ("0210", Why.RESPONSE),
        ("0810", Why.RESPONSE),
        ("0830", Why.RESPONSE),
        ("0340", Why.NOTIFICATION),
        ("0600", Why.NOT_OFFERED),
        ("0000", Why.NOT_OFFERED),
        ("0260", Why.NOT_OFFERED),
        ("0302", Why.NO_ENROLMENT),
        ("1200", Why.WRONG_VERSION),
        ("9200", Why.WRONG_VERSION),
    ],
)
def test_ignored(mti: str, why: Why) -> None:
    """What is not ours, and why."""
    assert read(message({"t": mti}), speak(), ARRIVED) == Ignored(why)


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("001", Action.SIGN_ON),
        ("002", Action.SIGN_OFF),
        ("301", Action.ECHO),
        ("061", Action.OTHER),
        ("161", Action.OTHER),
    ],
)
def test_network_management(code: str, action: Action) -> None:
    """DE70 001, 002 and 301 have an effect, all others none."""
    assert read(message({"t": "0800", "70": code} if code else {"t": "0800"}), speak(), ARRIVED) == NetworkManagement(
        action, code
    )


@pytest.mark.parametrize(("mti", "mti_class"), [("0320", "3"), ("0321", "3"), ("0500", "5"), ("0520", "5")])
def test_batch_upload_and_settlement_are_recorded(mti: str, mti_class: str) -> None:
    """They are no purchases, and 0320 never reaches the file actions, even where those are welcome."""
    of = read(message({"t": mti}, enrolment=True), speak(enrolment=True), ARRIVED)

    assert isinstance(of, Transaction)
    assert of.facts.mti_class == mti_class


def test_file_action_hides_its_record() -> None:
    """The record holds a mobile number."""
    fields = {"t": "0302", "91": "1", "101": "KMALERT", "120": "01100812345678"}
    reading = read(message(fields, enrolment=True), speak(enrolment=True), ARRIVED)

    assert isinstance(reading, FileAction)
    assert (reading.operation, reading.file, reading.record) == ("1", "KMALERT", "01100812345678")
    assert "0812345678" not in repr(reading)


@pytest.mark.parametrize(
    ("profile", "field", "value", "indicator"),
    [
        ("visa-side", "60", "00000000050", "ecommerce"),
        ("visa-side", "60", "00000000020", "recurring"),
        ("visa-side", "60", "0000", ""),
        ("mastercard-side", "61", "00040000000", "recurring"),
        ("mastercard-side", "61", "20000000000", "no terminal"),
        ("mastercard-side", "61", "20050000000", "ecommerce"),
        ("iso87-ascii", "60", "00000000050", ""),
        ("iso93-ascii", "22", "510121113344", "moto"),
        ("iso93-ascii", "22", "510101113344", "no terminal"),
    ],
)
def test_indicator(profile: str, field: str, value: str, indicator: str) -> None:
    """What private fields say of a sale away from the counter, by profile."""
    assert transaction({field: value}, profile).facts.indicator == indicator


def test_invoice_is_no_place_for_a_card_number() -> None:
    """What is too long to be an invoice stays in the codec."""
    short, long = (transaction({"62": text}, "edc-bcd-tpdu").invoice for text in ("000345", "4111111111111111"))

    assert (short, long) == ("000345", "411111")  # the profile reads six characters
    assert Place("62").of({"62": "x" * 20}) == "x" * 20


def test_entry_mode_padded_on_the_right() -> None:
    """UnionPay writes 051 as 05 10, most others as 00 51 (DOMAIN, trap 11)."""
    assert transaction({}, "unionpay-pos").facts.entry_mode == "05"
    assert transaction({}, "edc-bcd-tpdu").facts.entry_mode == "05"


@pytest.mark.parametrize("profile", ["iso87-ascii", "iso93-ascii"])
def test_local_time(profile: str) -> None:
    """1987 has date and time apart, 1993 in one field with a year."""
    read_ = transaction({}, profile)

    assert (read_.local_date, read_.local_time) == ("1123", "151502")


def test_without_a_time_it_happened_on_arrival() -> None:
    """DE7, else DE12 and 13 in Bangkok, else the clock."""
    by_de7 = transaction()
    base = message()
    local = read(_without(base, {"7"}, {}), speak(), ARRIVED)
    nothing = read(_without(base, {"7", "12"}, {}), speak(), ARRIVED)
    assert isinstance(local, Transaction)
    assert isinstance(nothing, Transaction)

    assert (by_de7.happened_at, local.happened_at, nothing.happened_at) == (1795421702, 1795421702, int(ARRIVED))
    assert local.transmitted_at is None


def test_every_profile_reads_a_purchase() -> None:
    """The same purchase is the same to all of them."""
    from tests.iso.messages import PROFILES

    amounts = {transaction({}, profile).amount for profile in PROFILES}

    assert amounts == {Money(250000, BAHT)}


def test_dialect_is_a_value() -> None:
    """A link's settings can be told apart and compared."""
    assert isinstance(speak(), Dialect)
    assert speak(currency="840").currency != speak().currency
