"""Merchants' names fit to be shown, and templates filled in."""

import re
import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iso_alert import shipped
from iso_alert.domain.money import Currency, Money
from iso_alert.domain.text import Language, Texts, clean_merchant
from tests.support.scanner import passing

TEXTS = Texts(tomllib.loads(shipped.path("texts.toml").read_text(encoding="utf-8")))
PUBLISHED = {
    ("approval", Language.TH): "ชำระ 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ",
    ("approval", Language.EN): "Paid THB 2,500.00 by card no. x-1234 @ COMPANY NAME 15:15 Balance THB 450,000.00",
    ("cancel", Language.TH): "คืนเงิน 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 16:00 เหลือ 450,000.00 บ",
    ("cancel", Language.EN): "Reversed THB 2,500.00 to card no. x-1234 @ COMPANY NAME 16:00 Balance THB 450,000.00",
}


PAID, LEFT = Money(250_000), Money(45_000_000)


def text(key: str, language: Language, amount: Money = PAID, left: Money | None = LEFT) -> str:
    time = "15:15" if key == "approval" else "16:00"
    amt = TEXTS.amount(amount, language)
    return TEXTS.spending(key, language, amt=amt, last4="1234", merchant="COMPANY NAME", time=time, bal=left)


@pytest.mark.parametrize(("key", "language"), PUBLISHED)
def test_the_published_samples(key: str, language: Language) -> None:
    """To the byte, and without a blank at either end."""
    assert text(key, language) == PUBLISHED[key, language]
    assert text(key, language).encode() == PUBLISHED[key, language].strip().encode()


@pytest.mark.parametrize(("key", "language"), PUBLISHED)
def test_an_unknown_balance_is_left_out(key: str, language: Language) -> None:
    """The clause goes, and no blank stays behind."""
    whole = PUBLISHED[key, language]
    clause = " เหลือ 450,000.00 บ" if language is Language.TH else " Balance THB 450,000.00"

    assert text(key, language, left=None) == whole.removesuffix(clause)


def test_a_foreign_sum_has_its_own_currency() -> None:
    """With its own number of decimals."""
    dollars, yen, dinars = (
        Money(2_500, Currency("USD")),
        Money(2_500, Currency("JPY", 0)),
        Money(2_500, Currency("KWD", 3)),
    )

    assert text("approval", Language.EN, dollars, None).startswith("Paid USD 25.00 by")
    assert text("approval", Language.TH, yen, None).startswith("ชำระ 2,500 JPY ผ่าน")
    assert text("approval", Language.EN, dinars, None).startswith("Paid KWD 2.500 by")


def test_a_name_cannot_fill_a_place() -> None:
    """Braces and brackets in a merchant's name are only characters."""
    odd = TEXTS.spending(
        "approval",
        Language.EN,
        amt="THB 1.00",
        last4="1234",
        merchant="{bal} [x] {0.__class__}",
        time="15:15",
        bal=None,
    )

    assert odd == "Paid THB 1.00 by card no. x-1234 @ {bal} [x] {0.__class__} 15:15"


# ---- names

NAMES = {
    "COMPANY NAME             ": "COMPANY NAME",
    "": "-",
    "   ": "-",
    "\x00\x00\x00": "-",
    "A  B\tC\nD": "A B C D",
    "BILL.XBOX.COM": "BILL XBOX COM",
    "bill.xbox.com/help?id=1": "bill xbox com help?id=1",
    "https://evil.example/x": "evil example x",
    "HTTPS : //evil.example": "evil example",
    "www.shop.co.th": "www shop co th",
    "me@example.com": "me example com",
    "xn--shop。com": "xn--shop com",
    "shop․com": "shop com",
    "tel:0812345678": "5678",
    "CALL 081-234-5678": "CALL 5678",
    "SHOP 1234": "SHOP 1234",
    "7-ELEVEN 01234": "7-ELEVEN 01234",
    "ร้านส้มตำ สาขา ๑": "ร้านส้มตำ สาขา ๑",
    "ชำระเงิน": "ชำระเงิน",
    "ABC\u202edcba\u202c": "ABCdcba",
    "A\u200bB\u200cC\ufeffD": "ABCD",
    "4539578763621486": "1486",
    "4539 5787 6362 1486": "1486",
    "4539  5787  6362  1486": "1486",
    "4539\t5787\x006362\u00a01486": "1486",
    "4539.5787.6362.1486": "1486",
    "4539 - 5787 - 6362 - 1486": "1486",
    "4539\u200b5787\u200b6362\u200b1486": "1486",
    "4539_5787_6362_1486": "1486",
    "4539*5787#6362|1486": "1486",
    "DR. WHO & CO.": "DR. WHO & CO.",
}


@pytest.mark.parametrize("raw", NAMES, ids=range(len(NAMES)))
def test_a_name_is_made_fit_to_be_shown(raw: str) -> None:
    """One line, no link, no hidden character, no long number; and otherwise as it was."""
    assert clean_merchant(raw) == NAMES[raw]


# What a phone makes a link of: a dot, an at sign or a slash between two words, a scheme, a long number.
LINK = re.compile(r"\w[.@/\\:]+\w|(?i:\b(?:https?|ftp|mailto|tel|sms)\s*:)|\d(?:[ -]?\d){8,}")
LIKE_LINKS = st.text(st.sampled_from("ab.:/@\\w-_ 0123456789。ก่　\u200b\x00"), max_size=40)


@given(st.one_of(st.text(max_size=40), LIKE_LINKS))
@example("0. 1 2 3 4 5 6 7 8 9")
@example("http:http://x")
@example("1 2 3 4 5 6 7 8 9 . 1 2 3 4")
@example("A00000000 :000")
def test_no_name_is_a_link_or_a_number(raw: str) -> None:
    """Whatever stands in DE43 (T-06, T-10)."""
    shown = clean_merchant(raw)

    assert LINK.search(shown) is None
    assert passing(shown.encode()) == set()
    assert shown == shown.strip() != ""


@given(st.one_of(st.text(max_size=40), LIKE_LINKS))
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    """A name from the directory may have been cleaned before."""
    once = clean_merchant(raw)

    assert clean_merchant(once) == once
