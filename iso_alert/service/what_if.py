"""What another policy would have told: the journal's decisions, judged anew, without sending anything.

A payment is judged by its recorded event, channel, kind, sum and time; a cancellation follows what the other policy
would have done with its original.  Memory is bounded: a bit for each customer, and the small purchases of one day.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache

from attrs import define, field, frozen

from iso_alert.domain.decision import APPROVAL, CANCEL, COVERED_TOLD
from iso_alert.domain.event import Event
from iso_alert.domain.money import Money
from iso_alert.domain.policy import Policy, Row
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.domain.text import Language, Texts
from iso_alert.domain.thread import CANCELLING, COVERING
from iso_alert.smpp.text import part_count
from iso_alert.store.inquiry import Past

# Recorded reasons that no policy changes: there was nothing to be told, or nobody to be told.
FIXED = frozenset(
    {
        Reason.NOT_FINANCIAL, Reason.CHARGEBACK, Reason.UNDECIDED, Reason.NO_CARD, Reason.STOPPED, Reason.NO_AMOUNT,
        Reason.ALREADY_CANCELLED, Reason.NOTHING_TO_RESTORE, Reason.CANCEL_WITHDRAWN, Reason.COMPLETED_ALREADY,
        Reason.OVERTAKEN_SILENT, Reason.TAKEN_BACK_BEFORE,
    }
)  # fmt: skip
# A cancellation with one of these was judged by itself: its payment was not there, or came too late to be told.
JUDGED_ALONE = frozenset(
    {
        Reason.UNMATCHED_TOLD, Reason.UNMATCHED_SILENT, Reason.BELOW_THRESHOLD, Reason.SWITCHED_OFF,
        Reason.NOT_PROMISED,
    }
)  # fmt: skip
FOLLOWING = frozenset({*CANCELLING, Event.REVERSAL_OF_VOID})
TYPICAL_BALANCE = Money(4_500_000)  # the journal keeps none; its length is what matters


@frozen
class Small:
    """A purchase below the other policy's threshold."""

    id: int
    at: float
    satang: int


class Customers:
    """A set of customers, a bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, customer: int) -> None:
        if customer >= len(self._bits) * 8:
            self._bits.extend(bytes(customer // 8 + 4096 - len(self._bits)))
        self._bits[customer >> 3] |= 1 << (customer & 7)

    def without(self, other: "Customers") -> int:
        """How many are here and not there."""
        mine, theirs = (int.from_bytes(one._bits, "little") for one in (self, other))
        return (mine & ~theirs).bit_count()


@frozen(cache_hash=True)
class Cell:
    """A line of the answer."""

    channel: str
    kind: str


@define
class Answer:
    """How many SMS and parts by channel and kind of card: as it was, and as it would have been."""

    messages: int = 0
    sms: Counter[Cell] = field(factory=Counter)
    parts: Counter[Cell] = field(factory=Counter)
    sms_then: Counter[Cell] = field(factory=Counter)
    parts_then: Counter[Cell] = field(factory=Counter)
    told: Customers = field(factory=Customers, repr=False)
    told_then: Customers = field(factory=Customers, repr=False)

    @property
    def begin(self) -> int:
        """Customers who would be told for the first time."""
        return self.told_then.without(self.told)

    @property
    def cease(self) -> int:
        """Customers who would no longer be told anything."""
        return self.told.without(self.told_then)


@define
class WhatIf:
    """Ask `policy` about decisions in their order.  `decision` finds an earlier one by its number."""

    policy: Policy
    texts: Texts
    decision: Callable[[int], Past | None]
    answer: Answer = field(factory=Answer)
    _small: dict[int, list[Small]] = field(factory=dict)
    _known: Callable[[int], bool] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._known = lru_cache(maxsize=65_536)(self._would_be_known)

    def run(self, decisions: Iterable[Past], progress: Callable[[int], None] = lambda _: None) -> Answer:
        """Count every decision; `progress` hears how many are done."""
        for past in decisions:
            self._count(past)
            if self.answer.messages % 10_000 == 0:
                progress(self.answer.messages)
                self._forget_small(past.id / 1e6)
        progress(self.answer.messages)
        return self.answer

    def _count(self, past: Past) -> None:
        answer, cell = self.answer, Cell(past.channel.value, past.kind.value)
        answer.messages += 1
        was, then = past.reason.told, self._would_tell(past)
        if not (was or then):
            return
        parts = self._parts(past)
        if was:
            answer.sms[cell] += 1
            answer.parts[cell] += parts
        if then:
            answer.sms_then[cell] += 1
            answer.parts_then[cell] += parts
        if past.customer is not None:
            if was:
                answer.told.add(past.customer)
            if then:
                answer.told_then.add(past.customer)

    def _would_tell(self, past: Past) -> bool:
        if past.event in FOLLOWING:
            self._forget_cancelled(past)
            return self._would_follow(past)
        return not self._covered(past) and (self._would_tell_alone(past) or self._bursts(past))

    def _would_follow(self, past: Past) -> bool:
        """A cancellation goes where its payment went; a reversal of a void where the void did."""
        if past.reason in JUDGED_ALONE and past.event in CANCELLING:
            tells = self.policy.at(past.happened_at).tell_unmatched
            return tells and self._can_tell(past) and self._reached(past, Event.PURCHASE)
        return self._can_tell(past) and past.matched is not None and self._known(past.matched)

    def _would_be_known(self, number: int) -> bool:
        """Whether the cardholder would have read of this message, so that what cancels it may be told."""
        past = self.decision(number)
        if past is None:
            return False
        if past.event in FOLLOWING:
            return self._would_follow(past)
        return self._covered(past) or self._would_tell_alone(past)

    def _covered(self, past: Past) -> bool:
        """Whether a completion is told already by what it completes; where that was gone, it stands on its own."""
        if past.matched is None or past.event not in COVERING or not self._known(past.matched):
            return False
        original = self.decision(past.matched)
        return past.reason in COVERED_TOLD or not (original and original.reason.told)

    def _would_tell_alone(self, past: Past) -> bool:
        return self._can_tell(past) and self._reached(past, past.event)

    def _can_tell(self, past: Past) -> bool:
        """Whether any policy could tell it; what the operator refused before, it would have refused again."""
        if past.subscription != SubscriptionState.ACTIVE.value or past.reason in FIXED:
            return False
        if past.reason is not Reason.ORIGINAL_NOT_TOLD or past.matched is None:
            return True
        original = self.decision(past.matched)
        return original is None or original.reason is Reason.BURST_TOLD or not original.reason.told

    def _reached(self, past: Past, event: Event) -> bool:
        row = self._row(past, event)
        return row is not None and row.reached(past.amount)

    def _row(self, past: Past, event: Event) -> Row | None:
        row = self.policy.at(past.happened_at).row(past.kind, past.channel, event)
        return row if row and row.sends and not row.follows else None

    def _bursts(self, past: Past) -> bool:
        """Whether this small purchase is the one at which many are told together."""
        burst, now = self.policy.at(past.happened_at).burst, past.id / 1e6
        if not burst.on or not self._can_tell(past) or not self._row(past, past.event):
            return False
        small = self._small.setdefault(past.card, [])
        small.append(Small(past.id, now, past.amount.minor))
        told = burst.reached(small, now)
        if told:
            self._small[past.card] = [one for one in small if one not in told]
        return bool(told)

    def _forget_cancelled(self, past: Past) -> None:
        """A small purchase that was taken back does not count."""
        if small := self._small.get(past.card):
            self._small[past.card] = [one for one in small if one.id != past.matched]

    def _forget_small(self, now: float) -> None:
        oldest = now - self.policy.longest_burst
        self._small = {card: small for card, small in self._small.items() if small and small[-1].at > oldest}

    def _parts(self, past: Past) -> int:
        language = Language(past.language or Language.TH.value)
        return _estimate(self.texts, past.event in CANCELLING, language, len(str(past.amount)), past.merchant)


@lru_cache(maxsize=65_536)
def _estimate(texts: Texts, cancels: bool, language: Language, width: int, merchant: str) -> int:
    """How many parts the text takes; sums of one length take the same room."""
    text = texts.spending(
        CANCEL if cancels else APPROVAL,
        language,
        amt=texts.words["amount"][language.value].format(sum="0" * width),
        last4="0000",
        merchant=merchant,
        time="00:00",
        bal=TYPICAL_BALANCE,
    )
    return part_count(text)
