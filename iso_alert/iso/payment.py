"""What a message says happened to a card: its fields become a `Transaction`.

The fields come side by side, in the order of BARE and `plain`.  So a plan can hand them over as it cuts them, with
nothing between (`Codec.usual`); out of a `Message` they are taken in the same order.  What few messages have (sums in
several currencies, a part taken back, another message spoken of) is read there, and comes beside them.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from iso_alert.domain.card import Card, Kind
from iso_alert.domain.mark import mark
from iso_alert.domain.money import Money
from iso_alert.domain.transaction import Facts, Original, Transaction, of_row
from iso_alert.iso.amounts import left, named
from iso_alert.iso.dialect import Decision, Dialect
from iso_alert.iso.kept import words
from iso_alert.iso.merchant import acceptor
from iso_alert.iso.message import bare
from iso_alert.iso.moments import BANGKOK, UTC_ZONE, near
from iso_alert.iso.profile import Profile

BARE = words("7 11 12 13 24 32 37 38 41 42 4 49 54")  # the first, without the blanks around them

Fields: TypeAlias = Sequence[str]  # in that order; "" for one that is not there
Given: TypeAlias = tuple[str, Card | None, str, bool, str]  # MTI, card, indicator, chip or track, invoice number
Flags: TypeAlias = tuple[bool, bool, bool, bool]  # the amount is positive, a part is taken back, DE38, DE41


class More(NamedTuple):
    """What few messages say, or say elsewhere."""

    total: Money
    part: Money | None = None
    original: Original | None = None


_REPEAT = {"1": "0", "3": "2", "5": "4"}
_REQUEST = {"0": "0", "1": "0", "2": "2", "3": "2", "4": "4"}  # digit 3 of the MTI: of an answer, that of its request
_ACCOUNTS = {"30": Kind.CREDIT, "10": Kind.DEBIT, "20": Kind.DEBIT}
_YES_NO = {True: "yes", False: "no"}


def plain(profile: Profile) -> tuple[str, ...]:
    """The fields that follow those of BARE, as they stand."""
    return "3", "39", "43", profile.entry_mode.field, profile.condition.field, profile.mcc.field


def transaction(
    given: Given, fields: Fields, dialect: Dialect, arrived_at: float, more: More | None = None
) -> Transaction:
    """The transaction; `arrived_at` is in seconds since 1970."""
    mti, card, indicator, chip_or_track, invoice = given
    (
        transmission, stan, time, date, nii, acquirer, rrn, code, terminal, merchant_id, asked, currency, additional,
        processing, response_code, shop, entry_mode, condition, mcc,
    ) = fields  # fmt: skip
    code, when = _code(code), transmission or without_time(time, date, rrn, invoice, asked)
    if dialect.profile.version == "1":
        date, time = time[2:6], time[6:12]  # 1993 has both, and a year, in DE12
    if more is None:
        minor, money, part, original = int(asked or 0), named(currency or dialect.currency), None, None
    else:
        minor, money, part, original = more.total.minor, more.total.currency, more.part, more.original
    name, domestic, voice = _shop(dialect, shop, merchant_id, terminal, nii, mcc)
    flags = (minor != 0, part is not None, code != "", terminal != "")
    facts, account = _said(
        dialect, mti, processing, response_code, (entry_mode, condition, mcc), (indicator, chip_or_track, voice), flags
    )
    transmitted = near(transmission, UTC_ZONE, arrived_at)
    happened = transmitted or near(date + time, BANGKOK, arrived_at)
    return of_row((  # in its order: with names, making one takes twice as long
        stan, key(dialect.link, mti, stan, when, terminal or acquirer, card), dialect.link, mti, rrn, code,
        terminal, merchant_id,
        acquirer.lstrip("0"),  # as DE90 has it, which pads with zeros
        invoice, happened or int(arrived_at), transmitted, date + time, minor, money.code,
        name, response_code and bare(response_code), facts.text, facts, arrived_at,
        card.tokens if card else (), card.last4 if card else "",
        mark(stan, rrn, code), account, original, part,
        left(additional, dialect) if additional else (), time, domestic,
        (transmitted if transmission else happened) is not None,
    ))  # fmt: skip


@lru_cache(maxsize=4096)  # a host's messages come from a few thousand tills
def _shop(
    dialect: Dialect, acceptor_: str, merchant_id: str, terminal: str, nii: str, mcc: str
) -> tuple[str, bool, bool]:
    """Who was paid, whether that is in this country, and whether it is a voice-authorisation desk."""
    profile, voice = dialect.profile, dialect.voice.lists(terminal, merchant_id, nii)
    shown, domestic = acceptor(acceptor_, profile.layout, dialect.charset)
    return dialect.merchants.name(shown, merchant_id, terminal, profile.mcc.cut(mcc)), domestic, voice


@lru_cache(maxsize=4096)  # a host says a few hundred things in all; the tables remember these, too
def _said(
    dialect: Dialect,
    mti: str,
    processing: str,
    response_code: str,
    places: tuple[str, ...],  # entry mode, condition, MCC
    given: tuple[str, bool, bool],  # indicator; chip or track; voice listed
    flags: Flags,
) -> tuple[Facts, Kind | None]:
    """What the short fields say together, as they came, and which account DE3 speaks of."""
    profile, function, (asks, partial, approval_code, terminal) = dialect.profile, mti[2], flags
    processing, (entry_mode, condition, mcc), (indicator, chip_or_track, voice) = bare(processing), places, given
    facts = Facts(
        mti[1],
        _REQUEST[function],  # a paired response speaks of its request
        _REPEAT.get(mti[3], mti[3]),
        processing[:2],
        profile.entry_mode.cut(entry_mode),
        profile.condition.cut(condition),
        profile.mcc.cut(mcc),
        indicator,
        _YES_NO[chip_or_track],
        _YES_NO[voice],
        "positive" if asks else "zero",
        _YES_NO[partial],
        _approved(bare(response_code), function, dialect),
        _YES_NO[approval_code],
        _YES_NO[terminal],
        _YES_NO[processing[:2] in profile.void_codes],
    )
    return facts, _ACCOUNTS.get(processing[2:4])


def _approved(code: str, function: str, dialect: Dialect) -> str:
    if dialect.decision is Decision.PAIRED and function == "0":
        return "unknown"  # its response decides
    if code:
        return _YES_NO[code in dialect.profile.approved]
    return "yes" if dialect.decision is Decision.FEED else "unknown"


def _code(approval_code: str) -> str:
    """DE38 without the zeros that some hosts write for "none"."""
    return approval_code if approval_code.strip("0") else ""


def key(link: str, mti: str, stan: str, when: str, where: str, card: Card | None) -> int:
    """The same 64 bits (signed, as stores count) for a message and all its repeats.

    Of a card's tokens it takes the oldest key's, so that a message repeated while keys change is still known.
    """
    function = _REQUEST[mti[2]]  # of a mirrored feed both halves have one key
    parts = f"{link}\x1f{mti[1]}{function}\x1f{stan}\x1f{when}\x1f{where}\x1f".encode()
    digest = blake2b(parts + card.tokens[-1] if card else parts, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def without_time(time: str, date: str, rrn: str, invoice: str, amount: str) -> str:
    """What stands in a key for the time of transmission where there is none.

    A terminal that sends no time at all would be silenced when its STAN comes round again; there more is asked.
    """
    return time + date or f"{rrn}/{invoice}/{amount}"
