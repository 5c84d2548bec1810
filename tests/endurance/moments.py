"""When to kill: moments in the life of a running service, each with something half done."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from random import Random

import trio
from attrs import frozen

from iso_alert.app.node import IN_FLIGHT
from tests.support.deployment import Service

GLANCE = 0.0005  # seconds between two looks at a file: the moments are short


@frozen
class Scene:
    """What a moment may look at."""

    service: Service
    log: Path  # of the store: SQLite writes here first
    seen: Path  # what the SMSC writes down
    dice: Random

    async def any(self, most: float) -> None:
        """Some time, at most so many seconds."""
        await trio.sleep(self.dice.uniform(0, most))

    async def changed(self, file: Path) -> None:
        """Return in the moment in which this file has changed."""
        before = _mark(file)
        while _mark(file) == before:
            await trio.sleep(GLANCE)


def _mark(file: Path) -> tuple[int, int]:
    try:
        now = file.stat()
    except FileNotFoundError:
        return 0, 0
    return now.st_size, now.st_mtime_ns


async def while_it_starts(scene: Scene) -> None:
    await scene.any(1.0)


async def while_it_recovers(scene: Scene) -> None:
    """What was in flight is put back in the queue, unless nothing was."""
    await scene.changed(scene.log)
    await scene.any(0.002)


async def when_it_has_recovered(scene: Scene) -> None:
    await scene.service.says(IN_FLIGHT, "link open")
    await scene.any(0.01)


async def when_it_is_bound(scene: Scene) -> None:
    """The backlog is going out, and nothing of it is answered."""
    await scene.service.says("route.bound")
    await scene.any(0.1)


async def at_work(scene: Scene) -> None:
    await scene.service.says("admin open")
    await scene.any(1.2)


async def in_a_commit(scene: Scene) -> None:
    """The log has changed: something is written, and the answers have not gone."""
    await scene.service.says("admin open")
    await scene.any(0.4)
    await scene.changed(scene.log)
    await scene.any(0.002)


async def in_a_window(scene: Scene) -> None:
    """The SMSC has just been given something."""
    await scene.service.says("admin open")
    await scene.any(0.4)
    await scene.changed(scene.seen)
    await scene.any(0.005)


async def while_it_stops(scene: Scene) -> None:
    await scene.service.says("admin open")
    await scene.any(0.4)
    scene.service.process.terminate()
    await scene.any(0.2)


Moment = Callable[[Scene], Awaitable[None]]
MOMENTS: Mapping[Moment, int] = {  # to its weight
    while_it_starts: 3,
    while_it_recovers: 1,
    when_it_has_recovered: 2,
    when_it_is_bound: 2,
    at_work: 4,
    in_a_commit: 4,
    in_a_window: 4,
    while_it_stops: 1,
}
