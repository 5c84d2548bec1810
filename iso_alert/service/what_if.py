"""What another policy would have told: the journal's decisions, judged anew, without sending anything.

A payment is judged by its recorded event, channel, kind, sum and time; a cancellation follows what the other policy
would have done with its original.  Memory is bounded: a bit for each customer, and the small purchases of one day.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache

from attrs import define, field, frozen

from iso_alert.domain.decision import APPROVAL, CANCEL
from iso_alert.domain.event import Event
from iso_alert.domain.money import Money
from iso_alert.domain.policy import Policy
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.domain.text import Language, Texts
from iso_alert.domain.thread import CANCELLING
from iso_alert.smpp.text import part_count
from iso_alert.store.inquiry import Past

# Recorded reasons that no policy changes: there was nothing to be told, or nobody to be told.
FIXED = frozenset(
    {
        Reason.NOT_FINANCIAL, Reason.CHARGEBACK, Reason.UNDECIDED, Reason.NO_CARD, Reason.STOPPED, Reason.NO_AMOUNT,
        Reason.ALREADY_CANCELLED, Reason.NOTHING_TO_RESTORE, Reason.CANCEL_WITHDRAWN, Reason.COMPLETED_ALREADY,
        Reason.OVERTAKEN_SILENT,
    }
)  # fmt: skip
FOLLOWING = frozenset({*CANCELLING, Event.REVERSAL_OF_VOID})
TYPICAL_BALANCE = Money(4_500_000)  # the journal keeps none; its length is what matters


@frozen
class Small:
    """A purchase below the other policy's threshold."""

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
    """Ask `policy` about decisions in their order.  `root` finds the decision that began a thread."""

    policy: Policy
    texts: Texts
    root: Callable[[int], Past | None]
    answer: Answer = field(factory=Answer)
    _small: dict[int, list[Small]] = field(factory=dict)
    _root_told: Callable[[int], bool] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._root_told = lru_cache(maxsize=65_536)(self._would_tell_root)

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
        if past.subscription != SubscriptionState.ACTIVE.value or past.reason in FIXED:
            return False
        if past.matched is not None and past.event in FOLLOWING:
            return self._root_told(past.thread)
        if past.matched is not None and past.event in (Event.COMPLETION, Event.FORCE_POSTED):
            return not self._root_told(past.thread) and self._promised(past, past.event)
        if past.event in FOLLOWING:
            return self.policy.at(past.happened_at).tell_unmatched and self._promised(past, Event.PURCHASE)
        return self._promised(past, past.event)

    def _would_tell_root(self, thread: int) -> bool:
        root = self.root(thread)
        return root is not None and root.event not in FOLLOWING and self._would_tell(root)

    def _promised(self, past: Past, event: Event) -> bool:
        version = self.policy.at(past.happened_at)
        row = version.row(past.kind, past.channel, event)
        if row is None or not row.sends or row.follows:
            return False
        return row.reached(past.amount) or (version.burst.on and self._bursts(past))

    def _bursts(self, past: Past) -> bool:
        """Whether this small purchase is the one at which many are told together."""
        small = self._small.setdefault(past.card, [])
        small.append(Small(past.id / 1e6, past.amount.minor))
        told = self.policy.at(past.happened_at).burst.reached(small, past.id / 1e6)
        if told:
            self._small[past.card] = [one for one in small if one not in told]
        return bool(told)

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
