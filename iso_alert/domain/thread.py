"""One purchase, one thread: what each message about the same money makes of it.

A payment (purchase, pre-authorisation, completion, refund) is a *unit* of money with a state of its own; voids,
reversals and completions are steps from one state to the next.  `STEPS` says, for every state and every step, what the
unit becomes and what that is to the cardholder.  What is not in the table cannot happen.  A *thread* is the units and
messages that belong together: a pre-authorisation, its completions, and what cancels them.
"""

from collections.abc import Iterator, Mapping
from enum import Enum

from attrs import frozen

from iso_alert.domain.event import Event
from iso_alert.domain.reason import Reason


class State(Enum):
    """What has become of a unit of money."""

    STANDING = "standing"
    PART_REVERSED = "part_reversed"
    COMPLETED = "completed"  # of a pre-authorisation: the money is its completion's now
    VOIDED = "voided"
    REVERSED = "reversed"


class Effect(Enum):
    """What a step is to a cardholder who was told of the payment (who was not, is told nothing)."""

    CANCEL = "cancel"
    RESTORE = "restore"
    COVERED = "covered"  # told already by what it continues; judged like a purchase where that was not told
    ON_ITS_OWN = "on its own"  # judged like a purchase
    SILENT = "silent"


@frozen
class Step:
    """Where the unit goes, what that is to the cardholder, and why."""

    state: State
    effect: Effect
    reason: Reason


_S, _E, _R = State, Event, Reason


def _steps() -> Iterator[tuple[tuple[State, Event], Step]]:
    told, gone_already, no_void = _R.CANCELLATION_TOLD, _R.ALREADY_CANCELLED, _R.NOTHING_TO_RESTORE
    for live in (_S.STANDING, _S.PART_REVERSED):
        yield (live, _E.VOID), Step(_S.VOIDED, Effect.CANCEL, told)
        yield (live, _E.VOID_OF_REFUND), Step(_S.VOIDED, Effect.CANCEL, told)
        yield (live, _E.REVERSAL), Step(_S.REVERSED, Effect.CANCEL, told)
        yield (live, _E.PARTIAL_REVERSAL), Step(_S.PART_REVERSED, Effect.CANCEL, told)
    for cancels in (_E.VOID, _E.VOID_OF_REFUND, _E.REVERSAL, _E.PARTIAL_REVERSAL):
        yield (_S.COMPLETED, cancels), Step(_S.COMPLETED, Effect.SILENT, _R.COMPLETED_ALREADY)
        for gone in (_S.VOIDED, _S.REVERSED):
            yield (gone, cancels), Step(gone, Effect.SILENT, gone_already)
    for live in (_S.STANDING, _S.PART_REVERSED, _S.COMPLETED):
        yield (live, _E.FORCE_POSTED), Step(_S.COMPLETED, Effect.COVERED, _R.FORCE_POSTED)
        yield (live, _E.COMPLETION), Step(_S.COMPLETED, Effect.COVERED, _R.COMPLETION_TOLD)
        yield (live, _E.REVERSAL_OF_VOID), Step(live, Effect.SILENT, no_void)
    for gone in (_S.VOIDED, _S.REVERSED):  # the money is taken after all, and "Reversed" was told
        yield (gone, _E.FORCE_POSTED), Step(gone, Effect.ON_ITS_OWN, _R.TOLD)
        yield (gone, _E.COMPLETION), Step(gone, Effect.ON_ITS_OWN, _R.TOLD)
    yield (_S.VOIDED, _E.REVERSAL_OF_VOID), Step(_S.STANDING, Effect.RESTORE, _R.RESTORED_TOLD)
    yield (_S.REVERSED, _E.REVERSAL_OF_VOID), Step(_S.REVERSED, Effect.SILENT, no_void)


STEPS: Mapping[tuple[State, Event], Step] = dict(_steps())
CANCELLING = frozenset({_E.VOID, _E.VOID_OF_REFUND, _E.REVERSAL, _E.PARTIAL_REVERSAL})
COVERING = frozenset({_E.COMPLETION, _E.FORCE_POSTED})  # they continue a payment and are one themselves
CONTINUING = frozenset(event for _, event in STEPS)
GONE = frozenset({_S.VOIDED, _S.REVERSED})
