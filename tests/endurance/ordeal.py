"""A fault of the disk strikes a deployment: one service outlives it, one is killed in it, and one is started in it."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

import trio
from attrs import frozen

from tests.endurance.bout import Bout
from tests.endurance.faults import Disk, Way
from tests.endurance.till import Till
from tests.support.deployment import Service, launched

LEAVE = 20.0  # seconds to drain; then it is killed, and its code says so


@frozen
class Outlived:
    """What the first saw, and how it left."""

    bout: Bout
    mended: bool
    code: int


@frozen
class Born:
    """What became of the one that was started meanwhile."""

    green: bool  # while the fault lasted
    stuck: bool  # after it: neither at work nor gone


@frozen
class Ordeal:
    """Everybody speaks with the same host."""

    way: Way
    disk: Disk
    config: Path
    till: Till
    hold: float  # seconds that the fault lasts

    async def outlive(self) -> Outlived:
        """Work, suffer, work on, leave in peace."""
        async with launched(self.config, **self.disk.environ) as one:
            await one.opened()
            bout = Bout(one, self.till)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.till.talk, one.link)
                nursery.start_soon(bout.watch)
                await trio.sleep(self.hold / 2)
                await bout.suffer(partial(self.way.strike, self.disk, one.process.pid), self.hold)
                mended = await bout.mended()
                await trio.sleep(self.hold / 2)
                nursery.cancel_scope.cancel()
            return Outlived(bout, mended, await _leave(one))

    async def die_and_be_born(self) -> Born:
        """The next one starts before anything is mended."""
        with ExitStack() as fault:
            await self._die(fault)
            return await self._be_born(fault)

    async def _die(self, fault: ExitStack) -> None:
        """Work, suffer, and be killed at that."""
        async with launched(self.config, **self.disk.environ) as one:
            await one.opened()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.till.talk, one.link)
                await trio.sleep(self.hold / 2)
                fault.enter_context(self.way.strike(self.disk, one.process.pid))
                await trio.sleep(self.hold / 2)
                one.process.kill()
                await one.process.wait()
                nursery.cancel_scope.cancel()

    async def _be_born(self, fault: ExitStack) -> Born:
        async with launched(self.config, **self.disk.environ) as one:
            bout, green = Bout(one, self.till), False
            with trio.move_on_after(self.hold):
                green = await one.says("admin open") and await bout.look()
            bout.began = bout.ended = trio.current_time()
            await trio.to_thread.run_sync(fault.close)
            alive = await self._come_to_life(one, bout)
            gone = one.process.poll() is not None  # as good: whoever watches over it starts it again
            await _leave(one)
        return Born(green, stuck=not (alive or gone))

    async def _come_to_life(self, one: Service, bout: Bout) -> bool:
        """Whether it is green and records within the time that it has."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._talk, one, bout)
            mended = await bout.mended()
            nursery.cancel_scope.cancel()
        return mended

    async def _talk(self, one: Service, bout: Bout) -> None:
        if await one.says("admin open"):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.till.talk, one.link)
                nursery.start_soon(bout.watch)


async def _leave(one: Service) -> int:
    """Ask it to, and wait; its code."""
    if one.process.poll() is None:
        one.process.terminate()
    with trio.move_on_after(LEAVE):
        await one.process.wait()
    return one.process.returncode or 0 if one.process.poll() is not None else -1
