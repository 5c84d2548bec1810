"""What may be asked of a subscription, by whom, and the answers: one list for ATM, contact centre, CLI and files.

Values only.  What a command does stands in `subscribing`, which states can follow which in `life`.
"""

from enum import Enum

from attrs import field, frozen

from iso_alert.domain.card import Card, Kind
from iso_alert.domain.subscription import SubscriptionState, masked
from iso_alert.domain.text import Language


class Operation(Enum):
    """Everything that can be asked."""

    APPLY = "apply"
    APPROVE = "approve"
    REFUSE = "refuse"
    CANCEL = "cancel"
    CHANGE_NUMBER = "change_number"
    CHANGE_LANGUAGE = "change_language"
    NEWS_ON = "news_on"
    NEWS_OFF = "news_off"
    SUSPEND = "suspend"
    RESUME = "resume"
    INQUIRE = "inquire"


class Via(Enum):
    """How a command came."""

    ATM = "atm"
    CONTACT_CENTRE = "contact_centre"
    API = "api"
    CLI = "cli"
    FILE = "file"
    SERVICE = "service"  # our own clock: a confirmation that lapsed


@frozen
class Actor:
    """Who asks.  `name` is a person, a token or a link; it stands in the audit trail."""

    name: str
    via: Via
    origin: str = ""  # an address, a terminal, a file and its line


@frozen
class Command:
    """One request.  The subject is a card or a customer of the bank's own name; who applies needs a card."""

    operation: Operation
    actor: Actor
    card: Card | None = None
    customer: str | None = None
    mobile: str | None = field(default=None, repr=lambda mobile: masked(mobile) if mobile else "None")  # E.164
    language: Language | None = None
    news: bool | None = None
    terms: str = ""  # the version of the terms that was agreed to
    verified: bool = True  # PIN, or the contact centre's questions
    network: str = ""  # of the number, where whoever asks has looked it up
    reason: str = ""


class Result(Enum):
    """What came of a command.  The value is DE39 of the answer to an ATM."""

    words: str

    def __new__(cls, code: str, words: str = "") -> "Result":
        member = object.__new__(cls)
        member._value_ = code
        member.words = words
        return member

    DONE = "00", "done"
    REFUSED = "05", "refused by the bank"
    WAITS = "09", "waits for the bank's approval"
    UNKNOWN_COMBINATION = "12", "this operation does not exist, or not in this state"
    NO_SUCH_CARD = "14", "the card is not on file, or its check digit is wrong"
    NOT_OFFERED = "24", "not offered on this link"
    NO_SUBSCRIPTION = "25", "there is no such subscription"
    REPLACED = "26", "was subscribed already; the record is replaced"
    BAD_FIELD = "27", "a field is missing or wrong"
    SUSPENDED = "28", "the subscription is suspended"
    NOT_STORED = "29", "not stored, nothing changed"
    FORMAT_ERROR = "30", "format error"
    NOT_NATURAL = "57", "not a natural person"
    CARD_BLOCKED = "62", "the card is blocked"
    NOT_VERIFIED = "63", "not verified, or the operator is not authorised"
    INTERNAL = "96", "internal error"

    @property
    def good(self) -> bool:
        """Whether what was asked is so now."""
        return self in (Result.DONE, Result.WAITS, Result.REPLACED)


@frozen
class CoveredCard:
    """A card of a customer, as a screen may show it."""

    last4: str
    kind: Kind | None
    primary: bool
    blocked: bool = False


@frozen
class Record:
    """A subscription as it is kept.  Times are seconds since 1970."""

    state: SubscriptionState
    mobile: str = field(repr=masked)
    language: Language
    news: bool
    terms: str
    applied_at: float
    changed_at: float
    suspended_from: SubscriptionState | None = None
    activated_at: float | None = None
    confirmations: int = 0  # how many confirming SMS were sent
    confirm_until: float | None = None  # when an unconfirmed application lapses


@frozen
class Standing:
    """What the store knows of the subject of a command."""

    customer: int  # the store's number
    ref: str  # the bank's name of the customer
    natural: bool
    cards: tuple[CoveredCard, ...]
    used: CoveredCard | None = None  # the card that the command names
    record: Record | None = None


@frozen
class Notice:
    """An SMS about the subscription itself: a key of the texts, and where it goes."""

    key: str
    mobile: str = field(repr=masked)
    language: Language


@frozen
class Verdict:
    """What a command comes to.  `record` is the new one, None where nothing changes."""

    result: Result
    record: Record | None = None
    notices: tuple[Notice, ...] = ()
    field: str = ""  # the one at fault
    why: str = ""  # more than the result's own words say


@frozen
class Answer:
    """What whoever asked is told."""

    result: Result
    standing: Standing | None = None  # as it is now
    field: str = ""  # the one at fault
    why: str = ""
    notices: int = 0  # how many SMS it caused
    repeat: bool = False  # the answer to an earlier request with the same key: nothing has happened again

    @property
    def words(self) -> str:
        """The answer as a person reads it."""
        return f"{self.result.words}: {self.why}" if self.why else self.result.words
