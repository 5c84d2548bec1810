"""Values as rows, and rows as values.  The order of columns is that of the statements in store/sql."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_type_hints

from attrs import astuple
from cattrs.preconf.json import make_converter

from iso_alert.domain.card import Card, Kind
from iso_alert.domain.channel import Channel
from iso_alert.domain.decision import Decision
from iso_alert.domain.event import Event
from iso_alert.domain.mark import bits
from iso_alert.domain.matching import looks_back
from iso_alert.domain.money import BAHT, Currency, Money, by_code
from iso_alert.domain.past import Past, Unit
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import Holder, Subscription, SubscriptionState
from iso_alert.domain.text import Language
from iso_alert.domain.thread import State
from iso_alert.domain.transaction import WRITTEN, Original, Transaction
from iso_alert.store.port import Lease, Taken
from iso_alert.store.recent import Names, Recent
from iso_alert.store.working import Draft, Written

_JSON = make_converter()
PLAIN = 10 + WRITTEN  # columns that every message fills
NOTHING_MORE = (None,) * 8
_VALUES: Mapping[str, Any] = {
    **get_type_hints(Transaction),
    "card": Card | None,
    "amount": Money,
    "balances": tuple[tuple[Kind, Money], ...],
    "local_date": str,
}
_NO_PARTS = frozenset[int]()
NOWHERE = "?"  # stands for an absent value in a search: nothing is called so
_KINDS: dict[str | None, Kind | None] = {None: None, **{kind.value: kind for kind in Kind}}
NOT_SUBSCRIBED = {kind: Holder(_KINDS[kind]) for kind in _KINDS}  # who has most cards


def txn_row(written: Written, counts_small: bool = False) -> tuple[Any, ...]:
    """The message: PLAIN columns, and the others where one is filled; marked, if small purchases are counted."""
    id_, card, of, decision = written
    row = (id_, card, decision.thread or id_, *decision.words, *of[:WRITTEN])
    small = counts_small and decision.reason is Reason.BELOW_THRESHOLD
    plain = of.timed and not (small or decision.follows or of.original or of.reversed)
    return row if plain else row + _more(of, decision, small)


def _more(of: Transaction, decision: Decision, small: bool) -> tuple[Any, ...]:
    """The last columns, which few messages fill."""
    kept = of.balance(decision.kind) if decision.unmatched else None
    return (
        _original_text(of.original), of.reversed.minor if of.reversed else None, kept.minor if kept else None,
        decision.original, decision.matched_by or None, 1 if decision.unmatched else None, 1 if small else None,
        None if of.timed else 1,
    )  # fmt: skip


def alert_row(draft: Draft) -> tuple[Any, ...]:
    alert = draft.alert
    return (
        draft.id, draft.txn, draft.thread, draft.lane, alert.customer, alert.key, alert.mobile, alert.language,
        alert.text, draft.state.value, draft.not_before, draft.cause,
    )  # fmt: skip


def part_row(taken: Taken) -> tuple[Any, ...]:
    return taken.alert, taken.n, taken.route, taken.ids[0], bare(taken.ids[0]), taken.parts, taken.at, taken.way or None


def lease(row: Sequence[Any]) -> Lease:
    alert, mobile, text, key, began_at, attempts, doubts, done = row
    parts = frozenset(json.loads(done)) if done != "[]" else _NO_PARTS
    return Lease(alert, mobile, text, key, began_at, attempts, doubts, parts)


def bare(message_id: str) -> str:
    """A message id as it is compared: without case and leading zeros; "" only for none at all."""
    folded = message_id.strip().casefold()
    return folded.lstrip("0") or folded[:1]


def dump(of: Transaction) -> str:
    """A message as text, for `load`: the values that it is made of, and not how it has them."""
    return _JSON.dumps(of.values())


def load(text: str) -> Transaction:
    said = json.loads(text).items()
    return Transaction.of(**{name: _JSON.structure(value, _VALUES[name]) for name, value in said})


def subscriber(kind: str | None, subscription: tuple[int, str, str, str]) -> Holder:
    customer, mobile, language, state = subscription
    return Holder(_KINDS[kind], Subscription(customer, mobile, Language(language), SubscriptionState(state)))


def want_row(of: Transaction, card: int, recent: Recent) -> tuple[Any, ...]:
    """What to look for in the history of a card on behalf of one message."""
    stan, other = of.stan or NOWHERE, of.original.stan if of.original else NOWHERE
    rrn, approval_code = of.rrn or NOWHERE, of.approval_code or NOWHERE
    names = Names(bits(stan), bits(other), bits(rrn), bits(approval_code))
    since = int((of.arrived_at - looks_back(of)) * 1e6)
    return card, stan, other, rrn, approval_code, since, str(recent.of(card, names)), *astuple(names)


def past(row: Sequence[Any], unit_of: Callable[[int, Callable[[], Unit]], Unit]) -> tuple[int, Past]:
    """The card, and a message of it; `unit_of` hands out one value for each unit of money."""
    (
        id_, card, mti, event, channel, sub_channel, stan, rrn, approval_code, terminal, merchant_id, acquirer, invoice,
        amount, code, merchant, local, transmitted_at, thread, reason, original, reversed_, balance, unmatched,
        unit_id, unit_amount, unit_code, state, given_back, cancelled_by, told, alerted, waiting,
    ) = row  # fmt: skip
    currency = by_code(code)

    def unit() -> Unit:
        standing = State(state) if state else State.STANDING
        return Unit(
            unit_id, Money(unit_amount, by_code(unit_code)), standing, given_back or 0, cancelled_by, bool(told)
        )

    return card, Past(
        id=id_,
        mti_class=mti[1],
        event=Event(event),
        channel=Channel(channel),
        sub_channel=sub_channel or "",
        arrived_at=id_ / 1e6,
        stan=stan,
        rrn=rrn or "",
        approval_code=approval_code or "",
        terminal=terminal or "",
        merchant_id=merchant_id or "",
        acquirer=acquirer or "",
        invoice=invoice or "",
        amount=Money(amount, currency),
        merchant=merchant or "-",
        local=local or "",
        transmitted_at=transmitted_at,
        thread=thread,
        reason=Reason(reason),
        unit=unit_of(unit_id, unit),
        original=_original(original),
        reversed=_money(reversed_, currency),
        balance=_money(balance, BAHT),
        unmatched=bool(unmatched),
        alerted=alerted is not None,
        waiting=waiting,
    )


def _money(minor: int | None, currency: Currency) -> Money | None:
    return None if minor is None else Money(minor, currency)


def _original_text(original: Original | None) -> str | None:
    return "|".join(astuple(original)) if original else None


def _original(text: str | None) -> Original | None:
    return Original(*text.split("|")) if text else None
