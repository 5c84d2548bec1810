"""The writer: a process of its own that has the store, and does one verb after the other for the service.

Deciding and writing a batch takes as long as reading its messages does, and Python does one thing at a time: in two
processes both are done at once.  It is started by `service.writer`, and ends when its line ends, that is, with the
service, however that came to an end.
"""

import sys
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from socket import socket
from traceback import format_tb
from typing import Any

from attrs import define

from iso_alert.apart import stand_apart
from iso_alert.domain.decision import Rulebook
from iso_alert.garbage import spare_what_stays
from iso_alert.store.engine import count_no_memory
from iso_alert.store.parcels import HEAD, Book, Errand, unwrap, wrap
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite


@define(eq=False)
class Writer:
    """Does errands in the order in which they come."""

    store: Sqlite
    _book: Rulebook | None = None

    def do(self, errand: Errand) -> tuple[bool, Any]:
        """Whether it went well, and the answer or the error."""
        self._book = errand.book or self._book
        args = [self._book if isinstance(arg, Book) else arg for arg in errand.args]
        named: Mapping[str, Any] = errand.named or {}
        try:
            verb: Any = reduce(getattr, errand.path, self.store)
            return True, verb(*args, **named)
        except Exception as fault:
            fault.add_note("in the writer:\n" + "".join(format_tb(fault.__traceback__)))
            return False, fault


def serve(store: Sqlite, line: socket) -> None:
    """Do errands until the line ends."""
    writer = Writer(store)
    with line.makefile("rb") as errands:
        while len(head := errands.read(HEAD.size)) == HEAD.size:
            errand = unwrap(errands.read(HEAD.unpack(head)[0]))
            line.sendall(_parcel(writer.do(errand)))


def _parcel(answer: tuple[bool, Any]) -> bytes:
    """The answer, or that it cannot be told: a bug of ours, which must not end the writer."""
    try:
        return wrap(answer)
    except Exception as bug:
        return wrap((False, RuntimeError(f"{type(answer[1]).__name__} cannot be sent: {type(bug).__name__}")))


def main(path: str, number: str) -> None:
    """The process.  `number` is the file descriptor of the line, whose first word from us is how opening went."""
    stand_apart("writer")
    count_no_memory()
    with socket(fileno=int(number)) as line:
        try:
            store = Sqlite(Path(path), alone=True)
        except StoreUnavailable as fault:
            line.sendall(wrap((False, fault)))
            return
        spare_what_stays()
        try:
            line.sendall(wrap((True, None)))
            serve(store, line)
        except (BrokenPipeError, ConnectionResetError):
            pass  # nobody waits for the answer: what was committed is found by whoever asks again
        finally:
            store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
