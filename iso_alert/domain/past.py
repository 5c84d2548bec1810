"""What the journal remembers of a message, as far as later ones of its card may ask."""

from typing import Protocol

from attrs import define

from iso_alert.domain.channel import Channel
from iso_alert.domain.event import Event
from iso_alert.domain.money import Money
from iso_alert.domain.reason import Reason
from iso_alert.domain.thread import State
from iso_alert.domain.transaction import Original


@define(eq=False)
class Unit:
    """The money of one payment.  Every message that speaks of it shares this value, so all see what becomes of it."""

    id: int  # the message that took the money; of a cancellation without an original, its own
    amount: Money
    state: State = State.STANDING
    given_back: int = 0  # minor units that partial reversals took off
    cancelled_by: int | None = None
    told: bool = False  # an SMS that tells of the payment was sent or is queued

    @property
    def left(self) -> Money:
        """What stands when partial reversals are taken off."""
        return Money(self.amount.minor - self.given_back, self.amount.currency)


@define
class Past:
    """A message that the journal holds."""

    id: int
    mti_class: str
    event: Event
    channel: Channel
    sub_channel: str
    arrived_at: float
    stan: str
    rrn: str
    approval_code: str
    terminal: str
    merchant_id: str
    acquirer: str
    invoice: str
    amount: Money
    merchant: str
    local: str  # MMDDhhmmss of DE13 and DE12
    transmitted_at: int | None
    thread: int  # the id of the message that began it
    reason: Reason
    unit: Unit
    original: Original | None = None
    reversed: Money | None = None
    balance: Money | None = None  # kept of unmatched cancellations only
    unmatched: bool = False  # a cancellation that has not found its original
    alerted: bool = False  # an SMS of its own was sent or is queued
    waiting: int | None = None  # its own alert, as long as nobody can have read a part of it


class Refers(Protocol):
    """What a message tells of itself and of the one it means."""

    @property
    def stan(self) -> str: ...
    @property
    def rrn(self) -> str: ...
    @property
    def approval_code(self) -> str: ...
    @property
    def terminal(self) -> str: ...
    @property
    def merchant_id(self) -> str: ...
    @property
    def acquirer(self) -> str: ...
    @property
    def invoice(self) -> str: ...
    @property
    def amount(self) -> Money: ...
    @property
    def original(self) -> Original | None: ...
