"""The verbs of the store about the bank's files: whole batches of lines.  As in `port`: one verb, one transaction.

Each is idempotent: the same lines again change nothing.  A line that cannot be used is named, and the others are kept.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from enum import Enum
from typing import Protocol

from attrs import field, frozen

from iso_alert.domain.card import Card, Kind
from iso_alert.domain.text import Language


class CardStatus(Enum):
    """What may be done with a card.  A closed one is covered still: shops charge it for months."""

    OPEN = "open"
    BLOCKED = "blocked"
    CLOSED = "closed"


@frozen
class CustomerLine:
    """One customer of the bank."""

    customer: str
    natural: bool  # a person, not a company


@frozen
class CardLine:
    """One card.  `status` None leaves it as it is; the card that it replaces is closed."""

    customer: str
    card: Card
    kind: Kind
    primary: bool
    status: CardStatus | None = None
    replaces: Card | None = None


@frozen
class SubscriberLine:
    """One subscription that is complete already.  `news` None leaves the consent as it is, and without one it is no."""

    customer: str
    mobile: str = field(repr=False)
    language: Language
    news: bool | None = None
    terms: str = ""


@frozen
class StatementLine:
    """What is owed on a card, and by when.  Sums in satang."""

    card: Card
    due: date
    total: int
    minimum: int


@frozen
class Filed:
    """What a batch came to: how many lines changed something, and those that cannot be used, by position, with why.

    `differing` are subscriptions that exist with other values: changing one is a command, with its SMS and its own row
    in the audit trail.
    """

    changed: int
    refused: Mapping[int, str] = field(factory=dict)
    differing: tuple[int, ...] = ()


class Files(Protocol):
    """What the bank's files say."""

    def in_bulk(self) -> AbstractContextManager[None]:
        """Within it a batch is committed and perhaps not on the disk yet; the next commit after it puts all there."""

    def customers(self, lines: Sequence[CustomerLine]) -> Filed:
        """Write customers."""

    def cards(self, lines: Sequence[CardLine]) -> Filed:
        """Write cards and their holders.  A card that was covered alone brings its subscription along."""

    def subscriptions(self, lines: Sequence[SubscriberLine], now: float) -> Filed:
        """Write new subscriptions, active at once.  One that has ended is not brought back: that is refused."""

    def statements(self, lines: Sequence[StatementLine]) -> Filed:
        """Write statements; one that is there (card and due date) gets the new sums.  Unknown cards are refused."""
