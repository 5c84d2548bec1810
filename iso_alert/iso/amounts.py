"""How much?  Sums of a message: the amount as the cardholder knows it, the part reversed, what is left on the card."""

from collections.abc import Sequence
from functools import lru_cache

from iso_alert.domain.card import Kind
from iso_alert.domain.money import BAHT, REMEMBERED, Currency, Money, by_code, currency
from iso_alert.iso.dialect import Dialect
from iso_alert.iso.message import Message

# What the issuer bills comes first, then what the merchant asked, then what banks settle (DOMAIN: amount).
_AMOUNTS = (("6", "51"), ("4", "49"), ("5", "50"))
_CREDIT_ACCOUNT, _DEBIT_ACCOUNTS = "30", ("10", "20")
_FOREIGN_TO = {Kind.CREDIT: _DEBIT_ACCOUNTS, Kind.DEBIT: (_CREDIT_ACCOUNT,)}


@lru_cache(maxsize=REMEMBERED)
def named(code: str) -> Currency:
    """The currency of DE49 to 51: a number, or letters."""
    return currency(code) if code.isdecimal() else by_code(code.upper())


def amount(message: Message, dialect: Dialect) -> Money:
    """The first amount in baht, else the merchant's amount in its own currency."""
    for value, code in _AMOUNTS if "6" in message.fields or "5" in message.fields else ():
        digits = _asked(message, dialect) if value == "4" else message.get(value)
        if not digits.strip("0"):
            continue  # a host that fills DE6 with zeros bills nothing there: what the merchant asked counts
        name = message.get(code) or (dialect.currency if value == "4" else "")
        if name and named(name).code == BAHT.code:
            return Money(int(digits), BAHT)
    return charged(message, dialect)


def charged(message: Message, dialect: Dialect) -> Money:
    """What the merchant asked, in DE49 or the link's currency."""
    return Money(int(_asked(message, dialect) or 0), named(message.get("49") or dialect.currency))


def _asked(message: Message, dialect: Dialect) -> str:
    """DE4; a reversal of 1993 may say there what remains, and then has the original amount in DE30."""
    if message.mti[1] == "4" and dialect.profile.version == "1":
        original = message.get("30")[:12]
        if original.strip("0"):
            return original
    return message.get("4")


def reversed_part(message: Message, dialect: Dialect) -> Money | None:
    """What a partial reversal gives back: what was asked less what it became (1987 DE95, 1993 DE4).

    It is in the merchant's currency, even if the issuer bills in another: no field holds it in that.
    """
    if message.mti[1] != "4":
        return None
    whole = charged(message, dialect)
    actual = message.get("4") if dialect.profile.version == "1" else message.get("95")[:12]
    if not actual.isdecimal() or not 0 < int(actual) < whole.minor:
        return None
    return Money(whole.minor - int(actual), whole.currency)


def left(text: str, dialect: Dialect) -> tuple[tuple[Kind, int, str], ...]:
    """What DE54 says is left, for each kind of card, of the amount types that the profile reads for it.

    Minor units, and the code of the currency.
    """
    size = dialect.profile.balance_set
    if len(text) < size:
        return ()  # an EDC's tip has 12 digits
    if len(text) == size:  # as most have it
        heads = [text[:_HEAD] if text[_HEAD:].isdecimal() else ""]
    else:
        heads = [
            text[at : at + _HEAD] if text[at + _HEAD : at + size].isdecimal() else ""
            for at in range(0, len(text) - size + 1, size)
        ]
    read = _read(tuple(heads), dialect)
    return tuple([(kind, sign * int(text[at + _HEAD : at + size]), of) for kind, at, sign, of in read])


_HEAD = 8  # of a set of DE54: account 2, type 2, currency 3, sign 1; digits follow
_SIGN = {"C": 1, "D": -1}


@lru_cache(maxsize=1024)  # a host has few of them
def _read(heads: Sequence[str], dialect: Dialect) -> Sequence[tuple[Kind, int, int, str]]:
    """Which sets are read: for each kind of card where its set begins, and the sign and the currency of that."""
    size, found = dialect.profile.balance_set, []
    for kind, types in dialect.profile.balances.items():
        if (n := _of(heads, types, kind)) is not None:
            found.append((kind, n * size, _SIGN[heads[n][7]], named(heads[n][4:7]).code))
    return found


def _of(heads: Sequence[str], types: Sequence[str], kind: Kind) -> int | None:
    """Of several sets that fit, one in baht: that is what the card's account is kept in."""
    fit = [
        (types.index(head[2:4]), named(head[4:7]) != BAHT, at)
        for at, head in enumerate(heads)
        if head[2:4] in types and head[:2] not in _FOREIGN_TO[kind] and head[7] in _SIGN and head[4:7].isalnum()
    ]
    return min(fit)[-1] if fit else None
