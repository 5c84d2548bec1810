"""Every fault of the day is told in a sentence, and a burst is counted rather than shown."""

from typing import Any

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from iso_alert.demo.ears import Heard
from iso_alert.demo.performance import AT_MOST, follow
from iso_alert.demo.play import Answer, Scene, Shown
from iso_alert.sim.smsc import Sms
from tests.demo.day import DAY, PUBLISHED, told


def scene(**changed: Any) -> Scene:
    """Emma's payment of the published text, as far as it was answered and shown."""
    message = told(PUBLISHED[1])
    repeat = evolve(message, reason=None, channel=None)
    emma = DAY.customer_of(message)
    shown = Shown(Sms("KBANK", emma.phone, message.sms, 1, "gsm", 0.0), 0.01)
    return evolve(
        Scene(repeat, DAY.card_of(message), emma, Answer("0210", "00", 0.01), None, (shown,)),
        **changed,
    )


def test_all_as_it_must() -> None:
    """A scene without fault has none."""
    assert list(scene().faults()) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"answer": None}, "no answer came"),
        ({"answer": Answer("0210", "96", 0.01)}, "the answer is 96, not 00"),
        ({"shown": ()}, f"this SMS did not come: {PUBLISHED[1]}"),
    ],
    ids=["no-answer", "not-recorded", "no-sms"],
)
def test_a_fault_is_a_sentence(changed: dict[str, Any], fault: str) -> None:
    """Everything that can be missing is told."""
    assert [fault] == list(scene(**changed).faults())


def test_an_sms_on_the_wrong_phone_is_no_sms() -> None:
    """The right words at the wrong number are two faults."""
    astray = Shown(Sms("KBANK", "66800000000", PUBLISHED[1], 1, "gsm", 0.0), 0.01)

    assert len(list(scene(shown=(astray,)).faults())) == 2


async def test_of_a_burst_the_rest_is_counted(autojump_clock: MockClock) -> None:
    """A stranger who fires a thousand messages sees a few of them, and how many more there were."""
    heard, shown, skipped = Heard[int](), list[int](), list[int]()
    for number in range(1500):
        heard.hear(number)
    with trio.move_on_after(10):
        await follow(heard, shown.append, skipped.append)

    assert list(range(AT_MOST)) == shown
    assert skipped == [1500 - AT_MOST]


async def test_few_are_all_shown(autojump_clock: MockClock) -> None:
    """What comes slowly is never skipped."""
    heard, shown, skipped = Heard[int](), list[int](), list[int]()
    with trio.move_on_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow, heard, shown.append, skipped.append)
            for number in range(20):
                heard.hear(number)
                await trio.sleep(0.4)

    assert (list(range(20)), []) == (shown, skipped)
