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
    Overtaken,
    Small,
    as_past,
)
from iso_alert.domain.event import Event
from iso_alert.domain.judgement import Judgement
from iso_alert.domain.matching import find_twin, overtook
from iso_alert.domain.money import Money
from iso_alert.domain.past import Past, Unit
from iso_alert.domain.reason import Reason
from iso_alert.domain.shown import given_back
from iso_alert.domain.thread import GONE, STEPS, Effect, State
from iso_alert.domain.transaction import Transaction

# A message that begins a thread is told with the text of an approval, but for these.
TEXT_OF: Mapping[Event, str] = {Event.REFUND: CANCEL, Event.DECLINED: DECLINED}
# What an unmatched cancellation makes of the money that it names, until its original comes.
_ALONE = {
    Event.VOID: State.VOIDED,
    Event.VOID_OF_REFUND: State.VOIDED,
    Event.REVERSAL: State.REVERSED,
    Event.PARTIAL_REVERSAL: State.PART_REVERSED,
}


@frozen
class Case(Judgement):
    """One message on its way to a decision, by one of three ways: `begins`, `continues`, `unmatched`."""

    def begins(self, known: Known) -> Decision:
        """It stands alone, unless a cancellation of it came first."""
        return self.stands(self.on_its_own(self.plain), known)

    def stands(self, decision: Decision, known: Known) -> Decision:
        """`decision` as what is judged already, with its SMS."""
        if first := self._overtaken_by(known, decision):
            return self._overtaken(decision, first, covered=False)
        if decision.reason is Reason.BELOW_THRESHOLD and self.version.burst.on:
            return self._perhaps_burst(decision, known.small)
        return self._with_alerts(decision, TEXT_OF.get(self.plain.event, APPROVAL))

    def continues(self, original: Past, known: Known) -> Decision:
        """It speaks of an earlier message."""
        event, unit = self.plain.event, original.unit
        step = STEPS[unit.state, event]
        if event is Event.REVERSAL_OF_VOID and original.id != unit.cancelled_by:
            if unit.state not in GONE and self.plain.matched_by != "DE90":
                return self._waits_for_its_void()  # the payment stands, and all its voids have one RRN
            return evolve(self.plain, reason=Reason.NOTHING_TO_RESTORE)
        match step.effect:
            case Effect.CANCEL:
                return self._cancels(step.state, original, known)
            case Effect.RESTORE:
                return self._restores(original)
            case Effect.COVERED | Effect.ON_ITS_OWN:
                return self._posts(step.state, original, known, covered=step.effect is Effect.COVERED and unit.told)
        return evolve(self.plain, reason=step.reason, changes=self._booked(original))

    def unmatched(self, known: Known, cancelled: Event) -> Decision:
        """A cancellation whose original, likely `cancelled`, is not in the journal: the policy decides; it waits."""
        if self.plain.event is Event.REVERSAL_OF_VOID:
            return self._waits_for_its_void()
        before = find_twin(self.of, known.before)
        if before and self._says_no_more_than(before):
            return evolve(self.plain, reason=Reason.ALREADY_CANCELLED, original=before.id, thread=before.thread)
        if taken_back := self._taken_back(known, self.plain):
            return taken_back  # and cancels nothing when its original comes
        state, total = _ALONE[self.plain.event], self._sum(before)
        part = self.of.reversed.minor if self.of.reversed and state is State.PART_REVERSED else 0
        change = Change(self.number, state, part, self.number if state in GONE else None)
        alone = evolve(self.plain, unmatched=True, changes=(change,))
        if not total.minor:
            return evolve(alone, reason=Reason.NO_AMOUNT)
        row, reason = self._judged(cancelled, total)
        if reason in (Reason.TOLD, Reason.FOREIGN_TOLD):
            reason = Reason.UNMATCHED_TOLD if self.version.tell_unmatched else Reason.UNMATCHED_SILENT
        decision = evolve(alone, reason=reason, policy_row=row.id if row else "")
        key = APPROVAL if cancelled is Event.REFUND else CANCEL
        return self._with_alerts(decision, key, before, hold=self.version.wait)

    def _waits_for_its_void(self) -> Decision:
        """It may have overtaken the void that it takes back."""
        return evolve(self.plain, unmatched=True, original=None, matched_by="", reason=Reason.UNMATCHED_SILENT)

    def _taken_back(self, known: Known, decision: Decision) -> Decision | None:
        """`decision` on a void whose reversal came before it; None if there is none."""
        first = self._overtaken_by(known, decision) if decision.event is Event.VOID else ()
        if not first:
            return None
        done = Overtaken(first[0].id, decision.thread or self.number, self.number, Reason.NOTHING_TO_RESTORE)
        return evolve(decision, reason=Reason.TAKEN_BACK_BEFORE, overtook=(done,))

    def _says_no_more_than(self, before: Past) -> bool:
        """Whether an earlier cancellation of the same payment gave back all that this one does."""
        if before.event is not Event.PARTIAL_REVERSAL:
            return True
        return self.plain.event is Event.PARTIAL_REVERSAL and self.of.reversed == before.reversed

    def _cancels(self, state: State, original: Past, known: Known) -> Decision:
        unit, given = original.unit, given_back(self.of, self.plain.event, original.unit)
        if given is not None and given <= 0:
            return evolve(self.plain, reason=Reason.ALREADY_CANCELLED)
        row = self.version.row(self.plain.kind, self.plain.channel, self.plain.event)
        decision = evolve(self.plain, policy_row=row.id if row else "")
        if taken_back := self._taken_back(known, decision):
            return taken_back
        by = self.number if state in GONE else None
        decision = evolve(decision, changes=(Change(unit.id, state, unit.given_back + (given or 0), by),))
        if not unit.told:
            return evolve(decision, reason=Reason.ORIGINAL_NOT_TOLD)
        told = evolve(decision, reason=self._may_tell(Reason.CANCELLATION_TOLD))
        return self._with_alerts(told, APPROVAL if original.event is Event.REFUND else CANCEL, original)

    def _booked(self, original: Past) -> tuple[Change, ...]:
        """A part that comes while its payment is cancelled counts, should the cancellation be taken back."""
        unit = original.unit
        given = given_back(self.of, self.plain.event, unit) if unit.state in GONE else None
        if not given or given < 0:
            return ()
        return (Change(unit.id, unit.state, unit.given_back + given, unit.cancelled_by),)

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
        if unit.state in GONE and self._sent_before(unit.cancelled_by, known):
            gone = Change(self.number, unit.state, cancelled_by=unit.cancelled_by)  # it was meant, not the hold
            reason = STEPS[State.STANDING, event].reason if unit.told else Reason.ORIGINAL_NOT_TOLD
            return evolve(decision, changes=(*decision.changes, gone), reason=reason)
        known_reason = evolve(decision, reason=STEPS[unit.state, event].reason)
        decision = known_reason if covered else self.on_its_own(decision)
        if first := self._overtaken_by(known, decision):
            return self._overtaken(decision, first, covered)
        return decision if covered else self._with_alerts(decision, APPROVAL)

    def _sent_before(self, number: int | None, known: Known) -> bool:
        """Whether this message was sent before another that came first."""
        other = next((past for past in known.before if past.id == number), None)
        if other is None or other.transmitted_at is None or self.of.transmitted_at is None:
            return False
        return self.of.transmitted_at <= other.transmitted_at

    def _overtaken_by(self, known: Known, decision: Decision) -> Sequence[Past]:
        """Cancellations of this message that came before it, in the order in which they were sent."""
        voids = decision.event is Event.VOID
        waiting = [past for past in known.before if past.unmatched and (past.event is Event.REVERSAL_OF_VOID) == voids]
        if not waiting:
            return ()
        this = as_past(self.number, self.of, decision)
        meant = [past for past in waiting if overtook(past, this)]
        return sorted(meant, key=lambda past: (past.transmitted_at or 0, past.id))

    def _overtaken(self, decision: Decision, firsts: Sequence[Past], covered: bool) -> Decision:
        """Cancellations came before this, their original: all are told in order, or it and the late ones are not."""
        payment_told = covered or decision.reason.told
        this = as_past(self.number, self.of, decision)
        alerts = [] if covered or not payment_told else [self.alert(APPROVAL)]
        became: list[Overtaken] = []
        silenced = any(self._comes_too_late_for(first) for first in firsts)
        for first in firsts:
            late = self._as_cancellation(first)
            reason = first.reason
            if not silenced:
                told = payment_told and this.unit.state not in GONE
                reason = Reason.OVERTAKEN_TOLD if told else Reason.ORIGINAL_NOT_TOLD
                alerts += [evolve(late.alert(CANCEL, this), tells=first.id)] if told else []
            became.append(Overtaken(first.id, decision.thread or self.number, self.number, reason))
            _fold(this.unit, first, given_back(late.of, first.event, this.unit))
        unit = this.unit
        changes = (*decision.changes, Change(self.number, unit.state, unit.given_back, unit.cancelled_by))
        decision = evolve(decision, changes=changes, overtook=became)
        if silenced:
            return evolve(decision, reason=Reason.OVERTAKEN_SILENT if decision.reason.told else decision.reason)
        waiting = [first.waiting for first in firsts if first.waiting is not None]
        return evolve(decision, withdraw=waiting, alerts=alerts)

    def _comes_too_late_for(self, first: Past) -> bool:
        """Whether a cancellation of this was told, or silenced for good; a part that nobody heard of is neither."""
        if first.alerted:
            return first.waiting is None
        in_time = self.of.arrived_at - first.arrived_at <= self.version.wait
        return not in_time and first.event is not Event.PARTIAL_REVERSAL

    def _as_cancellation(self, first: Past) -> "Case":
        """The case of the cancellation that came first, to write its SMS again now that its original is known."""
        return evolve(self, of=_again(self.of, first), plain=evolve(self.plain, event=first.event))

    def _perhaps_burst(self, decision: Decision, small: Sequence[Small]) -> Decision:
        """Many small purchases are told as one: thieves stay below the threshold to be unseen."""
        this = Small(self.number, self.of.arrived_at, self.of.amount.minor)
        covered = self.version.burst.reached((*small, this), this.at)
        if not covered or self._may_tell(Reason.BURST_TOLD) is not Reason.BURST_TOLD:
            return decision
        told = evolve(decision, reason=Reason.BURST_TOLD, covers=[one.id for one in covered if one is not this])
        sum_ = Money(sum(one.satang for one in covered))
        return evolve(told, alerts=(self._alert(BURST, sum_, count=len(covered)),))


def _fold(unit: Unit, first: Past, given: int | None) -> None:
    """What a cancellation that came first makes of its original's money."""
    if unit.state in GONE:
        return
    unit.given_back += max(0, given or 0)
    unit.state = _ALONE[first.event]
    unit.cancelled_by = first.id if unit.state in GONE else None


def _again(of: Transaction, first: Past) -> Transaction:
    """The overtaking cancellation as a transaction, as far as its SMS needs it."""
    return of.but(
        amount=first.amount,
        reversed=first.reversed,
        merchant=first.merchant,
        local_date=first.local[:4],
        local_time=first.local[4:],
        transmitted_at=first.transmitted_at,
        arrived_at=first.arrived_at,
        balances=tuple((kind, first.balance) for kind in Kind if first.balance),
    )
