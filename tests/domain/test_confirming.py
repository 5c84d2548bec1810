"""An enrolment is complete once the confirming SMS has arrived (R-35): what time does until then."""

from typing import TypeAlias

from iso_alert.domain.command import Operation, Record, Verdict
from iso_alert.domain.confirming import lapse, look_at
from iso_alert.domain.subscribing import carry_out
from iso_alert.domain.subscription import SubscriptionState
from tests.support.bank import NOW
from tests.support.people import DAY, HOUR, command, record, rules, standing

S: TypeAlias = SubscriptionState


def ask() -> Record | None:
    """Somebody has just applied."""
    return carry_out(command(Operation.APPLY), None, rules(), NOW).record


def told(verdict: Verdict) -> str:
    """Result, state and texts."""
    assert verdict.record
    return ":".join([verdict.result.value, verdict.record.state.value, *(one.key for one in verdict.notices)])


def test_the_confirming_sms_comes_again_three_times_and_then_no_more() -> None:
    """R-35: at 18, 36 and 54 hours by default; at 72 the application has expired."""
    asked = ask()
    story = []
    while asked and (when := look_at(asked, rules())):
        verdict = lapse(asked, rules(), when)
        assert verdict
        story.append(((when - NOW) / HOUR, told(verdict)))
        asked = verdict.record

    again = "00:confirming:enrolled"
    assert story == [(18, again), (36, again), (54, again), (72, "00:expired")]


def test_before_its_time_nothing_lapses() -> None:
    """Nor does what is confirmed, or was never asked."""
    asked = ask()
    assert asked

    assert lapse(asked, rules(), NOW + 18 * HOUR - 1) is None
    assert [lapse(record(state), rules(), NOW + 99 * DAY) for state in S if state is not S.CONFIRMING] == [None] * 7


def test_what_was_missed_is_not_made_up_for() -> None:
    """After an outage of a day and a half the phone gets one SMS, not two."""
    asked = ask()
    assert asked
    late = lapse(asked, rules(), NOW + 40 * HOUR)

    assert late
    assert late.record
    assert (told(late), look_at(late.record, rules())) == ("00:confirming:enrolled", NOW + 54 * HOUR)


def test_a_cancelled_application_does_not_expire() -> None:
    """It has ended already."""
    cancelled = carry_out(command(Operation.CANCEL), standing(ask()), rules(), NOW).record

    assert cancelled
    assert look_at(cancelled, rules()) is None
