"""A link whose connections others carry: the door lets in and counts, a speaker does the rest."""

from collections.abc import Coroutine
from typing import Any

import trio
from attrs import define, field

from iso_alert.service.link_rules import LinkRules, Watch
from iso_alert.service.plain import Plain
from iso_alert.service.speakers import Speakers
from iso_alert.service.tls import Tls


@define(eq=False)
class Spread:
    """What `Connections` is to a door, for connections that are elsewhere."""

    rules: LinkRules
    watch: Watch
    _speakers: Speakers
    _inside: int = field(default=0, init=False)
    _changed: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)

    @property
    def name(self) -> str:
        return self.rules.name

    def __len__(self) -> int:
        return self._inside

    def welcome(self, stream: Plain, peer: str, _: Tls | None) -> Coroutine[Any, Any, None]:
        """Hand it over at once, so that it counts before another is let in; its TLS is known there."""
        self._inside += 1
        self._speakers.hand(stream, self.name, peer)
        return trio.lowlevel.checkpoint()

    def one_left(self) -> None:
        self._inside -= 1
        self._changed.unpark_all()

    def close(self) -> None:
        self._speakers.leave(self.name)

    async def emptied(self) -> None:
        """Return when nobody is inside."""
        while self._inside:
            await self._changed.park()
