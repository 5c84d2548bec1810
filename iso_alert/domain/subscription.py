"""Who wants to be told, where, and in which language."""

from enum import Enum

from attrs import field, frozen

from iso_alert.domain.card import Kind
from iso_alert.domain.text import Language


class SubscriptionState(Enum):
    """How far a subscription has come.  Only `active` is told."""

    NONE = "none"
    APPLIED = "applied"
    CONFIRMING = "confirming"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    EXPIRED = "expired"


def masked(mobile: str) -> str:
    """A mobile number as logs and lists may show it: +66*****5678."""
    return f"{mobile[:3]}*****{mobile[-4:]}"


@frozen
class Subscription:
    """A customer's choice."""

    customer: int
    mobile: str = field(repr=masked)  # E.164, with the plus sign
    language: Language
    state: SubscriptionState


@frozen
class Holder:
    """Who has a card, as the card file knows it, and the subscription that covers it."""

    kind: Kind | None = None  # None: not in the card file
    subscription: Subscription | None = None

    @property
    def state(self) -> SubscriptionState:
        return self.subscription.state if self.subscription else SubscriptionState.NONE
