"""A batch on its way through the decisions: what was read of the store, and what will be written, without any SQL.

Messages of one batch may speak of each other (a sale and its reversal arrive together), so every decision is added to
what the next one sees.  Nothing here knows which engine the store is.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence

from attrs import define, field

from iso_alert.domain.alert import AlertState, parts
from iso_alert.domain.deciding import decide
from iso_alert.domain.decision import (
    NOTHING_KNOWN,
    Change,
    Decision,
    Known,
    NewAlert,
    Overtaken,
    Rulebook,
    Small,
    as_past,
)
from iso_alert.domain.matching import find_original
from iso_alert.domain.pairing import PAIRED_CLASSES, is_response, pair
from iso_alert.domain.past import Past, Unit
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import Holder
from iso_alert.domain.transaction import Transaction
from iso_alert.store.port import Lease, Recorded, recorded

NO_CARD = 0
NOBODY = Holder()
LONG_COME = 1.0  # a not_before of what is found by its lane, and may go once that is free (migration 12)
Key = tuple[str, int, int]  # STAN, card, message key
Written = tuple[int, int, Transaction, Decision]  # number, card, and the rest as it will stand in the store


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
    cause: str = ""

    def lease(self) -> Lease:
        return Lease(self.id, self.alert.mobile, self.alert.text, self.alert.key, self.began_at)


@define
class Working:
    """The working set of one batch.  `next_txn` and `next_alert` are the first free numbers."""

    book: Rulebook
    now: float
    next_txn: int
    next_alert: int
    met: dict[bytes, int] = field(factory=dict)  # cards, by token
    holders: dict[int, Holder] = field(factory=lambda: {NO_CARD: NOBODY})  # by card
    known: dict[Key, int] = field(factory=dict)
    asking: Sequence[Transaction] = ()  # those of the batch that may speak of earlier messages
    past: defaultdict[int, list[Past]] = field(factory=lambda: defaultdict(list))
    crowded: set[int] = field(factory=set)  # cards of which a message of the batch may bear on a later one
    halves: dict[Key, Transaction] = field(factory=dict)  # of mirrored feeds: one side is here, the other is not
    new_halves: set[Key] = field(factory=set)
    gone_halves: list[Key] = field(factory=list)
    small: defaultdict[int, list[Small]] = field(factory=lambda: defaultdict(list))
    written: list[Written] = field(factory=list)
    changes: dict[int, Change] = field(factory=dict)
    drafts: dict[int, Draft] = field(factory=dict)
    withdrawn: list[tuple[int, str]] = field(factory=list)  # alerts of earlier batches, and why
    covered: list[int] = field(factory=list)  # small purchases that are told together with others
    overtaken: list[Overtaken] = field(factory=list)
    _units: dict[int, Unit] = field(factory=dict)

    def unit(self, id_: int, make: Callable[[], Unit]) -> Unit:
        """The one value of a unit of money, made when it is first read."""
        found = self._units.get(id_)
        if found is None:
            found = self._units[id_] = make()
        return found

    def card(self, of: Transaction) -> int:
        """The number of a message's card."""
        return self.met[of.tokens[0]] if of.tokens else NO_CARD

    def keys(self, batch: Collection[Transaction]) -> list[Key]:
        """The key of each message; notes the cards of which one message may bear on another."""
        met = self.met
        keys = [(of.stan, met[of.tokens[0]] if of.tokens else NO_CARD, of.key) for of in batch]
        cards = [card for _, card, _ in keys]
        if self.book.paired:
            self.crowded = {*cards} - {NO_CARD}
        elif len({*cards}) < len(cards):
            self.crowded = {card for card, many in Counter(cards).items() if card and many > 1}
            if not self.book.policy.counts_small:  # then most that come together stand alone all the same
                asking = {self.card(of) for of in self.asking}
                self.crowded &= asking | self.past.keys()  # of those a cancellation waits for one of the batch
        return keys

    def take(self, batch: Collection[Transaction]) -> list[Recorded]:
        """Decide on each message, unless it is a repeat."""
        take = self._take if self.book.paired else self._decide
        return [take(key, of) for key, of in zip(self.keys(batch), batch, strict=True)]

    def _take(self, key: Key, of: Transaction) -> Recorded:
        """Decide on one message, unless it is a repeat, once both of its halves are here."""
        if of.link in self.book.paired and key not in self.known:
            whole = self._whole(key, of)
            if whole is None:
                return Recorded(None, None)
            of = whole
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
            same_card = key[1] == self.card(of) != NO_CARD
            if same_card and find_original(of, [as_past(0, half, self._decided(0, half, key[1]))]):
                self.take_half(key)

    def take_half(self, key: Key, alone: bool = True) -> Recorded | None:
        """Take a half out of the waiting; decide on it `alone`, unless its other half is here."""
        half = self.halves.pop(key)
        if key in self.new_halves:
            self.new_halves.discard(key)
        else:
            self.gone_halves.append(key)
        return self._decide(key, half) if alone else None

    def _decided(self, number: int, of: Transaction, card: int) -> Decision:
        known = NOTHING_KNOWN
        if card in self.past or card in self.small:
            known = Known(self.past.get(card, ()), self.small.get(card, ()))
        return decide(number, of, self.holders.get(card, NOBODY), known, self.book)

    def _decide(self, key: Key, of: Transaction) -> Recorded:
        number, card = self.next_txn, key[1]
        first = self.known.setdefault(key, number)
        if first != number:
            return recorded((first, None))
        decision = self._decided(number, of, card)
        self.next_txn = number + 1
        self.written.append((number, card, of, decision))
        drafts: Sequence[Draft] = ()
        if decision.alerts:
            drafts = [self._draft(number, of, card, decision, alert) for alert in decision.alerts]
        if decision.reaches_back:
            self._note(decision)
        if card in self.crowded:
            self._remember(number, of, card, decision, drafts)
        return recorded((number, decision))

    def _draft(self, number: int, of: Transaction, card: int, decision: Decision, alert: NewAlert) -> Draft:
        id_, self.next_alert = self.next_alert, self.next_alert + 1
        thread = decision.thread or number
        not_before = self.now + alert.hold if alert.hold else 0.0
        self.drafts[id_] = draft = Draft(id_, alert.tells or number, thread, card, alert, not_before, of.arrived_at)
        return draft

    def _note(self, decision: Decision) -> None:
        """What a decision changes beyond its own message and alerts."""
        for id_ in decision.withdraw:
            self._withdraw(id_, decision.reason)
        for change in decision.changes:
            self.changes[change.unit] = change
        self.overtaken += decision.overtook
        self.covered += decision.covers

    def _remember(self, number: int, of: Transaction, card: int, decision: Decision, drafts: Sequence[Draft]) -> None:
        """Let the next messages of this card in the batch see what this one did."""
        among = self.past[card]
        original = next((past for past in among if past.id == decision.original), None)
        among.append(as_past(number, of, decision, original))
        for draft in drafts:
            self._alerted(draft, among)
        for one in decision.overtook:
            self._found(one, among)
        for change in decision.changes:
            self._change(change, among)
        self._count_small(number, of, card, decision)

    def _alerted(self, draft: Draft, among: Iterable[Past]) -> None:
        for past in among:
            if past.id == draft.txn:
                past.alerted, past.waiting = True, draft.id

    def _found(self, one: Overtaken, among: Sequence[Past]) -> None:
        """A cancellation speaks of its original's money from now on."""
        original = next((past for past in among if past.id == one.original), None)
        for past in among:
            if past.id == one.id:
                past.unmatched, past.thread, past.reason = False, one.thread, one.reason
                past.unit = original.unit if original else past.unit

    def _change(self, change: Change, among: Iterable[Past]) -> None:
        unit = next((past.unit for past in among if past.unit.id == change.unit), None)
        if unit:
            unit.state, unit.given_back, unit.cancelled_by = change.state, change.given_back, change.cancelled_by

    def _count_small(self, number: int, of: Transaction, card: int, decision: Decision) -> None:
        """Small purchases that nobody was told of, less those that now are or that were taken back."""
        if decision.reason is Reason.BELOW_THRESHOLD:
            self.small[card].append(Small(number, of.arrived_at, of.amount.minor))
        gone = {*decision.covers, *(change.unit for change in decision.changes)}
        if gone:
            self.small[card] = [one for one in self.small[card] if one.id not in gone]

    def _withdraw(self, id_: int, because: Reason) -> None:
        for past in (past for among in self.past.values() for past in among if past.waiting == id_):
            past.waiting, past.alerted = None, False
        if draft := self.drafts.get(id_):
            draft.state, draft.cause = AlertState.WITHDRAWN, because.words
        else:
            self.withdrawn.append((id_, because.words))

    def lease(self, busy_lanes: Iterable[int], room: int) -> list[Lease]:
        """Take alerts of at most `room` parts that may go at once: due now, and nothing before them in their lane.

        What is behind another waits for more than its turn, and so is found by its lane.
        """
        busy = set(busy_lanes)
        leases: list[Lease] = []
        for draft in self.drafts.values():
            if draft.state is not AlertState.QUEUED:
                continue
            if draft.lane in busy:
                draft.not_before = draft.not_before or LONG_COME
            elif draft.not_before <= self.now and (need := parts(draft.alert.text)) <= room:
                draft.state = AlertState.SENDING
                room -= need
                leases.append(draft.lease())
            busy.add(draft.lane)
        return leases
