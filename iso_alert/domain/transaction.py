"""What one message says happened to a card, in the words of the business and not of a wire.

`Facts` are what the event and channel tables may ask about: short words from closed sets, so that a row of a table is
plain text and an answer can be remembered.  `Transaction` is everything that deciding, showing and finding again need.
It is a row of words and numbers, for of every message one is made, sent to the writer and written; what they mean
together, a card, a sum, is made of them when somebody asks.
"""

from enum import Enum
from functools import cached_property, partial
from typing import Any, NamedTuple

from attrs import astuple, frozen

from iso_alert.domain.card import Card, Kind
from iso_alert.domain.mark import mark
from iso_alert.domain.money import NOTHING, Money, by_code


class Indicator(Enum):
    """What the host's private fields say of a sale away from the counter."""

    NONE = ""
    ECOMMERCE = "ecommerce"
    RECURRING = "recurring"
    INSTALMENT = "instalment"
    MOTO = "moto"
    NO_TERMINAL = "no terminal"


@frozen(cache_hash=True)
class Facts:
    """What the tables ask.  Every value is a short word; an absent field is an empty one."""

    mti_class: str  # digit 2 of the MTI: 1 authorisation, 2 financial, 4 reversal
    function: str  # digit 3: 0 request, 2 advice, 4 notification
    origin: str  # digit 4, the repeat bit taken away: 0 acquirer, 2 issuer
    processing: str = ""  # DE3, first two digits
    entry_mode: str = ""  # DE22, first two digits
    condition: str = ""  # DE25
    mcc: str = ""  # DE18
    indicator: str = ""  # value of Indicator
    chip_or_track: str = "no"  # DE35 or DE55 was there
    voice_listed: str = "no"  # on the link's list of voice-authorisation desks
    amount: str = "zero"  # zero, positive
    partial: str = "no"  # DE95: 0 < actual < DE4
    approved: str = "yes"  # yes, no, unknown
    approval_code: str = "no"  # DE38 was there
    terminal: str = "no"  # DE41 was there
    void_code: str = "no"  # DE3 is what this profile's hosts write for a void

    # Of facts there are a few hundred, so what follows of them is made once for each, and not for every message.

    @cached_property
    def text(self) -> str:
        """What the journal writes of them."""
        return "|".join(astuple(self))

    @cached_property
    def voids(self) -> bool:
        """A void by its processing code (22: of a refund), or an advice of nothing."""
        return self.void_code == "yes" or self.processing == "22" or self.amount == "zero"

    @cached_property
    def ask_the_journal(self) -> bool:
        """Whether what a message is can depend on earlier ones: cancellations, advices and completions by request."""
        by_request = (self.mti_class, self.condition) == ("2", "06")
        return self.mti_class == "4" or self.function == "2" or self.voids or by_request


@frozen
class Original:
    """The message that this one speaks of, as far as it says so (DE90; DE56 in 1993)."""

    mti: str
    stan: str
    transmitted: str = ""  # MMDDhhmmss as sent; empty when zero-filled
    acquirer: str = ""


WRITTEN = 18  # fields of a transaction that the journal writes as they stand
# Fields that hold a part of a value each, or follow from others: facts, card, sum, what is left, time, names.
_TAKEN_APART = frozenset({"said", "tokens", "last4", "minor", "currency", "left", "local", "mark"})
_ABSENT = {
    **dict.fromkeys(("stan", "rrn", "approval_code", "terminal", "merchant_id", "acquirer", "invoice"), ""),
    "response_code": "",
    "merchant": "-",
    "transmitted_at": None,
}


class Transaction(NamedTuple):
    """One financial message, read.  No card number, no track, no PIN block.  Where a field is absent, "" stands.

    The WRITTEN come first: what the journal has of a message beside the decision, in the order of its columns.
    """

    stan: str  # DE11
    key: int  # 64 bits: link, class and function, DE11, DE7 (else 12+13), DE41 (else 32); the same for every repeat
    link: str
    mti: str  # as received, 0201
    rrn: str  # DE37
    approval_code: str  # DE38
    terminal: str  # DE41
    merchant_id: str  # DE42
    acquirer: str  # DE32
    invoice: str  # DE62, where the profile says it is the invoice number
    happened_at: int  # seconds since 1970: DE7, else DE12/13 in Bangkok, else arrival; for the policy in force
    transmitted_at: int | None  # DE7 as seconds since 1970
    local: str  # MMDDhhmmss of DE13 and DE12
    minor: int  # of `amount`
    currency: str  # its code
    merchant: str  # cleaned, as the cardholder will read it
    response_code: str  # DE39, as received
    said: str  # the text of `facts`
    # What follows is not written, or seldom.
    facts: Facts
    arrived_at: float  # seconds since 1970
    tokens: tuple[bytes, ...]  # of the card; () where there is none
    last4: str
    mark: int  # of its names, by which later messages look for it
    account: Kind | None = None  # DE3 digits 3 and 4: 30 credit, 10 and 20 debit
    original: Original | None = None
    reversed: Money | None = None  # a partial reversal's DE4 minus DE95's actual amount, in `amount`'s currency
    left: tuple[tuple[Kind, int, str], ...] = ()  # `balances`, as minor units and the currency's code
    local_time: str = ""  # DE12, hhmmss
    domestic: bool = True  # DE43 does not name a country other than TH
    timed: bool = True  # the time in its key can be read, so that its repeats have the same `happened_at`

    @classmethod
    def of(
        cls,
        *,
        facts: Facts,
        card: Card | None,
        amount: Money = NOTHING,
        local_date: str = "",
        local_time: str = "",
        balances: tuple[tuple[Kind, Money], ...] = (),
        **others: Any,
    ) -> "Transaction":
        """The transaction of these values; `others` are fields as they stand."""
        apart = {
            "said": facts.text,
            "facts": facts,
            "tokens": card.tokens if card else (),
            "last4": card.last4 if card else "",
            "minor": amount.minor,
            "currency": amount.currency.code,
            "local": local_date + local_time,
            "local_time": local_time,
            "left": tuple((kind, money.minor, money.currency.code) for kind, money in balances),
        }
        values = _ABSENT | others | apart
        return cls(**values, mark=mark(values["stan"], values["rrn"], values["approval_code"]))

    def values(self) -> dict[str, Any]:
        """Those that `of` makes it of."""
        put_together = {name: getattr(self, name) for name in ("card", "amount", "balances", "local_date")}
        return put_together | {name: value for name, value in self._asdict().items() if name not in _TAKEN_APART}

    def but(self, **changed: Any) -> "Transaction":
        """The same with other values."""
        return Transaction.of(**self.values() | changed)

    def __repr__(self) -> str:
        return f"Transaction({self.link!r}, {self.mti!r}, STAN {self.stan!r}, card {self.last4!r})"

    @property
    def card(self) -> Card | None:
        return Card(self.tokens, self.last4) if self.tokens else None

    @property
    def amount(self) -> Money:
        """In baht if any of the message's amounts is, else as the merchant charged it."""
        return Money(self.minor, by_code(self.currency))

    @property
    def balances(self) -> tuple[tuple[Kind, Money], ...]:
        """Of DE54, the types that the profile reads for each kind of card."""
        return tuple((kind, Money(minor, by_code(code))) for kind, minor, code in self.left)

    @property
    def local_date(self) -> str:
        """DE13, MMDD."""
        return self.local[: len(self.local) - len(self.local_time)]

    def balance(self, kind: Kind) -> Money | None:
        """What is left on a card of this kind, if the message says."""
        return next((Money(minor, by_code(code)) for of, minor, code in self.left if of is kind), None)


of_row: partial[Transaction] = partial(tuple.__new__, Transaction)  # of all its fields as one tuple: the quickest way
