"""A batch on its way through the decisions: what was read of the store, and what will be written, without any SQL.

Messages of one batch may speak of each other (a sale and its reversal arrive together), so every decision is added to
what the next one sees.  Nothing here knows which engine the store is.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from attrs import define, evolve, field, frozen

from iso_alert.domain.alert import AlertState
from iso_alert.domain.deciding import decide
from iso_alert.domain.decision import (
    CANCEL,
    NOTHING_KNOWN,
    Change,
    Decision,
    Known,
    NewAlert,
    Rulebook,
    Small,
    as_past,
    tells_payment,
)
from iso_alert.domain.pairing import PAIRED_CLASSES, is_response, pair
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import Holder
from iso_alert.domain.thread import Past, find_original
from iso_alert.domain.transaction import Transaction
from iso_alert.store.port import Lease, Recorded

NOBODY = Holder(0)
Key = tuple[str, int, int]  # STAN, card, message key


@define
class Draft:
    """An alert that will be written."""

    id: int
    txn: int
    thread: int
    lane: int
    alert: NewAlert
    not_before: float
    began_at: float
    state: AlertState = AlertState.QUEUED
    cause: str | None = None

    def lease(self) -> Lease:
        return Lease(self.id, self.alert.mobile, self.alert.text, self.alert.key, self.began_at)


@frozen
class Written:
    """A message with its decision, as it will stand in the store."""

    id: int
    card: int
    transaction: Transaction
    decision: Decision


@define
class Working:
    """The working set of one batch.  `next_txn` and `next_alert` are the first free numbers."""

    book: Rulebook
    now: float
    next_txn: int
    next_alert: int
    holders: dict[bytes, Holder] = field(factory=dict)
    known: dict[Key, int] = field(factory=dict)
    past: defaultdict[int, list[Past]] = field(factory=lambda: defaultdict(list))
    halves: dict[Key, Transaction] = field(factory=dict)  # of mirrored feeds: one side is here, the other is not
    new_halves: set[Key] = field(factory=set)
    gone_halves: list[Key] = field(factory=list)
    small: defaultdict[int, list[Small]] = field(factory=lambda: defaultdict(list))
    written: list[Written] = field(factory=list)
    changes: dict[int, Change] = field(factory=dict)
    drafts: dict[int, Draft] = field(factory=dict)
    withdrawn: list[int] = field(factory=list)  # alerts of earlier batches
    covered: list[int] = field(factory=list)  # small purchases that are told together with others
    overtaken: list[tuple[int, int, Reason]] = field(factory=list)  # cancellation, its original, what became of it

    def holder(self, of: Transaction) -> Holder:
        return self.holders[of.card.token] if of.card else NOBODY

    def key(self, of: Transaction) -> Key:
        return of.stan, self.holder(of).card, of.key

    def take(self, of: Transaction) -> Recorded:
        """Decide on one message, unless it is a repeat."""
        key = self.key(of)
        if (first := self.known.get(key)) is not None:
            return Recorded(first, None)
        if of.link in self.book.paired:
            whole = self._whole(key, of)
            return self._decide(key, whole) if whole else Recorded(None, None)
        return self._decide(key, of)

    def _whole(self, key: Key, of: Transaction) -> Transaction | None:
        """The message with its other half, or None while that is not there.  A reversal waits for nothing."""
        if of.facts.mti_class not in PAIRED_CLASSES:
            self._settle_halves(of)
            return of
        other = self.halves.get(key)
        if other is None:
            self.halves[key] = of
            self.new_halves.add(key)
        elif is_response(other) != is_response(of):
            self.take_half(key, alone=False)
            return pair(other, of)
        return None

    def _settle_halves(self, of: Transaction) -> None:
        """A reversal of what still waits for its response: the response will not be waited for."""
        for key, half in list(self.halves.items()):
            same_card = key[1] == self.holder(of).card != 0
            if same_card and find_original(of, [as_past(0, half, self._on(0, half))]):
                self.take_half(key)

    def take_half(self, key: Key, alone: bool = True) -> Recorded | None:
        """Take a half out of the waiting; decide on it `alone`, unless its other half is here."""
        half = self.halves.pop(key)
        if key in self.new_halves:
            self.new_halves.discard(key)
        else:
            self.gone_halves.append(key)
        return self._decide(key, half) if alone else None

    def _on(self, number: int, of: Transaction) -> Decision:
        holder = self.holder(of)
        return decide(number, of, holder, self._known(holder.card), self.book)

    def _decide(self, key: Key, of: Transaction) -> Recorded:
        number, self.next_txn = self.next_txn, self.next_txn + 1
        holder = self.holder(of)
        decision = self._on(number, of)
        self.known[key] = number
        self.written.append(Written(number, holder.card, of, decision))
        drafts = [self._draft(number, of, holder, decision, alert) for alert in decision.alerts]
        self._remember(number, of, holder, decision, drafts)
        return Recorded(number, decision)

    def _known(self, card: int) -> Known:
        return Known(self.past.get(card, ()), self.small.get(card, ())) if card else NOTHING_KNOWN

    def _draft(self, number: int, of: Transaction, holder: Holder, decision: Decision, alert: NewAlert) -> Draft:
        id_, self.next_alert = self.next_alert, self.next_alert + 1
        thread = decision.thread or number
        not_before = self.now + alert.hold if alert.hold else 0.0
        self.drafts[id_] = draft = Draft(id_, number, thread, holder.card, alert, not_before, of.arrived_at)
        return draft

    def _remember(
        self, number: int, of: Transaction, holder: Holder, decision: Decision, drafts: Sequence[Draft]
    ) -> None:
        """Let the next messages of this batch see what this one did."""
        mine = as_past(number, of, decision)
        among = self.past[holder.card]
        among.append(mine)
        for id_ in decision.withdraw:
            self._withdraw(id_, decision.reason)
        for cancellation, became in decision.overtook:
            self.overtaken.append((cancellation, number, became))
        overtook = dict(decision.overtook)
        among[:] = [
            evolve(past, unmatched=False, thread=number, reason=overtook[past.id]) if past.id in overtook else past
            for past in among
        ]
        self._count_small(number, of, holder.card, decision)
        if decision.change:
            self.changes[decision.change.thread] = decision.change
        self._spread(mine.thread, decision, drafts, among)

    def _spread(self, thread: int, decision: Decision, drafts: Sequence[Draft], among: Iterable[Past]) -> None:
        """Give every message of the thread its new state."""
        told = tells_payment(decision)
        cancel = next((draft.id for draft in drafts if draft.alert.key == CANCEL), None)
        for past in among:
            if past.thread != thread:
                continue
            past.told = past.told or told
            if cancel is not None:
                past.waiting_cancel = cancel
            elif past.waiting_cancel in decision.withdraw:
                past.waiting_cancel = None
            if change := decision.change:
                past.state, past.given_back, past.cancelled_by = change.state, change.given_back, change.cancelled_by

    def _count_small(self, number: int, of: Transaction, card: int, decision: Decision) -> None:
        """Small purchases that nobody was told of, less those that now are or that were taken back."""
        if decision.reason is Reason.BELOW_THRESHOLD:
            self.small[card].append(Small(number, of.arrived_at, of.amount.minor))
        gone = {*decision.covers, *([decision.change.thread] if decision.change else ())}
        if gone:
            self.small[card] = [one for one in self.small[card] if one.id not in gone]
            self.covered += decision.covers

    def _withdraw(self, id_: int, because: Reason) -> None:
        if draft := self.drafts.get(id_):
            draft.state, draft.cause = AlertState.WITHDRAWN, because.value
        else:
            self.withdrawn.append(id_)

    def lease(self, busy_lanes: Iterable[int], room: int) -> list[Lease]:
        """Take at most `room` alerts that may go at once: due now, and nothing before them in their lane."""
        busy = set(busy_lanes)
        leases: list[Lease] = []
        for draft in self.drafts.values():
            if draft.state is not AlertState.QUEUED:
                continue
            if draft.lane not in busy and draft.not_before <= self.now and len(leases) < room:
                draft.state = AlertState.SENDING
                leases.append(draft.lease())
            busy.add(draft.lane)
        return leases
