"""A speaker on a stage, in this process: the service's end of its line, and hosts on real sockets."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from attrs import define, field

from iso_alert.domain.card import Keyring
from iso_alert.iso.dialect import dialect
from iso_alert.iso.profile import read_profile
from iso_alert.service.line import Line
from iso_alert.service.link_rules import LinkRules
from iso_alert.service.metrics import Metrics
from iso_alert.service.speaker import Speaker
from iso_alert.service.words import Briefed, Briefing, Brought, Counted, Guest, Left, Recorded, Spoken
from iso_alert.store.bundle import Bundle
from tests.support import wire
from tests.support.bank import KEYRING, NOW

SOON = 10.0  # seconds; nothing here takes one, but the machine may be busy
LINK = "switch"


def spoken(name: str = LINK, files: tuple[Any, ...] = (), **changed: Any) -> Spoken:
    return Spoken(LinkRules(name), dialect(name, read_profile("iso87-ascii"), **changed), files)


def briefing(*links: Spoken, keyring: Keyring = KEYRING) -> Briefing:
    return Briefing(links or (spoken(),), keyring)


@define(eq=False)
class Scene:
    """What the service does and hears: it answers batches with `why`, unless it is to be silent."""

    speaker: Speaker
    line: Line
    over: trio.Event = field(factory=trio.Event)  # the speaker has ended
    metrics: Metrics = field(factory=Metrics)
    batches: list[Bundle] = field(factory=list)
    left: list[str] = field(factory=list)
    hosts: list[socket.socket] = field(factory=list)  # hung up at the end
    briefed: int = 0
    why: str | None = None
    silent: bool = False

    async def listen(self) -> None:
        while words := await self.line.hear():
            for word in words:
                if isinstance(word, (Brought, Counted)):
                    self.metrics.told(word.counts)
                if isinstance(word, Brought):
                    self.batches.append(Bundle(word.size, word.sealed))
                    if not self.silent:
                        self.line.post(Recorded(word.number, self.why))
                if isinstance(word, Left):
                    self.left.append(word.link)
                if isinstance(word, Briefed):
                    self.briefed += 1

    def visit(self, link: str = LINK) -> trio.SocketStream:
        """A host's end of a connection that the speaker is handed."""
        ours, theirs = socket.socketpair()
        self.line.post(Guest(link, "192.0.2.1"), ours)
        self.hosts.append(theirs)
        return trio.SocketStream(_like_tcp(theirs))

    def count(self, name: str, /, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"iso_alert_{name}", labels) or 0.0

    async def until(self, true: Any) -> None:
        with trio.fail_after(SOON):
            while not true():
                await trio.sleep(0.005)


def _like_tcp(end: socket.socket) -> trio.socket.SocketType:
    end.setblocking(False)
    return trio.socket.from_stdlib_socket(end)  # closing the one closes the other


async def ask(host: trio.abc.Stream, *frames: bytes) -> list[tuple[str, str, str]]:
    """Say something, and return what comes in one read."""
    await host.send_all(b"".join(frames))
    with trio.fail_after(SOON):
        return wire.codes(bytes(await host.receive_some()))


@asynccontextmanager
async def stage(told: Briefing | None = None) -> AsyncIterator[Scene]:
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
    speaker = Speaker(Line(theirs), clock=lambda: NOW)
    speaker.begin(told or briefing())
    scene = Scene(speaker, Line(ours))

    async def run() -> None:
        await speaker.run()
        scene.over.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        nursery.start_soon(scene.line.send)
        nursery.start_soon(scene.listen)
        yield scene
        nursery.cancel_scope.cancel()
    for host in scene.hosts:
        host.close()
    scene.line.close()
    speaker.line.close()
