"""One message on its way to a decision: does it stand alone, continue a thread, or cancel what nobody has seen?

Every way ends in a Decision with a reason from the closed list; nothing is decided by falling through.
"""

from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from iso_alert.domain.card import Kind
from iso_alert.domain.decision import (
    APPROVAL,
    BURST,
    CANCEL,
    DECLINED,
    Change,
    Decision,
    Known,
    NewAlert,
    Small,
    as_past,
)
from iso_alert.domain.event import Event
from iso_alert.domain.money import BAHT, Money
from iso_alert.domain.policy import Row, Version
from iso_alert.domain.reason import Reason
from iso_alert.domain.shown import shown_sum, shown_time
from iso_alert.domain.subscription import Holder, SubscriptionState
from iso_alert.domain.text import Texts
from iso_alert.domain.thread import CANCELLING, STEPS, Effect, Past, State, find_original
from iso_alert.domain.transaction import Transaction

# A message that begins a thread is told with the text of an approval, but for these.
TEXT_OF: Mapping[Event, str] = {Event.REFUND: CANCEL, Event.DECLINED: DECLINED}
_NEVER = {
    Event.NOT_FINANCIAL: Reason.NOT_FINANCIAL,
    Event.CHARGEBACK: Reason.CHARGEBACK,
    Event.UNDECIDED: Reason.UNDECIDED,
}


@frozen
class Case:
    """One message on its way to a decision; `plain` is the decision so far."""

    number: int
    of: Transaction
    holder: Holder
    version: Version
    texts: Texts
    stopped: bool
    plain: Decision

    def begins(self, known: Known) -> Decision:
        """It stands alone, unless a cancellation of it came first."""
        row, reason = self._judged(self.plain.event, self.of.amount)
        decision = evolve(self.plain, policy_row=row.id if row else "", reason=reason)
        for past in known.before:
            if past.unmatched and find_original(past, [self._as_past(reason)]):
                return self._overtaken(decision, past)
        if reason is Reason.BELOW_THRESHOLD and self.version.burst.on:
            return self._perhaps_burst(decision, known.small)
        return self._with_alerts(decision, TEXT_OF.get(self.plain.event, APPROVAL))

    def _perhaps_burst(self, decision: Decision, small: Sequence[Small]) -> Decision:
        """Many small purchases are told as one: thieves stay below the threshold to be unseen."""
        this = Small(self.number, self.of.arrived_at, self.of.amount.minor)
        covered = self.version.burst.reached((*small, this), this.at)
        if not covered or self._may_tell(Reason.BURST_TOLD) is not Reason.BURST_TOLD:
            return decision
        told = evolve(decision, reason=Reason.BURST_TOLD, covers=[one.id for one in covered if one is not this])
        sum_ = Money(sum(one.satang for one in covered))
        return evolve(told, alerts=(self._alert(BURST, sum_, count=len(covered)),))

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
        row = self.version.row(self.plain.kind, self.plain.channel, event)
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
        row = self.version.row(self.plain.kind, self.plain.channel, event)
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
        return evolve(self._alert(key, self._sum(original), original), hold=hold)

    def _alert(self, key: str, total: Money, original: Past | None = None, **more: object) -> NewAlert:
        to = self.holder.subscription
        assert to is not None and self.of.card is not None  # `_may_tell` and `_judged` saw to it
        balance = self.of.balance(self.plain.kind)
        text = self.texts.spending(
            key,
            to.language,
            amt=self.texts.amount(total, to.language),
            last4=self.of.card.last4,
            merchant=self.of.merchant if self.of.merchant != "-" or not original else original.merchant,
            time=shown_time(self.of, original),
            bal=balance if balance and balance.currency == BAHT else None,
            **more,
        )
        return NewAlert(key, to.customer, to.mobile, to.language.value, text)

    def _sum(self, original: Past | None) -> Money:
        return shown_sum(self.of, self.plain.event, original)

    def _as_past(self, reason: Reason) -> Past:
        return as_past(self.number, self.of, evolve(self.plain, reason=reason))


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
