"""May this be told, and in which words?  The policy's answer, the subscription's, and the SMS itself."""

from collections.abc import Mapping

from attrs import evolve, frozen

from iso_alert.domain.decision import Decision, NewAlert
from iso_alert.domain.event import Event
from iso_alert.domain.money import BAHT, Money
from iso_alert.domain.past import Past
from iso_alert.domain.policy import Row, Version
from iso_alert.domain.reason import Reason
from iso_alert.domain.shown import shown_sum, shown_time
from iso_alert.domain.subscription import Holder, SubscriptionState
from iso_alert.domain.text import Texts
from iso_alert.domain.transaction import Transaction

_NEVER: Mapping[Event, Reason] = {
    Event.NOT_FINANCIAL: Reason.NOT_FINANCIAL,
    Event.CHARGEBACK: Reason.CHARGEBACK,
    Event.UNDECIDED: Reason.UNDECIDED,
}


@frozen
class Judgement:
    """A message, whom it concerns, and the rules; `plain` is the decision so far."""

    number: int
    of: Transaction
    holder: Holder
    version: Version
    texts: Texts
    stopped: bool
    plain: Decision

    def on_its_own(self, decision: Decision) -> Decision:
        """The decision on an event that nothing else is known of, but for its SMS."""
        row, reason = self._judged(decision.event, self.of.amount)
        return evolve(decision, policy_row=row.id if row else "", reason=reason)

    def _judged(self, event: Event, amount: Money) -> tuple[Row | None, Reason]:
        """The policy's row for an event that nothing else is known of, and its answer."""
        if event in _NEVER:
            return None, _NEVER[event]
        if not self.of.tokens:
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
        total = self._sum(original)
        if not total.minor:
            return evolve(decision, reason=Reason.NO_AMOUNT)
        return decision.telling(self._alert(key, total, original, hold))

    def alert(self, key: str, original: Past | None = None) -> NewAlert:
        """The SMS, rendered in the cardholder's language."""
        return self._alert(key, self._sum(original), original)

    def _alert(
        self, key: str, total: Money, original: Past | None = None, hold: float = 0.0, **more: object
    ) -> NewAlert:
        to = self.holder.subscription
        assert to is not None and self.of.tokens  # `_may_tell` and `_judged` saw to it
        balance = self.of.balance(self.plain.kind)
        text = self.texts.spending(
            key,
            to.language,
            amt=self.texts.amount(total, to.language),
            last4=self.of.last4,
            merchant=original.merchant if original and original.merchant != "-" else self.of.merchant,
            time=shown_time(self.of, original),
            bal=balance if balance and balance.currency.code == BAHT.code else None,
            **more,
        )
        return NewAlert(key, to.customer, to.mobile, to.language._value_, text, hold)

    def _sum(self, original: Past | None) -> Money:
        return shown_sum(self.of, self.plain.event, original)
