"""One purchase, one thread: the messages that speak of the same money, and what each of them changes.

A purchase or pre-authorisation begins a thread; completions, voids and reversals continue it.  `find_original` says
which earlier message a later one means; `STEPS` says, for every state and every continuing event, what the thread
becomes and what that is to the cardholder.  What is not in the table cannot happen to a thread.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol

from attrs import define, frozen

from iso_alert.domain.channel import Channel
from iso_alert.domain.event import Event
from iso_alert.domain.money import Money
from iso_alert.domain.reason import Reason
from iso_alert.domain.transaction import Original, Transaction

HOUR, DAY = 3600, 86_400
REVERSAL_WITHIN = 72 * HOUR
VOID_WITHIN = 10 * DAY
ADVICE_WITHIN = 30 * DAY


class State(Enum):
    """What has become of the money of a thread."""

    STANDING = "standing"
    PART_REVERSED = "part_reversed"
    COMPLETED = "completed"
    VOIDED = "voided"
    REVERSED = "reversed"


class Effect(Enum):
    """What a step is to a cardholder who was told of the payment (who was not, is told nothing)."""

    CANCEL = "cancel"
    RESTORE = "restore"
    ON_ITS_OWN = "on its own"  # judged like a purchase
    SILENT = "silent"


@frozen
class Step:
    """Where the thread goes, what it is to the cardholder, and why when it is nothing."""

    state: State
    effect: Effect
    reason: Reason = Reason.CANCELLATION_TOLD


_S, _E, _R = State, Event, Reason
_CANCELLED_BEFORE = Reason.ALREADY_CANCELLED


def _steps() -> Iterator[tuple[tuple[State, Event], Step]]:
    for live in (_S.STANDING, _S.PART_REVERSED, _S.COMPLETED):
        yield (live, _E.VOID), Step(_S.VOIDED, Effect.CANCEL)
        yield (live, _E.VOID_OF_REFUND), Step(_S.VOIDED, Effect.CANCEL)
        yield (live, _E.REVERSAL), Step(_S.REVERSED, Effect.CANCEL)
        yield (live, _E.PARTIAL_REVERSAL), Step(_S.PART_REVERSED, Effect.CANCEL)
        yield (live, _E.REVERSAL_OF_VOID), Step(live, Effect.SILENT, _R.NOTHING_TO_RESTORE)
        yield (live, _E.FORCE_POSTED), Step(live, Effect.SILENT, _R.FORCE_POSTED)
        yield (live, _E.COMPLETION), Step(_S.COMPLETED, Effect.SILENT, _R.COMPLETION_TOLD)
    for gone in (_S.VOIDED, _S.REVERSED):
        for again in (_E.VOID, _E.VOID_OF_REFUND, _E.REVERSAL, _E.PARTIAL_REVERSAL):
            yield (gone, again), Step(gone, Effect.SILENT, _CANCELLED_BEFORE)
        yield (gone, _E.FORCE_POSTED), Step(_S.STANDING, Effect.ON_ITS_OWN)  # the money is taken after all
        yield (gone, _E.COMPLETION), Step(_S.COMPLETED, Effect.ON_ITS_OWN)
    yield (_S.VOIDED, _E.REVERSAL_OF_VOID), Step(_S.STANDING, Effect.RESTORE, _R.RESTORED_TOLD)
    yield (_S.REVERSED, _E.REVERSAL_OF_VOID), Step(_S.REVERSED, Effect.SILENT, _R.NOTHING_TO_RESTORE)


STEPS: Mapping[tuple[State, Event], Step] = dict(_steps())
CANCELLING = frozenset({_E.VOID, _E.VOID_OF_REFUND, _E.REVERSAL, _E.PARTIAL_REVERSAL})
CONTINUING = frozenset(event for _, event in STEPS)


@define
class Past:
    """A message that the journal holds, as far as later ones may ask; `state` and what follows it are its thread's."""

    id: int
    mti_class: str
    event: Event
    channel: Channel
    sub_channel: str
    arrived_at: float
    stan: str
    rrn: str
    approval_code: str
    terminal: str
    merchant_id: str
    acquirer: str
    invoice: str
    amount: Money
    merchant: str
    local: str  # MMDDhhmmss of DE13 and DE12
    transmitted_at: int | None
    thread: int  # the id of the message that began it
    reason: Reason
    original: Original | None = None
    reversed: Money | None = None
    balance: Money | None = None  # kept of unmatched cancellations only
    unmatched: bool = False  # a cancellation that has not found its original
    state: State = State.STANDING
    given_back: int = 0  # minor units that partial reversals took off
    cancelled_by: int | None = None  # the message that voided or reversed the thread
    told: bool = False  # an approval of this thread was sent or is queued
    waiting_cancel: int | None = None  # a cancel alert of this thread that nobody has taken yet


class Refers(Protocol):
    """What a message tells of itself and of the one it means."""

    @property
    def stan(self) -> str: ...
    @property
    def rrn(self) -> str: ...
    @property
    def approval_code(self) -> str: ...
    @property
    def terminal(self) -> str: ...
    @property
    def merchant_id(self) -> str: ...
    @property
    def acquirer(self) -> str: ...
    @property
    def invoice(self) -> str: ...
    @property
    def amount(self) -> Money: ...
    @property
    def original(self) -> Original | None: ...


def can_mean(of: Transaction, past: Past) -> bool:
    """Whether `past` is of a kind and an age that a reversal, void or advice can speak of."""
    facts = of.facts
    if facts.mti_class == "4" and facts.void_code == "yes":
        allowed, within = past.event is _E.VOID, REVERSAL_WITHIN
    elif facts.mti_class == "4":
        allowed, within = past.event not in _NEVER_REVERSED, REVERSAL_WITHIN
    elif _voids(of):
        allowed, within = past.event not in _NEVER_VOIDED, VOID_WITHIN
    else:
        allowed, within = past.event not in _NEVER_VOIDED, ADVICE_WITHIN
    return allowed and past.arrived_at >= of.arrived_at - within


_NEVER_REVERSED = frozenset({_E.REVERSAL, _E.PARTIAL_REVERSAL, _E.REVERSAL_OF_VOID, _E.CHARGEBACK, _E.NOT_FINANCIAL})
_NEVER_VOIDED = _NEVER_REVERSED | {_E.VOID, _E.VOID_OF_REFUND}


def asks_the_journal(of: Transaction) -> bool:
    """Whether what this message is can depend on earlier ones: cancellations, advices and pre-authorisations' ends."""
    return of.facts.mti_class == "4" or of.facts.function == "2" or _voids(of)


def _voids(of: Transaction) -> bool:
    """A void by its processing code (22: of a refund), or an advice of nothing."""
    return of.facts.void_code == "yes" or of.facts.processing == "22" or of.facts.amount == "zero"


def find_original(of: Refers, among: Iterable[Past]) -> tuple[Past, str] | None:
    """The message that `of` means, and the rule that found it: DE90, DE37, DE38, DE11, in this order.

    `among` is of the same card.  Where several fit, an approved one that still stands wins, then the newest.
    """
    candidates = sorted(among, key=_likely, reverse=True)
    for name, fits in MATCHES.items():
        for past in candidates:
            if fits(of, past):
                return past, name
    return None


def _likely(past: Past) -> tuple[bool, bool, float, int]:
    return past.event not in (_E.DECLINED, _E.UNDECIDED), past.cancelled_by is None, past.arrived_at, past.id


def _by_original_data(of: Refers, past: Past) -> bool:
    said = of.original
    return (
        said is not None
        and said.stan == past.stan != ""
        and said.mti[1:2] in ("", "0", past.mti_class)
        and (not said.transmitted or past.transmitted_at is None or said.transmitted == _as_sent(past.transmitted_at))
        and (_agree(of.terminal, past.terminal) or _agree(said.acquirer or of.acquirer, past.acquirer))
    )


def _by_rrn(of: Refers, past: Past) -> bool:
    place = _agree(of.terminal, past.terminal) or _agree(of.merchant_id, past.merchant_id)
    return of.rrn == past.rrn != "" and place


def _by_approval_code(of: Refers, past: Past) -> bool:
    return of.approval_code == past.approval_code != "" and of.terminal == past.terminal and _same_sum(of, past)


def _by_stan(of: Refers, past: Past) -> bool:
    return (
        of.stan == past.stan != ""
        and of.terminal == past.terminal != ""
        and _agree(of.invoice, past.invoice)
        and _same_sum(of, past)
    )


MATCHES = {"DE90": _by_original_data, "DE37": _by_rrn, "DE38": _by_approval_code, "DE11": _by_stan}


def find_authorisation(of: Refers, among: Iterable[Past]) -> Past | None:
    """The class-1 approval of the same card whose DE38 or DE37 an advice carries."""
    fits = [
        past
        for past in among
        if past.mti_class == "1"
        and past.event in (_E.PURCHASE, _E.PRE_AUTHORISATION)
        and (of.approval_code == past.approval_code != "" or of.rrn == past.rrn != "")
    ]
    return max(fits, key=lambda past: (past.arrived_at, past.id), default=None)


def told_by_phone(of: Refers, among: Iterable[Past]) -> Past | None:
    """The alerted telephone approval whose code an advice carries (E17)."""
    fits = (
        past
        for past in among
        if past.channel is Channel.PHONE
        and past.told
        and past.event in (_E.PURCHASE, _E.PRE_AUTHORISATION)
        and of.approval_code == past.approval_code != ""
    )
    return next(fits, None)


def _agree(one: str, other: str) -> bool:
    """Equal, as far as both say something."""
    return not one or not other or one == other


def _same_sum(of: Refers, past: Past) -> bool:
    return of.amount.minor == 0 or past.amount.minor == 0 or of.amount == past.amount


def _as_sent(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%m%d%H%M%S")
