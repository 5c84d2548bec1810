"""Sums of money: whole minor units and a currency, never a float."""

from functools import lru_cache

from attrs import frozen
from iso4217 import Currency as _Known

REMEMBERED = 1024  # ISO 4217 lists some 180; a host may write whatever letters and digits it likes


@frozen
class Currency:
    """An ISO 4217 currency: its letters, and how many digits stand after the point (JPY 0, KWD 3)."""

    code: str
    exponent: int = 2


BAHT = Currency("THB")


@lru_cache(maxsize=REMEMBERED)
def currency(number: str) -> Currency:
    """The currency of a three-digit number; one that ISO 4217 does not list keeps its number as its name."""
    for known in _Known:
        if f"{known.number or 0:03d}" == number:
            return Currency(known.code, known.exponent or 0)
    return Currency(number)


@lru_cache(maxsize=REMEMBERED)
def by_code(code: str) -> Currency:
    """The currency that was written under this code."""
    known = next((known for known in _Known if known.code == code), None)
    return Currency(code, known.exponent or 0) if known else Currency(code)


@frozen
class Money:
    """`minor` units of `currency`: Money(250000, BAHT) is 2,500.00 baht."""

    minor: int
    currency: Currency = BAHT

    def __str__(self) -> str:
        """Two thousand five hundred baht is `2,500.00`: the figure alone, as the published texts write it."""
        sign, places = "-" * (self.minor < 0), self.currency.exponent
        whole, rest = divmod(abs(self.minor), 10**places)
        return f"{sign}{whole:,}" + (f".{rest:0{places}d}" if places else "")


NOTHING = Money(0)
