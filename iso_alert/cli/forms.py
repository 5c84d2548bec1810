"""What the lines of the bank's files mean: their columns, and the faults that each can have."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import TypeVar

from iso_alert.cli.importing import BadLine, Form, Row
from iso_alert.domain.card import Card, Keyring, Kind, luhn
from iso_alert.domain.mobile import BadMobile, thai_mobile
from iso_alert.domain.text import Language
from iso_alert.iso.message import mask
from iso_alert.store.files import CardLine, CardStatus, CustomerLine, Filed, StatementLine, SubscriberLine
from iso_alert.store.sqlite import Sqlite

YES_NO = {"yes": True, "no": False}
KINDS = {kind.value: kind for kind in Kind}
STATUSES = {"": None, **{status.value: status for status in CardStatus}}
LANGUAGES = {language.value: language for language in Language}
MOST = 10**13  # satang
USUAL = {"06", "08", "09"}  # how a mobile number begins, and no way to dial abroad
T = TypeVar("T")


def customers(store: Sqlite) -> Form[CustomerLine]:
    """`customer,natural`."""

    def understand(row: Row) -> CustomerLine:
        return CustomerLine(_customer(row), _choice(row, "natural", YES_NO))

    return Form("customers", ("customer", "natural"), (), understand, store.files.customers)


def cards(store: Sqlite, keyring: Keyring) -> Form[CardLine]:
    """`customer,pan,kind,primary`, perhaps `status` and `replaces`."""

    def understand(row: Row) -> CardLine:
        customer, kind = _customer(row), _choice(row, "kind", KINDS)
        primary = _choice(row, "primary", YES_NO)
        status = _choice(row, "status", STATUSES) if "status" in row else None
        before = row.get("replaces")
        replaces = _card(before, keyring, "the replaced card's number") if before else None
        return CardLine(customer, _card(row["pan"], keyring), kind, primary, status, replaces)

    columns = ("customer", "pan", "kind", "primary")
    return Form("cards", columns, ("status", "replaces"), understand, store.files.cards)


def subscriptions(
    store: Sqlite, clock: Callable[[], float], change: Callable[[SubscriberLine], str | None]
) -> Form[SubscriberLine]:
    """`customer,mobile,language`, perhaps `news` and `terms`.  `change` carries out what differs, or says why not."""

    def understand(row: Row) -> SubscriberLine:
        language = _choice(row, "language", LANGUAGES)
        news = _choice(row, "news", {"": None, **YES_NO}) if "news" in row else None
        return SubscriberLine(_customer(row), mobile(row["mobile"]), language, news, row.get("terms", ""))

    def write(lines: Sequence[SubscriberLine]) -> Filed:
        filed = store.files.subscriptions(lines, clock())
        faults = {at: fault for at in filed.differing if (fault := change(lines[at]))}
        changed = filed.changed + len(filed.differing) - len(faults)
        return Filed(changed, {**filed.refused, **faults})

    columns = ("customer", "mobile", "language")
    return Form("subscriptions", columns, ("news", "terms"), understand, write)


def statements(store: Sqlite, keyring: Keyring) -> Form[StatementLine]:
    """`pan,due,total,minimum`."""

    def understand(row: Row) -> StatementLine:
        try:
            due = date.fromisoformat(row["due"])
        except ValueError:
            raise BadLine("due is no date such as 2026-12-05") from None
        total, minimum = _sum(row, "total"), _sum(row, "minimum")
        if minimum > max(total, 0):
            raise BadLine("minimum is more than total")
        return StatementLine(_card(row["pan"], keyring), due, total, minimum)

    return Form("statements", ("pan", "due", "total", "minimum"), (), understand, store.files.statements)


def _choice(row: Row, name: str, words: dict[str, T]) -> T:
    try:
        return words[row[name]]
    except KeyError:
        raise BadLine(f"{name} is not {' or '.join(filter(None, words))}") from None


def _customer(row: Row) -> str:
    customer = row["customer"]
    if not customer or customer.startswith("~"):
        raise BadLine("customer begins with ~, which is ours" if customer else "customer is empty")
    if mask(customer) != customer:
        raise BadLine("customer passes for a card number")  # columns that were mixed up
    return customer


def _card(pan: str, keyring: Keyring, what: str = "the card number") -> Card:
    digits = pan.replace(" ", "")
    card = keyring.card(digits)
    if not luhn(digits):
        raise BadLine(f"{what}'s check digit is wrong")
    return card


def _sum(row: Row, name: str) -> int:
    """`12,345.60` or `12345.6` in satang; a credit is negative."""
    whole, _, rest = row[name].replace(",", "").partition(".")
    digits = whole.removeprefix("-") + rest
    if not (digits.isascii() and digits.isdigit() and len(rest) <= 2 and whole.removeprefix("-")):
        raise BadLine(f"{name} is no sum such as 12345.60")
    satang = int(whole.removeprefix("-")) * 100 + int(rest.ljust(2, "0"))
    if satang > MOST:
        raise BadLine(f"{name} is too large")
    return -satang if whole.startswith("-") else satang


def mobile(text: str) -> str:
    """As `thai_mobile`, which takes 60 µs; of a number in the usual form its judgement on the first digits is kept.

    In Thailand the last five are free: a test asks for all beginnings.
    """
    if text[:2] in USUAL and len(text) == 10 and text.isascii() and text.isdigit():
        fault = _fault(text[:5])
        if fault:
            raise BadMobile(fault)
        return "+66" + text[1:]
    return thai_mobile(text)


@lru_cache(maxsize=10_000)
def _fault(beginning: str) -> str:
    try:
        thai_mobile(beginning + "00000")
    except BadMobile as bad:
        return str(bad)
    return ""
