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
    Overtaken,
    Small,
    as_past,
)
from iso_alert.domain.event import Event
from iso_alert.domain.matching import find_twin, overtook
from iso_alert.domain.money import BAHT, Money
from iso_alert.domain.past import Past
from iso_alert.domain.policy import Row, Version
from iso_alert.domain.reason import Reason
from iso_alert.domain.shown import shown_sum, shown_time
from iso_alert.domain.subscription import Holder, SubscriptionState
from iso_alert.domain.text import Texts
from iso_alert.domain.thread import GONE, STEPS, Effect, State
from iso_alert.domain.transaction import Transaction

# A message that begins a thread is told with the text of an approval, but for these.
TEXT_OF: Mapping[Event, str] = {Event.REFUND: CANCEL, Event.DECLINED: DECLINED}
_NEVER = {
    Event.NOT_FINANCIAL: Reason.NOT_FINANCIAL,
    Event.CHARGEBACK: Reason.CHARGEBACK,
    Event.UNDECIDED: Reason.UNDECIDED,
}
# What an unmatched cancellation makes of the money that it names, until its original comes.
_ALONE = {
    Event.VOID: State.VOIDED,
    Event.VOID_OF_REFUND: State.VOIDED,
    Event.REVERSAL: State.REVERSED,
    Event.PARTIAL_REVERSAL: State.PART_REVERSED,
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
        decision = self._on_its_own(self.plain)
        if first := self._overtaken_by(known, decision):
            return self._overtaken(decision, first)
        if decision.reason is Reason.BELOW_THRESHOLD and self.version.burst.on:
            return self._perhaps_burst(decision, known.small)
        return self._with_alerts(decision, TEXT_OF.get(self.plain.event, APPROVAL))

    def continues(self, original: Past, known: Known) -> Decision:
        """It speaks of an earlier message."""
        event, unit = self.plain.event, original.unit
        step = STEPS[unit.state, event]
        if event is Event.REVERSAL_OF_VOID and original.id != unit.cancelled_by:
            return evolve(self.plain, reason=Reason.NOTHING_TO_RESTORE)
        match step.effect:
            case Effect.CANCEL:
                return self._cancels(step.state, original, known)
            case Effect.RESTORE:
                return self._restores(original)
            case Effect.COVERED | Effect.ON_ITS_OWN:
                return self._posts(step.state, original, known, covered=step.effect is Effect.COVERED and unit.told)
        return evolve(self.plain, reason=step.reason)

    def unmatched(self, known: Known, cancelled: Event) -> Decision:
        """A cancellation whose original, likely `cancelled`, is not in the journal: the policy decides; it waits."""
        if self.plain.event is Event.REVERSAL_OF_VOID:
            return evolve(self.plain, unmatched=True, reason=Reason.UNMATCHED_SILENT)
        if twin := find_twin(self.of, known.before):
            return evolve(self.plain, reason=Reason.ALREADY_CANCELLED, original=twin.id, thread=twin.thread)
        state = _ALONE[self.plain.event]
        change = Change(self.number, state, cancelled_by=self.number if state in GONE else None)
        alone = evolve(self.plain, unmatched=True, changes=(change,))
        if not self.of.amount.minor:
            return evolve(alone, reason=Reason.NO_AMOUNT)
        row, reason = self._judged(cancelled, self._sum(None))
        if reason in (Reason.TOLD, Reason.FOREIGN_TOLD):
            reason = Reason.UNMATCHED_TOLD if self.version.tell_unmatched else Reason.UNMATCHED_SILENT
        decision = evolve(alone, reason=reason, policy_row=row.id if row else "")
        return self._with_alerts(decision, APPROVAL if cancelled is Event.REFUND else CANCEL, hold=self.version.wait)

    def _cancels(self, state: State, original: Past, known: Known) -> Decision:
        unit, given = original.unit, self._given(original)
        if self.plain.event is Event.PARTIAL_REVERSAL and given <= 0:
            return evolve(self.plain, reason=Reason.ALREADY_CANCELLED)
        row = self.version.row(self.plain.kind, self.plain.channel, self.plain.event)
        decision = evolve(self.plain, policy_row=row.id if row else "")
        if self.plain.event is Event.VOID and (first := self._overtaken_by(known, decision)):
            taken_back = Overtaken(first.id, original.thread, self.number, Reason.NOTHING_TO_RESTORE)
            return evolve(decision, reason=Reason.TAKEN_BACK_BEFORE, overtook=(taken_back,))
        by = self.number if state in GONE else None
        decision = evolve(decision, changes=(Change(unit.id, state, unit.given_back + given, by),))
        if not unit.told:
            return evolve(decision, reason=Reason.ORIGINAL_NOT_TOLD)
        told = evolve(decision, reason=self._may_tell(Reason.CANCELLATION_TOLD))
        return self._with_alerts(told, APPROVAL if original.event is Event.REFUND else CANCEL, original)

    def _given(self, original: Past) -> int:
        """What a partial reversal gives back; a second one that names the first sum tells both together."""
        part, unit = self.of.reversed, original.unit
        if self.plain.event is not Event.PARTIAL_REVERSAL or part is None:
            return 0
        if part.currency != unit.amount.currency:
            return part.minor if unit.amount.minor == 0 else 1
        return part.minor - (unit.given_back if self.of.amount == unit.amount else 0)

    def _restores(self, void: Past) -> Decision:
        """A void is taken back: the payment stands again, less what partial reversals took."""
        unit = void.unit
        state = State.PART_REVERSED if unit.given_back else State.STANDING
        decision = evolve(self.plain, changes=(Change(unit.id, state, unit.given_back),))
        if void.unmatched:
            done = Overtaken(void.id, void.thread, None, void.reason)
            decision = evolve(decision, overtook=(done,))
        if void.waiting is not None:
            return evolve(decision, reason=Reason.CANCEL_WITHDRAWN, withdraw=(void.waiting,))
        if not void.alerted:
            return evolve(decision, reason=Reason.NOTHING_TO_RESTORE)
        return self._with_alerts(evolve(decision, reason=self._may_tell(Reason.RESTORED_TOLD)), APPROVAL, void)

    def _posts(self, state: State, original: Past, known: Known, covered: bool) -> Decision:
        """A completion, or the slip of a telephone approval: told already, or a payment like any other."""
        unit, event = original.unit, self.plain.event
        decision = evolve(self.plain, changes=(Change(unit.id, state, unit.given_back, unit.cancelled_by),))
        known_reason = evolve(decision, reason=STEPS[unit.state, event].reason)
        decision = known_reason if covered else self._on_its_own(decision)
        if first := self._overtaken_by(known, decision):
            return self._overtaken(decision, first, covered)
        return decision if covered else self._with_alerts(decision, APPROVAL)

    def _on_its_own(self, decision: Decision) -> Decision:
        row, reason = self._judged(decision.event, self.of.amount)
        return evolve(decision, policy_row=row.id if row else "", reason=reason)

    def _overtaken_by(self, known: Known, decision: Decision) -> Past | None:
        """A cancellation of this message that came before it."""
        voids = decision.event is Event.VOID
        waiting = [past for past in known.before if past.unmatched and (past.event is Event.REVERSAL_OF_VOID) == voids]
        if not waiting:
            return None
        this = as_past(self.number, self.of, decision)
        return next((past for past in waiting if overtook(past, this)), None)

    def _overtaken(self, decision: Decision, first: Past, covered: bool = False) -> Decision:
        """The cancellation `first` came before this, its original: both are told in order, or neither any more."""
        told = covered or decision.reason.told
        thread = decision.thread or self.number
        state, by = first.unit.state, first.unit.cancelled_by
        change = Change(self.number, state, first.reversed.minor if first.reversed else 0, by)
        decision = evolve(decision, changes=(*decision.changes, change))

        def became(reason: Reason) -> tuple[Overtaken, ...]:
            return (Overtaken(first.id, thread, self.number, reason),)

        in_time = self.of.arrived_at - first.arrived_at <= self.version.wait
        on_its_way = first.alerted and first.waiting is None
        if on_its_way or (first.waiting is None and not in_time):
            reason = Reason.OVERTAKEN_SILENT if told and not covered else decision.reason
            return evolve(decision, reason=reason, overtook=became(first.reason))
        withdraw = (first.waiting,) if first.waiting is not None else ()
        if not told:
            return evolve(decision, withdraw=withdraw, overtook=became(Reason.ORIGINAL_NOT_TOLD))
        decision = evolve(decision, withdraw=withdraw, overtook=became(Reason.OVERTAKEN_TOLD))
        both = decision if covered else self._with_alerts(decision, APPROVAL)
        return evolve(both, alerts=(*both.alerts, self._late_cancel(first, decision)))

    def _late_cancel(self, first: Past, decision: Decision) -> NewAlert:
        """The cancellation's SMS, written again now that its original is known."""
        late = evolve(self, of=_again(self.of, first), plain=evolve(self.plain, event=first.event))
        return evolve(late.alert(CANCEL, as_past(self.number, self.of, decision)), tells=first.id)

    def _perhaps_burst(self, decision: Decision, small: Sequence[Small]) -> Decision:
        """Many small purchases are told as one: thieves stay below the threshold to be unseen."""
        this = Small(self.number, self.of.arrived_at, self.of.amount.minor)
        covered = self.version.burst.reached((*small, this), this.at)
        if not covered or self._may_tell(Reason.BURST_TOLD) is not Reason.BURST_TOLD:
            return decision
        told = evolve(decision, reason=Reason.BURST_TOLD, covers=[one.id for one in covered if one is not this])
        sum_ = Money(sum(one.satang for one in covered))
        return evolve(told, alerts=(self._alert(BURST, sum_, count=len(covered)),))

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
            merchant=original.merchant if original and original.merchant != "-" else self.of.merchant,
            time=shown_time(self.of, original),
            bal=balance if balance and balance.currency == BAHT else None,
            **more,
        )
        return NewAlert(key, to.customer, to.mobile, to.language.value, text)

    def _sum(self, original: Past | None) -> Money:
        return shown_sum(self.of, self.plain.event, original)


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
