"""Sums of money, as they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.domain.money import BAHT, REMEMBERED, Currency, Money, by_code, currency


@pytest.mark.parametrize(
    ("minor", "of", "written"),
    [
        (0, BAHT, "0.00"),
        (1, BAHT, "0.01"),
        (100, BAHT, "1.00"),
        (250_000, BAHT, "2,500.00"),
        (45_000_000, BAHT, "450,000.00"),
        (999_999_999_999, BAHT, "9,999,999,999.99"),
        (-5, BAHT, "-0.05"),
        (-123_456, BAHT, "-1,234.56"),
        (1_500, Currency("JPY", 0), "1,500"),
        (1_500, Currency("KWD", 3), "1.500"),
        (-1_500, Currency("JPY", 0), "-1,500"),
    ],
)
def test_a_sum_as_the_published_texts_write_it(minor: int, of: Currency, written: str) -> None:
    """Groups of three, and as many decimals as the currency has."""
    assert str(Money(minor, of)) == written


@pytest.mark.parametrize(
    ("number", "code", "exponent"),
    [("764", "THB", 2), ("840", "USD", 2), ("392", "JPY", 0), ("414", "KWD", 3), ("036", "AUD", 2)],
)
def test_a_currency_by_its_number(number: str, code: str, exponent: int) -> None:
    """ISO 4217 knows its letters and its decimals."""
    assert currency(number) == Currency(code, exponent)
    assert by_code(code) == Currency(code, exponent)


def test_an_unknown_currency_keeps_its_number() -> None:
    """A message is not refused for it, and what was written is found again."""
    assert currency("001") == Currency("001")
    assert by_code("001") == Currency("001")


def test_strange_currencies_are_forgotten() -> None:
    """A host that writes another three letters in every message fills no memory."""
    for n in range(REMEMBERED + 10):
        by_code(currency(f"X{n:04d}").code)

    assert currency.cache_info().currsize == REMEMBERED
    assert by_code.cache_info().currsize == REMEMBERED


@given(st.integers(-(10**15), 10**15), st.sampled_from([BAHT, Currency("JPY", 0), Currency("KWD", 3)]))
def test_nothing_is_rounded(minor: int, of: Currency) -> None:
    """What is written is what was meant."""
    assert int(str(Money(minor, of)).replace(",", "").replace(".", "")) == minor
