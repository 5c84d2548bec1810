"""A link on a stage: a host's end of a memory stream, and a journal that can be slow or in trouble."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio
from attrs import define, evolve, field
from trio.testing import memory_stream_pair

from iso_alert.domain.transaction import Transaction
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.profile import read_profile
from iso_alert.service.link import Connection, LinkRules
from iso_alert.store.port import StoreUnavailable
from tests.support import wire
from tests.support.bank import KEYRING, NOW

LINK = "switch"
CODEC = Codec(dialect(LINK, read_profile("iso87-ascii")), KEYRING)


@define
class Journal:
    """It remembers what it was given; `delay` is how long a commit takes."""

    delay: float = 0.0
    trouble: bool = False
    batches: list[list[str]] = field(factory=list)

    async def record(self, batch: Sequence[Transaction], /) -> None:
        self.batches.append([of.stan for of in batch])
        await trio.sleep(self.delay)
        if self.trouble:
            raise StoreUnavailable("the disk is full")


@define
class Watch:
    """It counts, and knows why connections ended."""

    seen: Counter[str] = field(factory=Counter)
    ends: list[str] = field(factory=list)
    open: int = 0

    def answered(self, _: str, mti: str, code: str, count: int = 1) -> None:
        self.seen[f"{mti} {code}"] += count

    def unreadable(self, _: str, fault: str) -> None:
        self.seen[f"unreadable {fault}"] += 1

    def ignored(self, _: str, why: str) -> None:
        self.seen[f"ignored {why}"] += 1

    def connected(self, _: str, change: int) -> None:
        self.open += change

    def hung_up(self, _: str, why: str) -> None:
        self.ends.append(why)

    def slowed(self, _: str) -> None:
        self.seen["slowed"] += 1

    def called(self, _: str, outcome: str) -> None:
        self.seen[f"called: {outcome}"] += 1

    def shook_hands(self, side: str, _: str, outcome: str) -> None:
        self.seen[f"{side} handshake: {outcome}"] += 1


@define(eq=False)
class Scene:
    """A connection and its host."""

    connection: Connection
    host: trio.abc.Stream
    journal: Journal
    watch: Watch

    async def say(self, *frames: bytes) -> None:
        await self.host.send_all(b"".join(frames))

    async def hear(self) -> bytes:
        """What comes in one read."""
        return bytes(await self.host.receive_some())

    async def answers(self, *frames: bytes, count: int | None = None) -> list[tuple[str, str, str]]:
        """Say this, and return so many answers: MTI, STAN and DE39."""
        await self.say(*frames)
        data, count = b"", len(frames) if count is None else count
        with trio.fail_after(1000):
            while len(split(data)) < count:
                data += await self.hear()
        return wire.codes(data)

    async def ended(self) -> str:
        """Why it hung up, once it has; what it still said is thrown away, and the host hangs up as well."""
        with trio.fail_after(10_000):
            while await self.hear():
                pass
            await self.host.aclose()
            while not self.watch.ends:
                await trio.lowlevel.checkpoint()
        return self.watch.ends[0]


def split(data: bytes) -> list[bytes]:
    """The whole frames at the beginning."""
    found = []
    while len(data) >= 2 and len(data) >= (end := 2 + int.from_bytes(data[:2], "big")):
        found.append(data[:end])
        data = data[end:]
    return found


@asynccontextmanager
async def stage(
    journal: Journal | None = None, pair: Any = None, codec: Codec = CODEC, **rules: Any
) -> AsyncIterator[Scene]:
    """A connection that runs, and is cancelled at the end if it still does."""
    ours, theirs = pair or memory_stream_pair()
    journal, watch = journal or Journal(), Watch()
    connection = Connection(evolve(LinkRules(LINK), **rules), codec, journal, watch, lambda: NOW)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run, ours, "192.0.2.1")
        yield Scene(connection, theirs, journal, watch)
        nursery.cancel_scope.cancel()
