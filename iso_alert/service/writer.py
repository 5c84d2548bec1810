"""The store in a process of its own, as the desk sees it: its verbs, and a way to run them."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from socket import socket, socketpair
from typing import Any, TypeVar, cast

import trio
from attrs import define, evolve, field, frozen

from iso_alert.domain.decision import Rulebook
from iso_alert.service.desk import Verb
from iso_alert.store.parcels import HEAD, Book, Errand, unwrap, wrap
from iso_alert.store.port import Store, StoreUnavailable

T = TypeVar("T")
READ = 1 << 20  # bytes
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
class Writer:
    """The writer's process.  Start it before the event loop; `run` may be called within it, one verb at a time."""

    path: Path
    holds: int  # a file descriptor that stays open for as long as the writer lives: the hold on the store
    _process: subprocess.Popen[bytes] = field(init=False)
    _line: socket = field(init=False)
    _stream: trio.SocketStream | None = field(default=None, init=False)
    _book: Rulebook | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        """Start it and wait until it has opened the store.  Raises StoreUnavailable."""
        self._line, theirs = socketpair()
        with theirs:
            command = [sys.executable, "-m", "iso_alert.store.writer", str(self.path), str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=(theirs.fileno(), self.holds))
        try:
            _opened(self._line)
        except BaseException:
            self.close()
            raise

    @property
    def store(self) -> Store:
        """Its verbs, to be handed to `run`."""
        return cast("Store", Away())

    async def run(self, verb: Verb[T]) -> T:
        """Let the writer do a verb.  Raises what the verb raises; StoreUnavailable when the writer is gone.

        Cancelled, it waits for the answer all the same: the next verb must not get it.
        """
        errand = self._errand(verb)
        try:
            with trio.CancelScope(shield=True):
                good, answer = unwrap(await self._ask(wrap(errand)))
        except (trio.BrokenResourceError, trio.ClosedResourceError, EOFError):
            raise StoreUnavailable(f"{self.path}: its writer has ended") from None
        if not good:
            raise answer
        return cast("T", answer)

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

    async def _ask(self, parcel: bytes) -> memoryview:
        if self._stream is None:
            self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(self._line))
        await self._stream.send_all(parcel)
        heard = bytearray()
        while len(heard) < HEAD.size or len(heard) < HEAD.size + HEAD.unpack_from(heard)[0]:
            if not (more := await self._stream.receive_some(READ)):
                raise EOFError
            heard += more
        return memoryview(heard)[HEAD.size :]

    async def ended(self) -> None:
        """Return when its process has ended, which it should not before `close`."""
        await trio.to_thread.run_sync(self._process.wait, abandon_on_cancel=True)

    def close(self) -> None:
        """End the line, and wait until the writer has closed the store."""
        self._line.close()
        try:
            self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _opened(line: socket) -> None:
    """Its first word is how opening went.  Raises StoreUnavailable."""
    with line.makefile("rb") as words:
        head = words.read(HEAD.size)
        parcel = words.read(HEAD.unpack(head)[0]) if len(head) == HEAD.size else b""
    good, fault = unwrap(parcel) if parcel else (False, StoreUnavailable("the writer did not start"))
    if not good:
        raise fault
