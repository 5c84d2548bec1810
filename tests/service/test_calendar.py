"""What time does by itself comes round, however long a turn takes and whatever happens to the store."""

import pytest
import trio
from trio.testing import MockClock

from iso_alert.service.calendar import Calendar, Round
from iso_alert.store.port import StoreUnavailable


async def turns(seconds: float, *rounds: Round) -> None:
    """Let the calendar run so long."""
    with trio.move_on_after(seconds):
        await Calendar(rounds).run()


class Task:
    """It notes when its turns came; each gives the next of `results`, an exception is raised."""

    def __init__(self, *results: int | Exception) -> None:
        self.results, self.at = list(results), list[float]()
        self._began = trio.current_time()

    async def turn(self) -> int:
        self.at.append(trio.current_time() - self._began)
        await trio.lowlevel.checkpoint()
        result = self.results.pop(0) if self.results else 0
        if isinstance(result, Exception):
            raise result
        return result


async def test_each_task_has_its_own_round(autojump_clock: MockClock) -> None:
    """At the start, and then as often as it wants."""
    often, seldom = Task(), Task()
    await turns(25, Round("often", 10, often.turn), Round("seldom", 20, seldom.turn))

    assert (often.at, seldom.at) == ([0, 10, 20], [0, 20])


async def test_while_there_is_more_nobody_waits(autojump_clock: MockClock) -> None:
    """A full turn is followed by the next at once."""
    task = Task(5, 5, 2)
    await turns(15, Round("full", 10, task.turn, full=5))

    assert task.at == [0, 0, 0, 10]


async def test_a_store_that_is_away_is_waited_for(autojump_clock: MockClock) -> None:
    """What was not done is done at the next turn."""
    task = Task(StoreUnavailable("the disk is full"), 1)
    await turns(15, Round("task", 10, task.turn))

    assert task.at == [0, 10]


async def test_a_bug_falls(autojump_clock: MockClock) -> None:
    """It is ours: the nursery falls, and the supervisor starts us anew."""
    with pytest.RaisesGroup(KeyError):
        await turns(15, Round("task", 10, Task(KeyError("a bug")).turn))
