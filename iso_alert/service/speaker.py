"""A speaker: a process of its own that carries connections which the service has let in, beside others that do.

Reading and answering messages is what one core is busy with; in several processes it is done on several.  The service
listens, admits, counts and records.  A speaker is started by `service.speakers`, is told how to speak, and ends when
its line ends, that is, with the service, however that came to an end.
"""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from socket import socket
from typing import Any

import structlog
import trio
from attrs import define, field

from iso_alert.apart import stand_apart
from iso_alert.domain.card import Keyring
from iso_alert.garbage import spare_what_stays
from iso_alert.iso.codec import Codec
from iso_alert.service.by_line import ByLine
from iso_alert.service.connections import Connections
from iso_alert.service.line import Line
from iso_alert.service.link_rules import Record
from iso_alert.service.logs import set_up_logs
from iso_alert.service.plain import Plain
from iso_alert.service.tls import Tls, listening
from iso_alert.service.told import Told
from iso_alert.service.words import Briefed, Briefing, Counted, Guest, Leave, Left, Recorded, Spoken, Tell
from iso_alert.store.parcels import HEAD, unwrap, wrap

TELL_EVERY = 0.25  # seconds between looks for what was counted, while no batch takes it along
log = structlog.get_logger()


@define(eq=False)
class _Link:
    connections: Connections
    tls: Tls | None


@define(eq=False)
class Speaker:
    """Deals with what the service says.  `journal` may stand in for the service's."""

    line: Line
    journal: Record | None = None
    clock: Callable[[], float] = time.time
    told: Told = field(factory=Told, init=False)
    _by_line: ByLine = field(init=False)
    _links: dict[str, _Link] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._by_line = ByLine(self.line, self.told)

    def begin(self, briefing: Briefing) -> None:
        """Learn how to speak.  Raises OSError, ValueError for files that are not what they were a moment ago."""
        for spoken in briefing.links:
            self._links[spoken.rules.name] = self._link(spoken, briefing.keyring)

    def _link(self, spoken: Spoken, keyring: Keyring) -> _Link:
        codec, journal = Codec(spoken.dialect, keyring), self.journal or self._by_line
        return _Link(Connections(spoken.rules, codec, journal, self.told, self.clock), _tls(spoken))

    async def run(self) -> None:
        """Carry whoever is handed over, until the line ends; then nobody is answered any more."""
        async with trio.open_nursery() as guests:
            guests.start_soon(self.line.send)
            guests.start_soon(self._tell_often)
            deal: Mapping[type, Callable[[Any], None]] = {
                Recorded: self._by_line.hear,
                Guest: lambda guest: guests.start_soon(self._carry, self._stream(), guest),
                Leave: self._leave,
                Tell: lambda _: self.line.post(Counted(self.told.take(), asked=True)),
                Briefing: lambda briefing: guests.start_soon(self._renew, briefing),
            }
            while words := await self.line.hear():
                for word in words:
                    deal[type(word)](word)
            guests.cancel_scope.cancel()

    def _stream(self) -> Plain | None:
        if (end := self.line.passed()) is None:
            return None
        end.setblocking(False)
        return Plain(end)

    async def _carry(self, stream: Plain | None, guest: Guest) -> None:
        link = self._links[guest.link]
        try:
            if stream is None:
                log.error("no room for a connection", link=guest.link, why="Too many open files")
                self.told.hung_up(guest.link, "no room")
            else:
                await link.connections.welcome(stream, guest.peer, link.tls)
        finally:
            self._tell()  # before it has left, for that may be what somebody waits for
            self.line.post(Left(guest.link))

    def _leave(self, leave: Leave) -> None:
        self._links[leave.link].connections.close()

    async def _renew(self, briefing: Briefing) -> None:
        """The service has judged it; only the files of TLS may have changed again since then."""
        self._follow(briefing)
        await self._by_line.caught_up()
        self.line.post(Briefed())

    def _follow(self, briefing: Briefing) -> None:
        for spoken in briefing.links:
            link = self._links[spoken.rules.name]
            link.connections.renew(spoken.rules, Codec(spoken.dialect, briefing.keyring), None)
            try:
                link.tls = _tls(spoken)
            except (OSError, ValueError) as fault:
                log.error("certificates kept as they were", link=spoken.rules.name, why=str(fault))

    def _tell(self) -> None:
        if self.told:
            self.line.post(Counted(self.told.take()))

    async def _tell_often(self) -> None:
        while True:
            await trio.sleep(TELL_EVERY)
            self._tell()


def _tls(spoken: Spoken) -> Tls | None:
    certificate, *others = spoken.listens_with or (None,)
    return listening(certificate, *others) if certificate else None


def speak(end: socket, journal: Record | None = None) -> None:
    """Be a speaker at this end of a line, until it ends.  Our first word is how beginning went."""
    with end, end.makefile("rb", buffering=0) as words:
        briefing = unwrap(_exactly(words, HEAD.unpack(_exactly(words, HEAD.size))[0]))
        speaker = Speaker(Line(end), journal)
        try:
            speaker.begin(briefing)
        except (OSError, ValueError) as fault:
            end.sendall(wrap((False, fault)))
            return
        spare_what_stays()
        end.sendall(wrap((True, None)))
        end.setblocking(False)
        trio.run(speaker.run)


def _exactly(words: Any, size: int) -> bytes:
    """So many bytes and none of the next word.  Raises EOFError when the service has gone."""
    data = bytearray()
    while len(data) < size:
        if not (more := words.read(size - len(data))):
            raise EOFError
        data += more
    return bytes(data)


def main(number: str, level: str, journal: Record | None = None) -> None:
    """The process.  `number` is the file descriptor of its end of the line."""
    stand_apart("speaker")
    set_up_logs(level)
    with suppress(EOFError, BrokenPipeError):  # the service ended while we began
        speak(socket(fileno=int(number)), journal)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
