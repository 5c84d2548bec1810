"""The open connections of one link: what they share, who is still shaking hands, and how all of them end.

`renew` changes what a link is like while its connections stay: what they speak, their rate and which keys they know at
once, between two batches; window, time-outs and the rest for those that come later.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import trio
from attrs import define, field

from iso_alert.iso.codec import Codec
from iso_alert.service.enrolment import Enrolment
from iso_alert.service.link import Connection
from iso_alert.service.link_rules import LinkRules, Record, Watch
from iso_alert.service.plain import Plain
from iso_alert.service.tls import HandshakeFailed, Tls, facts, secure, take_apart
from iso_alert.smpp.pace import Bucket

log = structlog.get_logger()


@define(eq=False)
class Connections:
    """All of one link."""

    rules: LinkRules
    codec: Codec
    journal: Record
    watch: Watch
    clock: Callable[[], float]
    enrolment: Enrolment | None = None
    closed: bool = field(default=False, init=False)
    _open: set[Connection] = field(factory=set, init=False)
    _arriving: set[trio.CancelScope] = field(factory=set, init=False)
    _pace: Bucket = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._pace = _pace(self.rules)

    @property
    def name(self) -> str:
        return self.rules.name

    def __len__(self) -> int:
        return len(self._open) + len(self._arriving)

    def close(self) -> None:
        """Let nobody in any more; those inside are answered what is in hand, and leave."""
        self.closed = True
        for scope in self._arriving:
            scope.cancel()
        for connection in self._open:
            connection.close()

    async def emptied(self) -> None:
        """Return when nobody is inside: whose task each connection is waits for that."""

    def renew(self, rules: LinkRules, codec: Codec, enrolment: Enrolment | None) -> None:
        """See the module's head.  The codec's framing must be the same."""
        if rules.rate != self.rules.rate:
            self._pace = _pace(rules)
        self.rules, self.codec, self.enrolment = rules, codec, enrolment
        for connection in self._open:
            connection.renew(codec)
            connection.enrolment, connection.pace = enrolment, self._pace

    def welcome(self, stream: Plain, peer: str, tls: Tls | None) -> Coroutine[Any, Any, None]:
        """Carry whoever has come, under TLS if that is wanted."""
        return self._secure(stream, peer, tls) if tls else self.carry(stream, peer)

    async def _secure(self, stream: Plain, peer: str, tls: Tls) -> None:
        """Carry it once it has TLS on it; if that fails, it is over."""
        clothed: trio.SSLStream[Any] = trio.SSLStream(stream, tls.context, server_side=True)
        try:
            if await self._shake_hands(clothed, peer):
                await self.carry(clothed, peer)
        finally:
            await trio.aclose_forcefully(stream)
            take_apart(clothed)

    async def _shake_hands(self, clothed: trio.SSLStream[Any], peer: str) -> bool:
        with self.arriving():
            try:
                await secure(clothed, self.shook_hands)
                return True
            except HandshakeFailed as failed:
                self.failed(failed, peer)
        return False

    async def carry(self, stream: trio.abc.Stream, peer: str) -> None:
        """Carry a connection that is up to its end."""
        connection = self._begin(stream, peer)
        try:
            await connection.run(stream, peer)
        finally:
            self._open.discard(connection)

    def _begin(self, stream: trio.abc.Stream, peer: str) -> Connection:
        if said := facts(stream):
            log.info("secured", link=self.name, peer=peer, **said)
        connection = Connection(
            self.rules, self.codec, self.journal, self.watch, self.clock, self.enrolment, self._pace
        )
        self._open.add(connection)
        if self.closed:  # accepted in the last moment, and begun after it
            connection.close()
        return connection

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Round what comes before a connection is up: it counts as one, and `close` breaks it off."""
        with trio.CancelScope() as scope:
            self._arriving.add(scope)
            if self.closed:
                scope.cancel()
            try:
                yield
            finally:
                self._arriving.discard(scope)

    def shook_hands(self, outcome: str) -> None:
        self.watch.shook_hands("link", self.name, outcome)

    def failed(self, failed: HandshakeFailed, peer: str) -> None:
        """Say why a host did not come in, or why we did not come in there."""
        log.warning("no TLS with this host", link=self.name, peer=peer, outcome=failed.outcome, why=failed.why)


def _pace(rules: LinkRules) -> Bucket:
    return Bucket(rules.rate) if rules.rate else Bucket()
