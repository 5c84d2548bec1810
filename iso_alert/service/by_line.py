"""The journal, as a process has it that reaches it over a line: several batches are under way, each with a number.

At most BATCHES are; a connection that brings another waits, and its host's socket fills.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count

import trio
from attrs import define, field

from iso_alert.domain.transaction import Transaction
from iso_alert.service.journal import BATCH
from iso_alert.service.line import Line
from iso_alert.service.told import Told
from iso_alert.service.words import Brought, Recorded
from iso_alert.store.bundle import Bundle
from iso_alert.store.port import StoreUnavailable

BATCHES = BATCH  # of one connection each: as many as may be in one commit


@define(eq=False)
class _Asked:
    heard: trio.Event = field(factory=trio.Event)
    why: str | None = None


@define(eq=False)
class ByLine:
    """A `link_rules.Record`."""

    _line: Line
    _told: Told
    _room: trio.Semaphore = field(factory=partial(trio.Semaphore, BATCHES), init=False)
    _numbers: Iterator[int] = field(factory=count, init=False)
    _asked: dict[int, _Asked] = field(factory=dict, init=False)

    async def record(self, batch: Sequence[Transaction], /) -> None:
        """As the journal's: raises StoreUnavailable; cancelled, the messages may be recorded all the same."""
        await self._let_in()
        number, asked = next(self._numbers), _Asked()
        self._asked[number] = asked
        try:
            bundle = Bundle.of(batch)
            self._line.post(Brought(number, len(bundle), bundle.sealed, self._told.take()))
            await asked.heard.wait()
        finally:
            del self._asked[number]
            self._room.release()
        if asked.why is not None:
            raise StoreUnavailable(asked.why)

    async def _let_in(self) -> None:
        if self._room.value:
            self._room.acquire_nowait()  # a turn of the event loop less for every batch
        else:
            await self._room.acquire()

    async def caught_up(self) -> None:
        """Return when whoever waits now has brought what he has: first come, first served."""
        await self._let_in()
        self._room.release()

    def hear(self, recorded: Recorded) -> None:
        """Give an answer to whoever waits for it; one who was cancelled does not."""
        if asked := self._asked.get(recorded.number):
            asked.why = recorded.why
            asked.heard.set()
