"""What does a message say?  A `Message`, its link's dialect and the time of arrival make a value that others act on."""

from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

from attrs import field, frozen

from iso_alert.domain.card import Card
from iso_alert.domain.transaction import Original, Transaction
from iso_alert.iso.amounts import amount, reversed_part
from iso_alert.iso.dialect import Decision, Dialect
from iso_alert.iso.message import Message
from iso_alert.iso.payment import BARE, Given, More, key, plain, transaction, without_time


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


Reading: TypeAlias = Transaction | NetworkManagement | FileAction | Ignored

_FINANCIAL, _ASKS, _ANSWERS, _TELLS = "124", "02", "13", "4"


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
        key=_key(message, dialect),
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
    fields = [*message.each(BARE), *[message.fields.get(name, "") for name in plain(dialect.profile)]]
    original = _ORIGINAL[dialect.profile.version](message)
    more = More(amount(message, dialect), reversed_part(message, dialect), original)
    return transaction(_given(message), fields, dialect, arrived_at, more)


def _given(message: Message) -> Given:
    chip_or_track = message.has_chip or message.has_track
    return message.mti, message.card, message.indicator._value_, chip_or_track, message.invoice


_BY_CLASS: dict[str, Callable[[Message, Dialect, float], Reading]] = {
    **dict.fromkeys(_FINANCIAL, _transaction),
    "3": _file_action,
    "5": _transaction,  # a terminal's settlement: recorded, and not financial
    "8": _network_management,
}


def _key(message: Message, dialect: Dialect) -> int:
    get = message.get
    when = get("7") or without_time(get("12"), get("13"), get("37"), message.invoice, get("4"))
    return key(dialect.link, message.mti, get("11"), when, get("41") or get("32"), message.card)


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
