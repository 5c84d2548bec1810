"""The life of a subscription: which state follows which, as a table that tests walk whole.

`suspended` may come from any state and goes back to where it came from.  What happens to a suspended subscription by
itself (the confirming SMS arrives after all) happens to the state behind it.
"""

from collections.abc import Iterator, Mapping
from enum import Enum

from attrs import evolve

from iso_alert.domain.command import Record
from iso_alert.domain.subscription import SubscriptionState


class Happening(Enum):
    """What can happen to a subscription."""

    APPLIED = "applied"  # and a person must approve it
    ADMITTED = "admitted"  # applied, and approved by the policy in the same moment
    APPROVED = "approved"
    REFUSED = "refused"
    CONFIRMED = "confirmed"  # the confirming SMS is on the phone
    LAPSED = "lapsed"  # it did not get there in time
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"
    RESUMED = "resumed"


_S, _H = SubscriptionState, Happening
GONE = frozenset({_S.NONE, _S.REFUSED, _S.CANCELLED, _S.EXPIRED})  # there is nothing to change
LIVE = frozenset({_S.APPLIED, _S.CONFIRMING, _S.ACTIVE})


def _transitions() -> Iterator[tuple[tuple[SubscriptionState, Happening], SubscriptionState]]:
    for gone in GONE:
        yield (gone, _H.APPLIED), _S.APPLIED
        yield (gone, _H.ADMITTED), _S.CONFIRMING
    yield (_S.APPLIED, _H.APPLIED), _S.APPLIED
    yield (_S.APPLIED, _H.ADMITTED), _S.CONFIRMING
    yield (_S.APPLIED, _H.APPROVED), _S.CONFIRMING
    yield (_S.APPLIED, _H.REFUSED), _S.REFUSED
    yield (_S.REFUSED, _H.APPROVED), _S.CONFIRMING  # the bank may think better of it
    yield (_S.CONFIRMING, _H.ADMITTED), _S.CONFIRMING  # applied again: approved once is enough
    yield (_S.CONFIRMING, _H.CONFIRMED), _S.ACTIVE
    yield (_S.CONFIRMING, _H.LAPSED), _S.EXPIRED
    yield (_S.ACTIVE, _H.ADMITTED), _S.ACTIVE
    for state in LIVE | {_S.SUSPENDED}:
        yield (state, _H.CANCELLED), _S.CANCELLED
    for state in LIVE | GONE - {_S.NONE}:
        yield (state, _H.SUSPENDED), _S.SUSPENDED


TRANSITIONS: Mapping[tuple[SubscriptionState, Happening], SubscriptionState] = dict(_transitions())
BEHIND = frozenset({_H.CONFIRMED})  # happens to what a suspension hides


def befall(record: Record, happening: Happening, at: float) -> Record | None:
    """The record afterwards, or None: that cannot happen to it as it stands."""
    if happening is _H.RESUMED:
        return _resumed(record, at)
    if record.state is _S.SUSPENDED and record.suspended_from and happening in BEHIND:
        behind = TRANSITIONS.get((record.suspended_from, happening))
        return evolve(_dated(record, happening, at), suspended_from=behind) if behind else None
    state = TRANSITIONS.get((record.state, happening))
    if state is None:
        return None
    before = record.state if state is _S.SUSPENDED else None
    return evolve(_dated(record, happening, at), state=state, suspended_from=before)


def _resumed(record: Record, at: float) -> Record | None:
    if record.state is not _S.SUSPENDED or record.suspended_from is None:
        return None
    return evolve(record, state=record.suspended_from, suspended_from=None, changed_at=at)


def _dated(record: Record, happening: Happening, at: float) -> Record:
    if happening is _H.CONFIRMED:
        return evolve(record, changed_at=at, activated_at=at, confirm_until=None)
    return evolve(record, changed_at=at)
