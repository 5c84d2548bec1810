"""The store in a process of its own, as the desk sees it: its verbs, and two ways to have them done."""

import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import socket, socketpair
from typing import Any, TypeVar, cast

import trio
from attrs import define, evolve, field, frozen

from iso_alert.domain.decision import Rulebook
from iso_alert.service.desk import Answer, Begin, Verb
from iso_alert.store.parcels import HEAD, Book, Errand, unwrap, wrap
from iso_alert.store.port import Store, StoreUnavailable

T = TypeVar("T")
READ = 65_536  # bytes: a block of this size is asked of the allocator for every answer, however short
AHEAD = 4  # verbs of a line that the writer has at most: with two it waits for the next one now and then
FAREWELL = 10.0  # seconds until a writer that does not end is killed


class WriterEnded(Exception):
    """The process that has the store has ended.  What was answered is in the store; start again."""


@frozen
class Away:
    """The way to a verb of a store that is elsewhere: `store.people.execute` as the names that lead there."""

    _path: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> "Away":
        if name.startswith("__"):
            raise AttributeError(name)
        return Away((*self._path, name))

    def __call__(self) -> None:
        raise TypeError("the writer does this: ask it at the desk")


@define(eq=False)
class Line:
    """A way to the writer: verbs go there, and their answers come back in the same order."""

    _socket: socket
    _path: Path
    _book: Rulebook | None = field(default=None, init=False)
    _room: trio.Semaphore = field(factory=partial(trio.Semaphore, AHEAD), init=False)
    _last: trio.Event = field(factory=trio.Event, init=False)  # set when all answers that are due were heard
    _heard: bytearray = field(factory=bytearray, init=False)  # what came of the next answer already

    def __attrs_post_init__(self) -> None:
        self._last.set()

    async def begin(self, verb: Verb[T], /) -> Answer[T]:
        """Send a verb; what this returns waits for the answer, and must be called.

        That raises what the verb raises, StoreUnavailable when the writer is gone; cancelled, it waits all the same.
        """
        if self._room.value:
            self._room.acquire_nowait()  # asking politely would be a turn of the event loop, for every batch
        else:
            await self._room.acquire()
        try:
            parcel = wrap(self._errand(verb))
        except BaseException:
            self._room.release()  # a verb that cannot be sent, which is our own fault, stops no other
            raise
        before, mine = self._last, trio.Event()
        self._last = mine
        with trio.CancelScope(shield=True), suppress(OSError, trio.ClosedResourceError):
            await self._send(parcel)  # if it does not go, who listens for the answer will say so
        return partial(self._answer, before, mine)

    async def _answer(self, before: trio.Event, mine: trio.Event) -> Any:
        """Answers come in the order of the verbs."""
        try:
            with trio.CancelScope(shield=True):
                if not before.is_set():
                    await before.wait()
                good, answer = unwrap(await self._hear())
        except (OSError, trio.ClosedResourceError, EOFError):
            raise StoreUnavailable(f"{self._path}: its writer has ended") from None
        finally:
            mine.set()
            self._room.release()
        if not good:
            raise answer
        return answer

    def _errand(self, verb: Any) -> Errand:
        args: tuple[Any, ...] = ()
        named = None
        if isinstance(verb, partial):
            verb, args, named = verb.func, verb.args, verb.keywords
        book = next((arg for arg in args if isinstance(arg, Rulebook)), None)
        errand = Errand(verb._path, tuple(Book() if arg is book is not None else arg for arg in args), named)
        if book is None or book is self._book:
            return errand
        self._book = book
        return evolve(errand, book=book)

    async def _send(self, parcel: bytes) -> None:
        rest = memoryview(parcel)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._socket)

    async def _hear(self) -> bytes:
        heard = self._heard
        while len(heard) < HEAD.size or len(heard) < HEAD.size + HEAD.unpack_from(heard)[0]:
            await trio.lowlevel.wait_readable(self._socket)
            if not (more := self._socket.recv(READ)):
                raise EOFError
            heard += more
        end = HEAD.size + HEAD.unpack_from(heard)[0]
        parcel = bytes(heard[HEAD.size : end])
        del heard[:end]
        return parcel

    def close(self) -> None:
        self._socket.close()


@define(eq=False)
class Writer:
    """The writer's process.  Start it before the event loop; within it, begin verbs on one of its two lines."""

    path: Path
    holds: int  # a file descriptor that stays open for as long as the writer lives: the hold on the store
    _process: subprocess.Popen[bytes] = field(init=False)
    _urgent: Line = field(init=False)
    _line: Line = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start it and wait until it has opened the store.  Raises StoreUnavailable, WriterEnded."""
        (urgent, first), (ours, second) = socketpair(), socketpair()
        self._urgent, self._line = Line(urgent, self.path), Line(ours, self.path)
        with first, second:
            theirs = first.fileno(), second.fileno()
            command = [sys.executable, "-P", "-m", "iso_alert.store.writer", str(self.path), *map(str, theirs)]
            self._process = subprocess.Popen(command, pass_fds=(*theirs, self.holds))
        try:
            first_word(ours, WriterEnded())
        except BaseException:
            self.close()
            raise
        for each in (urgent, ours):
            each.setblocking(False)

    @property
    def store(self) -> Store:
        """Its verbs, to be handed to `begin`."""
        return cast("Store", Away())

    @property
    def begin(self) -> Begin:
        return self._line.begin

    @property
    def begin_urgent(self) -> Begin:
        return self._urgent.begin

    async def ended(self) -> None:
        """Return when its process has ended, which it should not before `close`."""
        await trio.to_thread.run_sync(self._process.wait, abandon_on_cancel=True)

    def close(self) -> None:
        """End its lines, and wait until the writer has closed the store."""
        self._urgent.close()
        self._line.close()
        try:
            self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def first_word(line: socket, ended: Exception) -> None:
    """What a process says first is how beginning went.  Raises what went wrong, `ended` when it said nothing."""
    with line.makefile("rb") as words:
        head = words.read(HEAD.size)
        parcel = words.read(HEAD.unpack(head)[0]) if len(head) == HEAD.size else b""
    good, fault = unwrap(parcel) if parcel else (False, ended)
    if not good:
        raise fault
