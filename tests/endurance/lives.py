"""A service that is started and killed over and over, on one store, between one host and one SMSC."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import trio
from attrs import define, field, frozen

from iso_alert.app.node import IN_FLIGHT
from tests.endurance.books import audit
from tests.endurance.family import family, gone, kill
from tests.endurance.moments import MOMENTS, Scene
from tests.endurance.till import Till
from tests.support.deployment import Service, launched
from tests.support.foreign_smsc import ForeignSmsc

PATIENCE = 5.0  # seconds for a moment to come, also on a busy machine; then it is killed all the same
BOUND = 120.0  # seconds for the last life to do what the others left
ORPHANED = 10.0  # seconds in which whoever is left must see that nobody wants him any more
WHOLE, HEAD, CHILDREN, CHILD, NOBODY = "the whole family", "its head", "its children", "one of them", "nobody"


@frozen
class Life:
    """One run of the service, from its start to its end."""

    moment: str
    killed: str
    code: int
    opened: bool  # whether its doors were
    doubted: int  # alerts that it found in flight
    log: str


@define(eq=False)
class Lives:
    """All lives over one store."""

    store: Path
    config: Path
    smsc: ForeignSmsc
    till: Till
    dice: Random
    lived: list[Life] = field(factory=list)
    _family: Sequence[int] = ()  # who was killed last
    faults: list[str] = field(factory=list)  # of the store, as somebody who was killed left it

    async def live(self) -> None:
        """Start, work, die."""
        (moment,) = self.dice.choices([*MOMENTS], [*MOMENTS.values()])
        async with launched(self.config) as one, trio.open_nursery() as nursery:
            nursery.start_soon(self._host, one)
            with trio.move_on_after(PATIENCE):
                await moment(Scene(one, self.store.with_name("alerts.db-wal"), self.smsc.out, self.dice))
            who = await self._kill(one)
            nursery.cancel_scope.cancel()
        self._remember(moment.__name__.replace("_", " "), one, who)

    async def _kill(self, one: Service) -> str:
        """All of the family, or a part of it; the next one starts while orphans may still see for themselves."""
        head, *children = self._family = family(one.process.pid)
        who = self.dice.choice([WHOLE, HEAD, CHILDREN, *[CHILD] * (len(children) > 1)]) if children else HEAD
        one_of_them = [self.dice.choice(children)] if who == CHILD else []
        kill({WHOLE: [head, *children], HEAD: [head], CHILDREN: children, CHILD: one_of_them}[who])
        if who in (CHILDREN, CHILD):
            with trio.move_on_after(PATIENCE):  # it may leave, or do without them
                await one.process.wait()
            one.process.kill()
        await one.process.wait()
        return who

    async def _host(self, one: Service) -> None:
        if await one.says("admin open"):
            await self.till.talk(one.link)

    async def live_on(self) -> None:
        """The last one does what the others have left, and leaves in peace; or it does not, and its log says why."""
        self.till.fall_silent()
        async with launched(self.config) as one:
            with trio.move_on_after(BOUND):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._host, one)
                    nursery.start_soon(self._settle, one)
                    await one.process.wait()
                    nursery.cancel_scope.cancel()
        self._remember("the last one", one, NOBODY)

    async def _settle(self, one: Service) -> None:
        if not await one.says("admin open"):
            return
        await self.till.settled()
        with suppress(OSError):  # it died: its code will tell
            await one.emptied(BOUND)
            one.process.terminate()

    def _remember(self, moment: str, one: Service, killed: str) -> None:
        doubted = sum(line.get("alerts", 0) for line in one.lines if line["event"] == IN_FLIGHT)
        opened = any(line["event"] == "admin open" for line in one.lines)
        self.lived.append(Life(moment, killed, one.process.returncode or 0, opened, doubted, one.text))

    async def look(self) -> None:
        """What was answered must be there, whatever the next start may mend."""
        with trio.fail_after(ORPHANED):
            await gone(self._family)
        books = await trio.to_thread.run_sync(audit, self.store)
        after = f"after life {len(self.lived)}"
        self.faults += [f"{after}: {fault}" for fault in books.faults]
        self.faults += [f"{after}: STAN {stan} is gone" for stan in self.till.recorded - set(books.recorded)]
