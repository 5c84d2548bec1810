"""The day that the demo plays, read from specs/demo.toml: people, cards, and messages with what must come of them."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path

from attrs import frozen

from iso_alert import shipped
from iso_alert.domain.card import Kind, luhn
from iso_alert.domain.channel import Channel
from iso_alert.domain.mobile import thai_mobile
from iso_alert.domain.reason import Reason
from iso_alert.domain.text import Language
from iso_alert.iso.tables import read_toml, structure

FILE = "demo.toml"


@frozen
class Customer:
    """A person of the day; without a mobile number, one who never subscribed."""

    name: str
    mobile: str = ""
    language: Language = Language.EN

    @property
    def phone(self) -> str:
        """The number as the operator knows it: E.164 without the plus sign."""
        return thai_mobile(self.mobile).lstrip("+") if self.mobile else ""


@frozen
class SampleCard:
    """A card of the day."""

    name: str
    customer: str
    kind: Kind
    range: str  # of test cards: the first six digits
    last4: str

    def number(self) -> str:
        """Sixteen digits between its range and its last four, with the right check sum.  It is nobody's."""
        return next(pan for middle in count() if luhn(pan := f"{self.range}{middle:06d}{self.last4}"))


@frozen
class Link:
    """How one of the payment hosts writes its messages."""

    sends: frozenset[str]  # the fields that the demo fills in
    fields: Mapping[str, str]  # what all its messages have


@frozen
class Message:
    """One message, and what must come of it; see specs/demo.toml."""

    at: str  # HH:MM in Bangkok
    say: str
    link: str
    card: str
    mti: str
    amount: str
    fields: Mapping[str, str]
    currency: str = "THB"
    merchant: str = ""
    city: str = "BANGKOK"
    country: str = "TH"
    balance: str = ""
    name: str = ""
    of: str = ""
    same: tuple[str, ...] = ()
    channel: Channel | None = None
    reason: Reason | None = None
    sms: str = ""


@frozen
class Day:
    """Everything that happens, and what the service must be told before it begins."""

    configuration: str
    merchants: Mapping[str, str]
    link: Mapping[str, Link]
    customer: tuple[Customer, ...]
    card: tuple[SampleCard, ...]
    message: tuple[Message, ...]

    def card_of(self, message: Message) -> SampleCard:
        return next(card for card in self.card if card.name == message.card)

    def customer_of(self, message: Message) -> Customer:
        owner = self.card_of(message).customer
        return next(customer for customer in self.customer if customer.name == owner)


def read_day(path: Path | None = None) -> Day:
    """The shipped day, or another.  Raises BadTable with every fault."""
    path = path or shipped.path(FILE)
    return structure(read_toml(path), Day, path)
