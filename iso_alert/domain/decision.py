"""From a transaction and what is known of its card to Send or Silent(why): the heart of the service.

`decide` is a function of values: the transaction, the card's holder, the messages before it, the tables.  It is asked
once for every financial message, inside the journal's commit, and tells everything that the journal then writes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone

from attrs import evolve, field, frozen

from iso_alert.domain.card import Kind
from iso_alert.domain.channel import Channel, Channels
from iso_alert.domain.event import NO_TIES, Event, Events, Ties
from iso_alert.domain.money import BAHT, Money
from iso_alert.domain.policy import Policy, Row, Version
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import Holder, SubscriptionState
from iso_alert.domain.text import Texts
from iso_alert.domain.thread import (
    CANCELLING,
    CONTINUING,
    STEPS,
    Effect,
    Past,
    State,
    asks_the_journal,
    can_mean,
    find_authorisation,
    find_original,
    told_by_phone,
)
from iso_alert.domain.transaction import Transaction

BANGKOK = timezone(timedelta(hours=7))  # no daylight saving since 1920
APPROVAL, CANCEL = "approval", "cancel"


@frozen
class Tables:
    """The knowledge of one link's profile."""

    events: Events
    channels: Channels


@frozen
class Rulebook:
    """All that deciding knows beyond the journal."""

    profiles: Mapping[str, Tables]  # by link
    policy: Policy
    texts: Texts
    stopped: bool = False  # the kill switch for everybody


@frozen
class NewAlert:
    """An SMS that shall go, rendered; `hold` is how many seconds it waits for what may have been overtaken."""

    key: str  # approval, cancel
    customer: int
    mobile: str = field(repr=False)
    language: str
    text: str = field(repr=False)
    hold: float = 0.0


@frozen
class Change:
    """What a message does to the thread that it continues."""

    thread: int
    state: State
    given_back: int = 0
    cancelled_by: int | None = None


@frozen
class Decision:
    """Everything the journal writes of one message beside the message itself."""

    event: Event
    event_rule: str
    channel: Channel
    sub_channel: str
    channel_rule: str
    kind: Kind
    subscription: SubscriptionState
    policy_version: str
    reason: Reason
    policy_row: str = ""
    original: int | None = None
    matched_by: str = ""
    thread: int | None = None  # None: it begins one
    unmatched: bool = False
    change: Change | None = None
    alerts: Sequence[NewAlert] = ()
    withdraw: Sequence[int] = ()  # alerts that must not go any more, if they still wait
    overtook: Sequence[tuple[int, Reason]] = ()  # cancellations that came before it, and what became of them


@frozen
class Found:
    """What the journal knows that bears on one message."""

    event: Event
    event_rule: str
    original: Past | None = None
    matched_by: str = ""


def decide(number: int, of: Transaction, holder: Holder, before: Sequence[Past], book: Rulebook) -> Decision:
    """What message `number` means, and what is told.  `before` is of the same card; any order."""
    tables = book.profiles[of.link]
    found = _find(of, before, tables.events)
    kind = holder.kind or of.account or Kind.CREDIT
    version = book.policy.at(of.happened_at)
    channel, sub_channel, channel_rule = _channel(of, found, tables.channels)
    plain = Decision(
        event=found.event,
        event_rule=found.event_rule,
        channel=channel,
        sub_channel=sub_channel,
        channel_rule=channel_rule,
        kind=kind,
        subscription=holder.state,
        policy_version=version.id,
        reason=Reason.NOT_PROMISED,
        original=found.original.id if found.original else None,
        matched_by=found.matched_by,
        thread=found.original.thread if found.original else None,
    )
    case = _Case(number, of, holder, kind, version, book.texts, book.stopped, plain)
    if found.original and found.event in CONTINUING:
        return case.continues(found.original)
    if found.event in CANCELLING or found.event is Event.REVERSAL_OF_VOID:
        return case.unmatched()
    return case.begins([past for past in before if past.unmatched])


def _find(of: Transaction, before: Sequence[Past], events: Events) -> Found:
    if of.card is None or not asks_the_journal(of):
        event, rule = events.of(of.facts, NO_TIES)
        return Found(event, rule.id)
    among = [past for past in before if can_mean(of, past)]
    matched = find_original(of, among)
    authorisation = find_authorisation(of, among) if of.facts.function == "2" else None
    by_phone = told_by_phone(of, among) if of.facts.function == "2" else None
    original, matched_by = matched or (authorisation, "DE38" if authorisation else "")
    ties = Ties(
        original=original.event.value if original else "none",
        original_class=authorisation.mti_class if authorisation else "",
        told_by_phone="yes" if by_phone else "no",
    )
    event, rule = events.of(of.facts, ties)
    if event is Event.FORCE_POSTED:
        original, matched_by = by_phone, "DE38"
    elif event is Event.COMPLETION:
        original = authorisation or original
    return Found(event, rule.id, original, matched_by) if event in CONTINUING else Found(event, rule.id)


def _channel(of: Transaction, found: Found, channels: Channels) -> tuple[Channel, str, str]:
    if found.original:
        return found.original.channel, found.original.sub_channel, "of the original"
    channel, rule = channels.of(of.facts, found.event)
    return channel, rule.extra, rule.id


_NEVER = {
    Event.NOT_FINANCIAL: Reason.NOT_FINANCIAL,
    Event.CHARGEBACK: Reason.CHARGEBACK,
    Event.UNDECIDED: Reason.UNDECIDED,
}


@frozen
class _Case:
    """One message on its way to a decision; `plain` is the decision so far."""

    number: int
    of: Transaction
    holder: Holder
    kind: Kind
    version: Version
    texts: Texts
    stopped: bool
    plain: Decision

    def begins(self, overtaken_by: Sequence[Past]) -> Decision:
        """It stands alone, unless a cancellation of it came first."""
        row, reason = self._judged(self.plain.event, self.of.amount)
        decision = evolve(self.plain, policy_row=row.id if row else "", reason=reason)
        for cancellation in overtaken_by:
            if find_original(cancellation, [self._as_past(reason)]):
                return self._overtaken(decision, cancellation)
        return self._with_alerts(decision, APPROVAL if self.plain.event is not Event.REFUND else CANCEL)

    def continues(self, original: Past) -> Decision:
        """It speaks of an earlier message."""
        event = self.plain.event
        step = STEPS[original.state, event]
        if original.event is Event.PRE_AUTHORISATION and original.state is State.COMPLETED and event in CANCELLING:
            return evolve(self.plain, reason=Reason.COMPLETED_ALREADY)
        if event is Event.REVERSAL_OF_VOID and original.id != original.cancelled_by:
            return evolve(self.plain, reason=Reason.NOTHING_TO_RESTORE)
        decision = evolve(self.plain, change=self._change(step.state, original))
        if step.effect is Effect.ON_ITS_OWN or (event is Event.COMPLETION and not original.told):
            row, reason = self._judged(event, self.of.amount)
            return self._with_alerts(evolve(decision, policy_row=row.id if row else "", reason=reason), APPROVAL)
        if step.effect is Effect.SILENT:
            return evolve(decision, reason=step.reason)
        row = self.version.row(self.kind, self.plain.channel, event)
        decision = evolve(decision, policy_row=row.id if row else "")
        if not original.told:
            return evolve(decision, reason=Reason.ORIGINAL_NOT_TOLD)
        if step.effect is Effect.RESTORE:
            return self._restored(decision, original)
        told = evolve(decision, reason=self._may_tell(Reason.CANCELLATION_TOLD))
        return self._with_alerts(told, APPROVAL if original.event is Event.REFUND else CANCEL, original)

    def unmatched(self) -> Decision:
        """A cancellation whose original is not in the journal: the policy decides, and it waits a little."""
        alone = evolve(self.plain, unmatched=True)
        if self.plain.event is Event.REVERSAL_OF_VOID:
            return evolve(alone, reason=Reason.UNMATCHED_SILENT)
        if not self.of.amount.minor:
            return evolve(alone, reason=Reason.NO_AMOUNT)
        row, reason = self._judged(Event.PURCHASE, self._sum(None))
        if reason in (Reason.TOLD, Reason.FOREIGN_TOLD):
            reason = Reason.UNMATCHED_TOLD if self.version.tell_unmatched else Reason.UNMATCHED_SILENT
        decision = evolve(alone, reason=reason, policy_row=row.id if row else "")
        return self._with_alerts(decision, CANCEL, hold=self.version.wait)

    def _judged(self, event: Event, amount: Money) -> tuple[Row | None, Reason]:
        """The policy's row for an event that nothing else is known of, and its answer."""
        if event in _NEVER:
            return None, _NEVER[event]
        if self.of.card is None:
            return None, Reason.NO_CARD
        row = self.version.row(self.kind, self.plain.channel, event)
        if row is None or row.follows:
            return row, Reason.DECLINED if event is Event.DECLINED else Reason.NOT_PROMISED
        if not row.sends:
            return row, Reason.DECLINED if event is Event.DECLINED else Reason.SWITCHED_OFF
        if not row.reached(amount):
            return row, Reason.BELOW_THRESHOLD
        return row, self._may_tell(Reason.TOLD if amount.currency == BAHT else Reason.FOREIGN_TOLD)

    def _may_tell(self, reason: Reason) -> Reason:
        """`reason`, unless there is nobody to be told."""
        if self.stopped:
            return Reason.STOPPED
        match self.holder.state:
            case SubscriptionState.ACTIVE:
                return reason
            case SubscriptionState.NONE:
                return Reason.NOT_SUBSCRIBED
            case SubscriptionState.SUSPENDED:
                return Reason.SUSPENDED
            case _:
                return Reason.NOT_ACTIVE

    def _change(self, state: State, original: Past) -> Change:
        cancels = state in (State.VOIDED, State.REVERSED)
        given = self.of.reversed.minor if self.of.reversed and self.plain.event is Event.PARTIAL_REVERSAL else 0
        by = (original.cancelled_by or self.number) if cancels else None
        return Change(original.thread, state, original.given_back + given, by)

    def _restored(self, decision: Decision, original: Past) -> Decision:
        if original.waiting_cancel is not None:
            return evolve(decision, reason=Reason.CANCEL_WITHDRAWN, withdraw=(original.waiting_cancel,))
        return self._with_alerts(evolve(decision, reason=self._may_tell(Reason.RESTORED_TOLD)), APPROVAL, original)

    def _overtaken(self, decision: Decision, first: Past) -> Decision:
        """The cancellation `first` came before this, its original: both are told in order, or neither any more."""
        step = STEPS[State.STANDING, first.event if first.event in CANCELLING else Event.REVERSAL]
        in_time = self.of.arrived_at - first.arrived_at <= self.version.wait
        gone = first.reason is Reason.UNMATCHED_TOLD and first.waiting_cancel is None  # it is on its way already
        told = decision.reason.told
        change = Change(self.number, step.state, first.reversed.minor if first.reversed else 0, first.id)
        if not in_time or gone:
            reason = Reason.OVERTAKEN_SILENT if told else decision.reason
            became = first.reason if first.reason.told else Reason.OVERTAKEN_SILENT
            return evolve(decision, reason=reason, change=change, overtook=((first.id, became),))
        withdraw = (first.waiting_cancel,) if first.waiting_cancel is not None else ()
        became = Reason.OVERTAKEN_TOLD if told else Reason.ORIGINAL_NOT_TOLD
        decision = evolve(decision, change=change, withdraw=withdraw, overtook=((first.id, became),))
        if not told:
            return decision
        both = self._with_alerts(decision, APPROVAL)
        late = evolve(self, of=_again(self.of, first), plain=evolve(self.plain, event=first.event))
        cancel = late.alert(CANCEL, self._as_past(decision.reason))
        return evolve(both, alerts=(*both.alerts, cancel))

    def _with_alerts(self, decision: Decision, key: str, original: Past | None = None, hold: float = 0.0) -> Decision:
        if not decision.reason.told:
            return decision
        if not self._sum(original).minor:
            return evolve(decision, reason=Reason.NO_AMOUNT)
        return evolve(decision, alerts=(self.alert(key, original, hold),))

    def alert(self, key: str, original: Past | None = None, hold: float = 0.0) -> NewAlert:
        """The SMS, rendered in the cardholder's language."""
        to = self.holder.subscription
        assert to is not None and self.of.card is not None  # `_may_tell` and `_judged` saw to it
        balance = self.of.balance(self.kind)
        text = self.texts.spending(
            key,
            to.language,
            amt=self.texts.amount(self._sum(original), to.language),
            last4=self.of.card.last4,
            merchant=self.of.merchant if self.of.merchant != "-" or not original else original.merchant,
            time=shown_time(self.of, original),
            bal=balance if balance and balance.currency == BAHT else None,
        )
        return NewAlert(key, to.customer, to.mobile, to.language.value, text, hold)

    def _sum(self, original: Past | None) -> Money:
        """The sum to be shown: what is given back; of a whole cancellation what partial ones left."""
        event, amount = self.plain.event, self.of.amount
        if event is Event.PARTIAL_REVERSAL and self.of.reversed:
            return self.of.reversed
        if original is None:
            return amount
        shown = amount if amount.minor else original.amount
        if event in CANCELLING and shown.currency == original.amount.currency:
            return Money(min(shown.minor, original.amount.minor - original.given_back), shown.currency)
        return shown

    def _as_past(self, reason: Reason) -> Past:
        return as_past(self.number, self.of, evolve(self.plain, reason=reason))


def shown_time(of: Transaction, original: Past | None = None) -> str:
    """HH:MM in Bangkok: DE12 of a domestic sale, DE7 of a foreign one; a cancellation's own time, not a copied one."""
    copied = original is not None and of.local_date + of.local_time == original.local
    if of.local_time and of.domestic and not copied:
        return f"{of.local_time[:2]}:{of.local_time[2:4]}"
    moment = of.transmitted_at if of.transmitted_at is not None else of.arrived_at
    return datetime.fromtimestamp(moment, BANGKOK).strftime("%H:%M")


def as_past(number: int, of: Transaction, decision: Decision) -> Past:
    """The message as later ones of its card will find it."""
    return Past(
        id=number,
        mti_class=of.facts.mti_class,
        event=decision.event,
        channel=decision.channel,
        sub_channel=decision.sub_channel,
        arrived_at=of.arrived_at,
        stan=of.stan,
        rrn=of.rrn,
        approval_code=of.approval_code,
        terminal=of.terminal,
        merchant_id=of.merchant_id,
        acquirer=of.acquirer,
        invoice=of.invoice,
        amount=of.amount,
        merchant=of.merchant,
        local=of.local_date + of.local_time,
        transmitted_at=of.transmitted_at,
        thread=decision.thread or number,
        reason=decision.reason,
        original=of.original,
        reversed=of.reversed,
        balance=of.balance(decision.kind) if decision.unmatched else None,
        unmatched=decision.unmatched,
        told=any(alert.key == APPROVAL for alert in decision.alerts),
    )


def _again(of: Transaction, first: Past) -> Transaction:
    """The overtaking cancellation as a transaction, as far as its SMS needs it."""
    return evolve(
        of,
        amount=first.amount,
        reversed=first.reversed,
        merchant=first.merchant,
        local_date=first.local[:4],
        local_time=first.local[4:],
        transmitted_at=first.transmitted_at,
        arrived_at=first.arrived_at,
        balances=tuple((kind, first.balance) for kind in Kind if first.balance),
    )
