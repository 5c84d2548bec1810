"""The speakers, as the service has them: processes to which it hands connections, and which hand it batches to record.

A connection goes to the speaker that has the fewest.  What a speaker counts is told here, so that there is one place
that knows; and when one ends, its connections are gone, and so is the service: who would wait for their answers?
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from socket import socket, socketpair
from typing import Any, NoReturn, Protocol

import structlog
import trio
from attrs import define, field

from iso_alert.service.line import Line
from iso_alert.service.link_rules import Record
from iso_alert.service.plain import Plain
from iso_alert.service.told import Counts
from iso_alert.service.words import Briefed, Briefing, Brought, Counted, Guest, Leave, Left, Recorded, Tell
from iso_alert.service.writer import FAREWELL, first_word
from iso_alert.store.bundle import Bundle
from iso_alert.store.parcels import wrap
from iso_alert.store.port import StoreUnavailable

log = structlog.get_logger()
MODULE = "iso_alert.service.speaker"


class SpeakerEnded(Exception):
    """A process that carries connections has ended.  What was answered is in the store; start again."""


class Ears(Protocol):
    """Who publishes what speakers count."""

    def told(self, counts: Counts) -> None: ...


@define(eq=False)
class Speaker:
    """One of them, and how many connections it has: handed over, and up as far as it has told."""

    name: str
    line: Line
    process: subprocess.Popen[bytes]
    guests: int = 0
    briefed: int = 0  # times
    told: int = 0  # times that it was asked what it has counted, and said so
    up: Counter[str] = field(factory=Counter)  # by link

    def heard(self, counts: Counts) -> None:
        self.up.update({words[1]: change for words, change in counts.items() if words[0] == "connected"})

    def losses(self) -> Counts:
        """What must be counted when it has ended."""
        gone = {link: many for link, many in self.up.items() if many}
        return {("connected", link): -many for link, many in gone.items()} | {
            ("hung_up", link, "speaker ended"): many for link, many in gone.items()
        }


class Speakers:
    """All of them.  Started before the event loop; `run` within it, and `close` at the end."""

    def __init__(self, number: int, briefing: Briefing, level: str = "info", module: str = MODULE) -> None:
        """Raises SpeakerEnded when one does not begin."""
        self.left: dict[str, Callable[[], None]] = {}  # by link: who hears that a guest has gone
        self._each: list[Speaker] = []
        self._news = trio.lowlevel.ParkingLot()
        try:
            ends = [self._start(f"speaker {n + 1}", module, level) for n in range(number)]
            for speaker, end in zip(self._each, ends, strict=True):  # they have begun to begin side by side
                _begin(speaker.name, end, briefing)
        except BaseException:
            self.close()
            raise

    def _start(self, name: str, module: str, level: str) -> socket:
        ours, theirs = socketpair()
        with theirs:
            command = [sys.executable, "-P", "-m", module, str(theirs.fileno()), level]
            process = subprocess.Popen(command, pass_fds=(theirs.fileno(),))
        self._each.append(Speaker(name, Line(ours), process))
        return ours

    def __len__(self) -> int:
        return len(self._each)

    def statuses(self) -> Sequence[Mapping[str, Any]]:
        """For people: which processes these are, and how many connections each has."""
        return [{"pid": one.process.pid, "connections": one.guests} for one in self._each]

    def hand(self, stream: Plain, link: str, peer: str) -> None:
        """A connection that was let in is a speaker's from now on."""
        one = min(self._each, key=attrgetter("guests"))
        one.guests += 1
        one.line.post(Guest(link, peer), stream.socket)

    def leave(self, link: str) -> None:
        """Let its connections answer what is in hand, and hang up; of each `left` will hear."""
        self._post(Leave(link))

    async def renew(self, briefing: Briefing) -> None:
        """Have all of them speak so.  On return nobody reads messages otherwise any more, and what was read is here."""
        await self._ask(briefing, attrgetter("briefed"))
        await trio.lowlevel.checkpoint()  # what came together with the last word is on its way to the journal

    async def tell(self) -> None:
        """Have all of them say what they have counted; what was answered before is counted on return."""
        await self._ask(Tell(), attrgetter("told"))

    async def _ask(self, word: object, times: Callable[[Speaker], int]) -> None:
        """Post it, and wait until each has said once more that it was heard."""
        before = [times(one) for one in self._each]
        self._post(word)
        while any(times(one) == heard for one, heard in zip(self._each, before, strict=True)):
            await self._news.park()

    def _post(self, word: object) -> None:
        for one in self._each:
            one.line.post(word)

    async def run(self, journal: Record, ears: Ears) -> None:
        """Record what they bring.  Lives until cancelled; raises SpeakerEnded."""
        async with trio.open_nursery() as batches:
            for one in self._each:
                batches.start_soon(one.line.send)
                batches.start_soon(self._listen, one, journal, ears, batches)

    async def _listen(self, one: Speaker, journal: Record, ears: Ears, batches: trio.Nursery) -> NoReturn:
        def brought(word: Brought) -> None:
            self._count(one, ears, word.counts)
            batches.start_soon(_record, one.line, word, journal)

        def counted(word: Counted) -> None:
            self._count(one, ears, word.counts)
            one.told += word.asked
            self._news.unpark_all()

        deal: Mapping[type, Callable[[Any], None]] = {
            Brought: brought,
            Counted: counted,
            Briefed: lambda _: self._briefed(one),
            Left: lambda left: self._left(one, left.link),
        }
        while words := await one.line.hear():
            for word in words:
                deal[type(word)](word)
        ears.told(one.losses())
        raise SpeakerEnded(one.name)

    def _count(self, one: Speaker, ears: Ears, counts: Counts) -> None:
        one.heard(counts)
        ears.told(counts)

    def _briefed(self, one: Speaker) -> None:
        one.briefed += 1
        self._news.unpark_all()

    def _left(self, one: Speaker, link: str) -> None:
        one.guests -= 1
        self.left[link]()

    def close(self) -> None:
        """End the lines, and wait until they have ended."""
        for one in self._each:
            one.line.close()
        _bury(one.process for one in self._each)


def _begin(name: str, end: socket, briefing: Briefing) -> None:
    try:
        end.sendall(wrap(briefing))
        first_word(end, SpeakerEnded(name))
        end.setblocking(False)
    except (BrokenPipeError, ConnectionResetError):
        raise SpeakerEnded(name) from None
    except (OSError, ValueError) as fault:  # files that were good a moment ago
        log.error("a speaker cannot begin", speaker=name, why=str(fault))
        raise SpeakerEnded(name) from None


async def _record(line: Line, brought: Brought, journal: Record) -> None:
    try:
        await journal.record(Bundle(brought.size, brought.sealed))
    except StoreUnavailable as fault:
        line.post(Recorded(brought.number, str(fault)))
    else:
        line.post(Recorded(brought.number))


def _bury(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        try:
            process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
