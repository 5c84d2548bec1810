"""What is answered: values that show of a card four digits, and of a mobile number as much as the role may see."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from attrs import frozen
from cattrs import Converter

from iso_alert.domain.card import Kind
from iso_alert.domain.command import Answer, CoveredCard, Record, Standing
from iso_alert.domain.subscription import SubscriptionState, masked
from iso_alert.domain.text import Language
from iso_alert.domain.token import Role
from iso_alert.store.people import AuditRow
from iso_alert.web.api import fields as f

_PLAIN = Converter()
SEES_NUMBERS = frozenset({Role.SUPERVISOR})


@frozen
class ShownCard:
    """A card."""

    last4: Annotated[str, f.LAST4]
    kind: Kind | None
    primary: bool
    blocked: bool


@frozen
class ShownSubscription:
    """A subscription as it is now."""

    state: SubscriptionState
    mobile: Annotated[str, f.said("E.164; masked (+66*****5678) unless the role may see it.")]
    language: Language
    news: bool
    terms: str
    applied_at: Annotated[str, f.MOMENT]
    changed_at: Annotated[str, f.MOMENT]
    activated_at: Annotated[str | None, f.MOMENT]
    suspended_from: SubscriptionState | None
    confirmations: Annotated[int, f.said("How many confirming SMS were sent.")]
    confirm_until: Annotated[str | None, f.MOMENT]


@frozen
class Subscriber:
    """A customer of the bank, the covered cards, and the subscription if there is one."""

    customer: str
    natural: bool
    cards: tuple[ShownCard, ...]
    subscription: ShownSubscription | None


@frozen
class Done:
    """What came of a command that was carried out."""

    result: Annotated[str, f.matching("done, waits or replaced.", "^[a-z]+$", "done")]
    code: Annotated[str, f.matching("The result as DE39 of an answer to an ATM.", "^[0-9]{2}$", "00")]
    words: str
    notices: Annotated[int, f.said("How many SMS it caused.")]
    repeat: Annotated[bool, f.said("Whether this is the answer to an earlier request of the same key.")]
    subscriber: Subscriber | None


@frozen
class Found:
    """Whoever was found; nobody is no error."""

    subscribers: tuple[Subscriber, ...]


@frozen
class Telling:
    """Whether anybody is told anything."""

    stopped: bool


@frozen
class ShownRoute:
    """A route to an operator."""

    name: str
    operator: str
    weight: Annotated[float, f.said("Its share, beside the other routes'.")]
    state: Annotated[str, f.said("new, connecting, binding, bound, throttled, draining, waiting, ended or drained.")]
    bound: bool
    in_flight: Annotated[int, f.said("PDUs that wait for their answer.")]
    credit: Annotated[int, f.said("PDUs that it would take now.")]
    drained_at: Annotated[str | None, f.MOMENT]
    drained_by: str | None
    reason: Annotated[str | None, f.said("Why it was drained.")]


@frozen
class ShownRoutes:
    """All of them, in the order of the configuration."""

    routes: tuple[ShownRoute, ...]


@frozen
class Preview:
    """A reminder as it would be sent."""

    last4: Annotated[str, f.LAST4]
    language: Language
    text: str
    parts: Annotated[int, f.said("How many SMS the operator counts.")]


@frozen
class Previews:
    """One reminder for each card."""

    reminders: tuple[Preview, ...]


@frozen
class Refused:
    """A line that was not taken."""

    line: int
    words: str


@frozen
class Taken:
    """What an upload came to; the good lines are kept although others are not."""

    lines: int
    changed: int
    refused: tuple[Refused, ...]


@frozen
class ShownRow:
    """A row of the audit trail."""

    id: int
    at: Annotated[str, f.MOMENT]
    actor: str
    via: str
    origin: str
    operation: str
    outcome: str
    customer: str
    last4: str
    reason: str
    before: Any
    after: Any


@frozen
class Trail:
    """Rows of the audit trail, in order."""

    rows: tuple[ShownRow, ...]


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _perhaps(at: float | None) -> str | None:
    return None if at is None else moment(at)


def subscriber(of: Standing, role: Role) -> Subscriber:
    shown = _subscription(of.record, role) if of.record else None
    return Subscriber(of.ref, of.natural, tuple(map(_card, of.cards)), shown)


def _card(of: CoveredCard) -> ShownCard:
    return ShownCard(of.last4, of.kind, of.primary, of.blocked)


def _subscription(of: Record, role: Role) -> ShownSubscription:
    return ShownSubscription(
        state=of.state,
        mobile=of.mobile if role in SEES_NUMBERS else masked(of.mobile),
        language=of.language,
        news=of.news,
        terms=of.terms,
        applied_at=moment(of.applied_at),
        changed_at=moment(of.changed_at),
        activated_at=_perhaps(of.activated_at),
        suspended_from=of.suspended_from,
        confirmations=of.confirmations,
        confirm_until=_perhaps(of.confirm_until),
    )


def done(of: Answer, role: Role) -> Done:
    result = of.result
    shown = subscriber(of.standing, role) if of.standing else None
    return Done(result.name.lower(), result.value, of.words, of.notices, of.repeat, shown)


def row(of: AuditRow) -> ShownRow:
    who, it = of.entry.actor, of.entry
    before, after = _kept(it.before), _kept(it.after)
    return ShownRow(
        of.id, moment(of.at), who.name, who.via.value, who.origin, it.operation, it.outcome, it.customer, it.last4,
        it.reason, before, after,
    )  # fmt: skip


def _kept(text: str) -> Any:
    """What a row keeps is JSON mostly, and words else."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def plain(told: Any) -> Any:
    """An answer as JSON has it."""
    return _PLAIN.unstructure(told)
