"""What time does by itself: tasks that come round, each a function of nothing that asks the clock it was given.

A task that fails because the store is away is tried again at its next turn: what it did not do is still to be done.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog
import trio
from attrs import frozen

from iso_alert.store.port import StoreUnavailable

log = structlog.get_logger()


@frozen
class Round:
    """A task and how often its turn comes.  It returns how much it did; while there is more it need not wait."""

    name: str
    every: float  # seconds
    turn: Callable[[], Awaitable[int]]
    full: int = 0  # having done so much there may be more at once; 0: never


class Calendar:
    """Runs the rounds, each in a task of its own.  Lives until cancelled; a turn that has begun a commit ends it."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._rounds = rounds

    async def run(self) -> None:
        async with trio.open_nursery() as rounds:
            for one in self._rounds:
                rounds.start_soon(_go_round, one)


async def _go_round(one: Round) -> None:
    while True:
        try:
            done = await one.turn()
        except StoreUnavailable:
            done = 0
        if done:
            log.debug("turn", task=one.name, done=done)
        if not one.full or done < one.full:
            await trio.sleep(one.every)
