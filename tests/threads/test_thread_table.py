"""The table of steps, walked whole: every state of a unit of money with everything that can be said of it."""

from itertools import product

import pytest

from iso_alert.domain.event import Event
from iso_alert.domain.reason import Reason
from iso_alert.domain.thread import CANCELLING, CONTINUING, COVERING, GONE, STEPS, Effect, State, Step, _steps

LIVE = frozenset({State.STANDING, State.PART_REVERSED})
# What an effect may be of: the states it starts from, the events that have it, whether its reason tells something.
MEANS = {
    Effect.CANCEL: (LIVE, CANCELLING, True),
    Effect.RESTORE: ({State.VOIDED}, {Event.REVERSAL_OF_VOID}, True),
    Effect.COVERED: ({*LIVE, State.COMPLETED}, COVERING, False),
    Effect.ON_ITS_OWN: (GONE, COVERING, True),
    Effect.SILENT: (frozenset(State), CONTINUING - COVERING, False),
}
# Where a step leads when it changes the money at all.
LEADS = {
    Event.VOID: State.VOIDED,
    Event.VOID_OF_REFUND: State.VOIDED,
    Event.REVERSAL: State.REVERSED,
    Event.PARTIAL_REVERSAL: State.PART_REVERSED,
    Event.REVERSAL_OF_VOID: State.STANDING,
    Event.COMPLETION: State.COMPLETED,
    Event.FORCE_POSTED: State.COMPLETED,
}
ROWS = [pytest.param(*key, step, id="-".join(word.value for word in key)) for key, step in STEPS.items()]


def test_the_table_is_whole() -> None:
    """Every state has an answer for every event that continues a thread, and no row is written twice."""

    assert set(product(State, CONTINUING)) == set(STEPS)
    assert len(STEPS) == len(list(_steps()))


def test_what_continues_a_thread() -> None:
    """What cancels, what covers and what restores continue one, and nothing else."""

    assert CONTINUING == CANCELLING | COVERING | {Event.REVERSAL_OF_VOID} == set(LEADS)


@pytest.mark.parametrize(("state", "event", "step"), ROWS)
def test_effect(state: State, event: Event, step: Step) -> None:
    """An effect starts where it can, comes of what can have it, and its reason says whether an SMS goes."""
    states, events, told = MEANS[step.effect]

    assert state in states
    assert event in events
    assert step.reason in Reason
    assert told == step.reason.told


@pytest.mark.parametrize(("state", "event", "step"), ROWS)
def test_where_it_leads(state: State, event: Event, step: Step) -> None:
    """What is silent, or stands on its own, leaves the unit as it was; everything else leads to one state an event."""
    stays = step.effect in (Effect.SILENT, Effect.ON_ITS_OWN)

    assert step.state is (state if stays else LEADS[event])


@pytest.mark.parametrize("state", GONE)
@pytest.mark.parametrize("event", CANCELLING)
def test_nothing_is_cancelled_twice(state: State, event: Event) -> None:
    """Money that is gone stays gone, and nobody hears of it again."""

    assert Step(state, Effect.SILENT, Reason.ALREADY_CANCELLED) == STEPS[state, event]


@pytest.mark.parametrize("event", CANCELLING)
def test_what_is_cancelled_is_gone(event: Event) -> None:
    """After the cancellation of a whole payment nothing but a reversal of a void brings it back."""
    gone = STEPS[State.STANDING, event].state
    back = {each for each in CONTINUING if STEPS[gone, each].state in LIVE}

    assert (
        back
        == {
            State.VOIDED: {Event.REVERSAL_OF_VOID},
            State.REVERSED: set(),
            State.PART_REVERSED: {Event.PARTIAL_REVERSAL, Event.REVERSAL_OF_VOID},  # it never went
        }[gone]
    )
