"""Commands through the store's door, for every way of asking."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog

from iso_alert.domain.command import Answer, Operation, Result
from iso_alert.service.desk import Desk
from iso_alert.service.subscribing import Subscribing
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite
from tests.service.enrolment_stage import Away
from tests.support.bank import NOW
from tests.support.people import MOBILE, command, rules


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Sqlite]:
    with closing(Sqlite(tmp_path / "alerts.db")) as store:
        yield store


class Woken:
    """A courier that counts how often it is woken."""

    times = 0

    def nudge(self) -> None:
        self.times += 1


def subscribing(store: Any, courier: Woken, now: float = NOW) -> Subscribing:
    return Subscribing(Desk(store), rules(), courier.nudge, lambda: now)


async def test_a_command_is_carried_out_and_its_sms_leaves_at_once(store: Sqlite) -> None:
    """The courier is woken when there is something to send, and for a repeat it is not."""
    courier = Woken()
    door = subscribing(store, courier)
    answers = [await door.do(command(Operation.APPLY), key="k") for _ in range(2)]
    quiet = await door.do(command(Operation.INQUIRE))

    assert [(one.result, one.repeat) for one in (*answers, quiet)] == [
        (Result.DONE, False),
        (Result.DONE, True),
        (Result.DONE, False),
    ]
    assert courier.times == 1


async def test_a_store_that_is_away_is_an_answer() -> None:
    """Not stored, nothing changed; and readiness turns red."""
    desk = Desk(Away(StoreUnavailable("the disk is full")))  # type: ignore[arg-type]
    door = Subscribing(desk, rules(), Woken().nudge, lambda: NOW)

    assert await door.do(command(Operation.APPLY)) == Answer(Result.NOT_STORED)
    assert desk.trouble == "the disk is full"


async def test_a_bug_is_not_hidden() -> None:
    """Whoever asked decides what is said then."""
    with pytest.raises(KeyError):
        await subscribing(Away(KeyError("a bug")), Woken()).do(command(Operation.APPLY))


async def test_what_lapses_wakes_the_courier(store: Sqlite) -> None:
    """Once the confirming SMS is due again."""
    courier = Woken()
    await subscribing(store, courier).do(command(Operation.APPLY))
    early = await subscribing(store, courier).lapse()
    late = await subscribing(store, courier, NOW + 80 * 3600).lapse()

    assert (early, late, courier.times) == (0, 1, 2)


async def test_no_number_is_logged(store: Sqlite) -> None:
    """T-07."""
    with structlog.testing.capture_logs() as lines:
        await subscribing(store, Woken()).do(command(Operation.APPLY))

    assert lines
    assert MOBILE.lstrip("+") not in repr(lines)
