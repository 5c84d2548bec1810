"""One fault of a disk, from its beginning to its end, as a host and a load balancer see it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from math import inf
from urllib.error import HTTPError

import trio
from attrs import define, field

from tests.endurance.till import RECORDED, Answer, Till
from tests.support.deployment import Service

REFUSED = "96"
GLANCE = 0.05  # seconds between two looks at /readyz
GREEN = 20.0  # seconds in which it must be green again


@define(eq=False)
class Bout:
    """Times are those of the event loop."""

    service: Service
    till: Till
    began: float = inf
    ended: float = inf
    looks: list[tuple[float, bool]] = field(factory=list)  # when /readyz was asked, and whether it was green

    async def watch(self) -> None:
        """Ask /readyz again and again.  Lives until cancelled."""
        while True:
            at = trio.current_time()
            self.looks.append((at, await self.look()))
            await trio.sleep(GLANCE)

    async def look(self) -> bool:
        """Whether /readyz is green."""
        try:
            await self.service.ask("readyz")
        except HTTPError as refused:
            refused.close()
            return False
        return True

    async def suffer(self, strike: Callable[[], AbstractContextManager[None]], seconds: float) -> None:
        self.began = trio.current_time()
        fault = await trio.to_thread.run_sync(_enter, strike)
        try:
            await trio.sleep(seconds)
            self.ended = trio.current_time()
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(fault.__exit__, None, None, None)

    async def mended(self) -> bool:
        """Return once it is green, and messages are recorded again; False if that takes too long."""
        with trio.move_on_after(GREEN):
            while inf in (self.green, self.recording):
                await trio.sleep(GLANCE)
        return inf not in (self.green, self.recording)

    # Seconds from the beginning or the end of the fault; inf: never.

    @property
    def red(self) -> float:
        return _first(at for at, green in self.looks if not green and at >= self.began) - self.began

    @property
    def green(self) -> float:
        return _first(at for at, green in self.looks if green and at >= self.ended) - self.ended

    @property
    def refusing(self) -> float:
        return _first(each.at for each in self._answers if each.code == REFUSED) - self.began

    @property
    def recording(self) -> float:
        good = (each.at for each in self._answers if each.code == RECORDED)
        return _first(at for at in good if at >= self.ended) - self.ended

    @property
    def _answers(self) -> Iterator[Answer]:
        """To what was in hand when the fault began, and to all that came later."""
        return (each for each in self.till.answers if each.at >= self.began)

    @property
    def during(self) -> list[Answer]:
        """Answers to what the host said before the fault was over."""
        return [each for each in self._answers if each.at - each.waited <= self.ended]


def _enter(strike: Callable[[], AbstractContextManager[None]]) -> AbstractContextManager[None]:
    fault = strike()
    fault.__enter__()
    return fault


def _first(moments: Iterable[float]) -> float:
    return min(moments, default=inf)
