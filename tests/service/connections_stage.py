"""The connections of one link on a stage: hosts on memory streams, and a journal that remembers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from attrs import define, evolve
from trio.testing import memory_stream_pair

from iso_alert.iso.codec import Codec
from iso_alert.service.connections import Connections
from iso_alert.service.link_rules import LinkRules
from tests.service.link_stage import CODEC, LINK, Journal, Watch, split
from tests.support import wire
from tests.support.bank import NOW


@define(eq=False)
class Scene:
    """A link and whoever visits it."""

    connections: Connections
    journal: Journal
    watch: Watch
    nursery: trio.Nursery

    def visit(self) -> trio.abc.Stream:
        """A host's end of a new connection."""
        ours, theirs = memory_stream_pair()
        self.nursery.start_soon(self.connections.carry, ours, "192.0.2.1")
        return theirs

    async def ended(self) -> list[str]:
        """Why connections hung up, once one has."""
        with trio.fail_after(10_000):
            while not self.watch.ends:
                await trio.lowlevel.checkpoint()
        return self.watch.ends


@asynccontextmanager
async def stage(journal: Journal | None = None, codec: Codec = CODEC, **rules: Any) -> AsyncIterator[Scene]:
    """A link with these rules; what is still open at the end is cancelled."""
    journal, watch = journal or Journal(), Watch()
    connections = Connections(evolve(LinkRules(LINK), **rules), codec, journal, watch, lambda: NOW)
    async with trio.open_nursery() as nursery:
        yield Scene(connections, journal, watch, nursery)
        nursery.cancel_scope.cancel()


async def frames(host: trio.abc.ReceiveStream, count: int) -> bytes:
    """So many frames that the service says."""
    data = b""
    with trio.fail_after(10_000):
        while len(split(data)) < count:
            more = await host.receive_some()
            assert more, "it hung up"
            data += more
    return data


async def ask(host: trio.abc.Stream, *said: bytes) -> list[tuple[str, str, str]]:
    """Say this, and return the answers: MTI, STAN and DE39."""
    await host.send_all(b"".join(said))
    return wire.codes(await frames(host, len(said)))
