"""What the journal holds of one purchase, as values: the messages, the alerts, their parts."""

from attrs import field, frozen

from iso_alert.domain.alert import AlertState
from iso_alert.domain.card import Kind
from iso_alert.domain.channel import Channel
from iso_alert.domain.event import Event
from iso_alert.domain.money import Money
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import masked
from iso_alert.domain.thread import State
from iso_alert.domain.transaction import Facts


@frozen
class MessageRecord:
    """One message with the decision on it.  Times are seconds since 1970."""

    id: int
    at: float
    last4: str
    link: str
    mti: str
    stan: str
    rrn: str
    approval_code: str
    terminal: str
    merchant_id: str
    response_code: str
    amount: Money
    merchant: str
    facts: Facts
    event: Event
    event_rule: str
    channel: Channel
    sub_channel: str
    channel_rule: str
    kind: Kind
    policy_version: str
    policy_row: str
    subscription: str
    reason: Reason
    matched: int | None
    matched_by: str


@frozen
class PartRecord:
    """One submit_sm that the SMSC accepted, and what its receipt said."""

    n: int
    of: int
    route: str  # the operator
    way: str  # the route that carried it, unless it has its operator's name
    message_id: str
    accepted_at: float
    state: str
    error: str
    confirmed_at: float | None


@frozen
class AlertRecord:
    """One SMS and everything that happened to it."""

    id: int
    txn: int
    key: str
    mobile: str = field(repr=masked)
    language: str
    text: str = field(repr=False)
    state: AlertState
    not_before: float
    attempts: int
    doubts: int
    cause: str
    settled_at: float | None
    confirmed_at: float | None
    parts: tuple[PartRecord, ...]


@frozen
class ThreadRecord:
    """A purchase from its first message to its last receipt."""

    id: int
    state: State
    given_back: int
    messages: tuple[MessageRecord, ...]
    alerts: tuple[AlertRecord, ...]
