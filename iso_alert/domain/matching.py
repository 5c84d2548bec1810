"""Which earlier message does a later one mean?  DE90, DE37, DE38, DE11, in this order, always of the same card.

Real hosts leave out most of what the standard gives them: a terminal's time-out reversal has neither DE37 nor DE90, a
void has a STAN of its own and the RRN of its sale, STANs come round again.  So each rule is a row of `MATCHES`, and
where several messages fit one rule, `_likelihood` orders them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from iso_alert.domain.channel import Channel
from iso_alert.domain.event import Event
from iso_alert.domain.past import Past, Refers
from iso_alert.domain.thread import CANCELLING
from iso_alert.domain.transaction import Transaction

HOUR, DAY = 3600, 86_400
REVERSAL_WITHIN = 72 * HOUR
VOID_WITHIN = 10 * DAY
ADVICE_WITHIN = 30 * DAY
OVERTAKING_WITHIN = 15 * 60  # where no time of transmission tells which of two was first
SKEW = 5  # seconds that two clocks of one host may differ

_E = Event
_NOT_MEANT = frozenset(
    {_E.REVERSAL, _E.PARTIAL_REVERSAL, _E.REVERSAL_OF_VOID, _E.CHARGEBACK, _E.NOT_FINANCIAL, _E.ADJUSTMENT}
)
_VOIDS = frozenset({_E.VOID, _E.VOID_OF_REFUND})


def can_mean(of: Transaction, past: Past) -> bool:
    """Whether `past` is of a kind and an age that a reversal, void or advice can speak of."""
    if past.event in _NOT_MEANT or (past.event is _E.REFUND and not _can_mean_refund(of)):
        return False
    if of.arrived_at - past.arrived_at > looks_back(of):
        return False
    if of.facts.mti_class != "4":
        return past.event not in _VOIDS
    if of.facts.void_code == "yes":
        return past.event is _E.VOID
    return not (past.unmatched and past.event in _VOIDS) or _names(of, past)


def _names(of: Transaction, past: Past) -> bool:
    """Whether a reversal says a void's own STAN; its RRN is that of the payment too, which may still come."""
    return past.stan != "" and past.stan in (of.stan, of.original.stan if of.original else "")


def looks_back(of: Transaction) -> int:
    """How old, in seconds, a message may be that this one speaks of."""
    if of.facts.mti_class == "4":
        return REVERSAL_WITHIN
    return VOID_WITHIN if of.facts.voids else ADVICE_WITHIN


def _can_mean_refund(of: Transaction) -> bool:
    """Processing codes 2x speak of refunds, unless this host writes one of them for a void."""
    return of.facts.processing.startswith("2") and of.facts.void_code == "no"


def find_original(of: Refers, among: Iterable[Past]) -> tuple[Past, str] | None:
    """The message that `of` means, and the rule that found it.  `among` is of the same card."""
    candidates = [past for past in among if _class_agrees(of, past)]
    candidates.sort(key=lambda past: _likelihood(of, past), reverse=True)
    for name, fits in MATCHES.items():
        for past in candidates:
            if fits(of, past):
                return past, name
    return None


def _class_agrees(of: Refers, past: Past) -> bool:
    """A message that says 0220 in DE90 does not mean a 0100, whatever else fits."""
    return of.original is None or of.original.mti[1:2] in ("", "0", past.mti_class)


def _likelihood(of: Refers, past: Past) -> tuple[bool, bool, bool, int]:
    """Approved before declined, the STAN's own before others, a payment before its void, then the newest.

    That is the one with the highest number: of messages of one batch that is surer than when they arrived.
    """
    stan = of.original.stan if of.original else of.stan
    approved = past.event not in (_E.DECLINED, _E.UNDECIDED)
    return approved, past.stan == stan, past.event not in _VOIDS, past.id


def _by_original_data(of: Refers, past: Past) -> bool:
    said = of.original
    return (
        said is not None
        and said.stan == past.stan != ""
        and (not said.transmitted or past.transmitted_at is None or said.transmitted == _as_sent(past.transmitted_at))
        and (_agree(of.terminal, past.terminal) or _agree(said.acquirer or of.acquirer, past.acquirer))
    )


def _by_rrn(of: Refers, past: Past) -> bool:
    return of.rrn == past.rrn != "" and _same_place(of, past)


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
    return max(fits, key=lambda past: past.id, default=None)


def told_by_phone(of: Refers, among: Iterable[Past]) -> Past | None:
    """The alerted telephone approval whose code an advice carries (E17)."""
    fits = (
        past
        for past in among
        if past.channel is Channel.PHONE
        and past.unit.told
        and past.event in (_E.PURCHASE, _E.PRE_AUTHORISATION)
        and of.approval_code == past.approval_code != ""
    )
    return next(fits, None)


def overtook(first: Past, of: Past) -> bool:
    """Whether the cancellation `first`, which found no original, means `of`, which came after it.

    What was sent after a cancellation cannot be what it cancels: STANs come round again.
    """
    if first.transmitted_at is not None and of.transmitted_at is not None:
        in_order = of.transmitted_at <= first.transmitted_at + SKEW
    else:
        in_order = of.arrived_at - first.arrived_at <= OVERTAKING_WITHIN
    recent = of.arrived_at - first.arrived_at <= REVERSAL_WITHIN
    return in_order and recent and find_original(first, [of]) is not None


def find_twin(of: Transaction, among: Iterable[Past]) -> Past | None:
    """An earlier cancellation without original that means the same payment as this one: 0400, then 0420."""
    for past in among:
        same_data = of.original is not None and of.original == past.original
        if past.unmatched and past.event in CANCELLING and (same_data or _by_rrn(of, past) or _by_stan(of, past)):
            return past
    return None


def _same_place(of: Refers, past: Past) -> bool:
    """The same terminal; where one of them names none, the same merchant."""
    if of.terminal and past.terminal:
        return of.terminal == past.terminal
    return _agree(of.merchant_id, past.merchant_id)


def _agree(one: str, other: str) -> bool:
    """Equal, as far as both say something."""
    return not one or not other or one == other


def _same_sum(of: Refers, past: Past) -> bool:
    return of.amount.minor == 0 or past.amount.minor == 0 or of.amount == past.amount


def _as_sent(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%m%d%H%M%S")
