"""What does a message say?  A `Message`, its link's dialect and the time of arrival make a value that others act on."""

from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

from attrs import field, frozen

from iso_alert.domain.card import Card, Kind
from iso_alert.domain.transaction import Facts, Original, Transaction
from iso_alert.iso.amounts import amount, balances, reversed_part
from iso_alert.iso.dialect import Decision, Dialect
from iso_alert.iso.kept import words
from iso_alert.iso.merchant import acceptor
from iso_alert.iso.message import Message, bare
from iso_alert.iso.moments import BANGKOK, UTC_ZONE, near


class Why(Enum):
    """Why a message is no business of ours; the value stands on a metric label."""

    RESPONSE = "response"
    NOTIFICATION = "notification"
    NO_ENROLMENT = "no_enrolment"
    NOT_OFFERED = "not_offered"
    WRONG_VERSION = "wrong_version"


@frozen
class Ignored:
    """Understood, not ours.  `answering` knows whether it is answered, and how."""

    why: Why


class Action(Enum):
    """What network management asks."""

    SIGN_ON = "sign_on"
    SIGN_OFF = "sign_off"
    ECHO = "echo"
    OTHER = "other"  # accepted, without effect


@frozen
class NetworkManagement:
    """A word about the link itself."""

    action: Action
    code: str


@frozen
class FileAction:
    """A request of the ATM switch about a subscription; what it means is the enrolment's to say."""

    mti: str
    key: int
    card: Card | None
    operation: str  # DE91
    file: str  # DE101
    record: str = field(repr=False)  # DE120, with a mobile number in it
    has_pin: bool  # DE52 was there, which is forbidden
    names_card: bool = True  # DE2 was there; `card` is None where its check digit is wrong
    link: str = ""
    terminal: str = ""  # DE41
    stan: str = ""


Flags: TypeAlias = tuple[bool, bool, bool, bool]  # the amount is positive, a part is taken back, DE38, DE41
Reading: TypeAlias = Transaction | NetworkManagement | FileAction | Ignored

_REPEAT = {"1": "0", "3": "2", "5": "4"}
_REQUEST = {"0": "0", "1": "0", "2": "2", "3": "2", "4": "4"}  # digit 3 of the MTI: of an answer, that of its request
_ACCOUNTS = {"30": Kind.CREDIT, "10": Kind.DEBIT, "20": Kind.DEBIT}
_SAID = words("7 11 12 13 24 32 37 38 39 41 42")
_FINANCIAL, _ASKS, _ANSWERS, _TELLS = "124", "02", "13", "4"
_YES_NO = {True: "yes", False: "no"}


def read(message: Message, dialect: Dialect, arrived_at: float) -> Reading:
    """What this message is to us; `arrived_at` is in seconds since 1970."""
    if (why := _not_ours(message.mti, dialect)) is not None:
        return Ignored(why)
    return _BY_CLASS[message.mti[1]](message, dialect, arrived_at)


@lru_cache(maxsize=1024)
def _not_ours(mti: str, dialect: Dialect) -> Why | None:
    version, kind, function = mti[0], mti[1], mti[2]
    if version != dialect.profile.version:
        return Why.WRONG_VERSION
    if function in _ANSWERS and not (dialect.decision is Decision.PAIRED and kind in _FINANCIAL):
        return Why.RESPONSE
    if function in _TELLS and kind not in _FINANCIAL:
        return Why.NOTIFICATION
    if function not in _ASKS + _ANSWERS + _TELLS or kind not in _BY_CLASS:
        return Why.NOT_OFFERED
    return Why.NO_ENROLMENT if kind == "3" and function == "0" and not dialect.enrolment else None


def _network_management(message: Message, dialect: Dialect, _: float) -> NetworkManagement:
    network, code = dialect.profile.network, message.network
    meant = ((network.sign_on, Action.SIGN_ON), (network.sign_off, Action.SIGN_OFF), (network.echo, Action.ECHO))
    return NetworkManagement(next((action for codes, action in meant if code in codes), Action.OTHER), code)


def _file_action(message: Message, dialect: Dialect, arrived_at: float) -> Reading:
    if message.mti[2] != "0":  # 0320 is an EDC's batch upload: told when it happened, and nobody's enrolment
        return _transaction(message, dialect, arrived_at)
    return FileAction(
        mti=message.mti,
        key=key(message, dialect),
        card=message.card,
        operation=message.get("91"),
        file=message.get("101"),
        record=message.get("120"),
        has_pin=message.has_pin,
        names_card=message.card is not None or "2" in message.dropped,
        link=dialect.link,
        terminal=message.get("41"),
        stan=message.get("11"),
    )


def _transaction(message: Message, dialect: Dialect, arrived_at: float) -> Transaction:
    profile = dialect.profile
    transmission, stan, time, date, nii, acquirer, rrn, code, response_code, terminal, merchant_id = message.each(_SAID)
    code = _code(code)
    if profile.version == "1":
        date, time = time[2:6], time[6:12]  # 1993 has both, and a year, in DE12
    total, part = amount(message, dialect), reversed_part(message, dialect)
    flags = (total.minor != 0, part is not None, code != "", terminal != "")
    facts, account = _facts(message, dialect, dialect.voice.lists(terminal, merchant_id, nii), flags)
    shown, domestic = acceptor(message.fields.get("43", ""), profile.layout, dialect.charset)
    transmitted = near(transmission, UTC_ZONE, arrived_at)
    happened = transmitted or near(date + time, BANGKOK, arrived_at)
    return Transaction(  # in its order: with names, making one takes longer by half
        dialect.link,
        message.mti,
        _key(message, dialect, stan, transmission, terminal or acquirer),
        arrived_at,
        happened or int(arrived_at),
        facts,
        message.card,
        account,
        stan,
        rrn,
        code,
        terminal,
        merchant_id,
        acquirer.lstrip("0"),  # as DE90 has it, which pads with zeros
        message.invoice,
        response_code,
        _ORIGINAL[profile.version](message),
        total,
        part,
        balances(message, dialect),
        dialect.merchants.name(shown, merchant_id, terminal, facts.mcc),
        time,
        date,
        transmitted,
        domestic,
        (transmitted if transmission else happened) is not None,
    )


_BY_CLASS: dict[str, Callable[[Message, Dialect, float], Reading]] = {
    **dict.fromkeys(_FINANCIAL, _transaction),
    "3": _file_action,
    "5": _transaction,  # a terminal's settlement: recorded, and not financial
    "8": _network_management,
}


def _facts(message: Message, dialect: Dialect, voice: bool, flags: Flags) -> tuple[Facts, Kind | None]:
    raw, profile = message.fields.get, dialect.profile
    places = raw(profile.entry_mode.field), raw(profile.condition.field), raw(profile.mcc.field)
    given = message.indicator._value_, message.has_chip or message.has_track, voice
    return _said(dialect, message.mti, raw("3", ""), raw("39", ""), places, given, flags)


@lru_cache(maxsize=4096)  # a host says a few hundred things in all; the tables remember these, too
def _said(
    dialect: Dialect,
    mti: str,
    processing: str,
    response_code: str,
    places: tuple[str | None, ...],  # entry mode, condition, MCC
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


def key(message: Message, dialect: Dialect) -> int:
    """The same 64 bits (signed, as stores count) for a message and all its repeats.

    Of a card's tokens it takes the oldest key's, so that a message repeated while keys change is still known.
    A terminal that sends no time at all would be silenced when its STAN comes round again; there more is asked.
    """
    get = message.get
    return _key(message, dialect, get("11"), get("7"), get("41") or get("32"))


def _key(message: Message, dialect: Dialect, stan: str, transmission: str, where: str) -> int:
    when = transmission or _without_time(message)
    function = _REQUEST[message.mti[2]]  # of a mirrored feed both halves have one key
    parts = f"{dialect.link}\x1f{message.mti[1]}{function}\x1f{stan}\x1f{when}\x1f{where}\x1f"
    token = message.card.tokens[-1] if message.card else b""
    digest = blake2b(parts.encode() + token, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _without_time(message: Message) -> str:
    get = message.get
    return get("12") + get("13") or "/".join((get("37"), message.invoice, get("4")))


def _original_87(message: Message) -> Original | None:
    """DE90: MTI 4, STAN 6, DE7 10, acquirer 11, forwarder 11; zeros where the host knows nothing."""
    if "90" not in message.fields:
        return None
    text = message.get("90")
    if not text[:20].isdecimal() or not text[4:10].strip("0"):
        return None
    transmitted, acquirer = text[10:20], text[20:31].strip()
    return Original(text[:4], text[4:10], transmitted if transmitted.strip("0") else "", acquirer.lstrip("0"))


def _original_93(message: Message) -> Original | None:
    """DE56: MTI 4, STAN 6, local date and time 12, acquirer with its length; no time of transmission."""
    text = message.get("56")
    if not text[:10].isdecimal() or not text[4:10].strip("0"):
        return None
    return Original(text[:4], text[4:10], "", text[24:].lstrip("0"))


_ORIGINAL = {"0": _original_87, "1": _original_93}
