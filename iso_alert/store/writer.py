"""The writer: a process of its own that has the store, and does one verb after the other for the service.

Deciding and writing a batch takes as long as reading its messages does, and Python does one thing at a time: in two
processes both are done at once.  It is started by `service.writer`, and ends when its lines end, that is, with the
service, however that came to an end.

Of its two lines one is for what is urgent: whatever came there is done before the batches that wait on the other.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from select import select
from socket import MSG_WAITALL, socket
from traceback import format_tb
from typing import Any

from attrs import define

from iso_alert.apart import stand_apart
from iso_alert.domain.decision import Rulebook
from iso_alert.garbage import spare_what_stays
from iso_alert.store.engine import spare_what_nobody_asks
from iso_alert.store.parcels import HEAD, Book, Errand, unwrap, wrap
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite


@define(eq=False)
class Writer:
    """Does the errands of one line, in the order in which they come."""

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


def serve(store: Sqlite, lines: Sequence[socket]) -> None:
    """Do errands until all lines have ended, those of the first line first."""
    writers = {line: Writer(store) for line in lines}
    while writers:
        ready, _, _ = select(writers, (), ())
        line = next(line for line in writers if line in ready)
        if errand := _next_of(line):
            line.sendall(_parcel(writers[line].do(errand)))
        else:
            del writers[line]


def _next_of(line: socket) -> Errand | None:
    """None when the line has ended, be it in the middle of an errand."""
    head = _exactly(line, HEAD.size)
    size = HEAD.unpack(head)[0] if len(head) == HEAD.size else 0
    parcel = _exactly(line, size)
    errand: Errand | None = unwrap(parcel) if size and len(parcel) == size else None
    return errand


def _exactly(line: socket, size: int) -> bytes:
    """So many bytes, fewer when the line has ended.  Where the process was stopped meanwhile they come in pieces."""
    got = line.recv(size, MSG_WAITALL)
    while len(got) < size and (more := line.recv(size - len(got), MSG_WAITALL)):
        got += more
    return got


def _parcel(answer: tuple[bool, Any]) -> bytes:
    """The answer, or that it cannot be told: a bug of ours, which must not end the writer."""
    try:
        return wrap(answer)
    except Exception as bug:
        return wrap((False, RuntimeError(f"{type(answer[1]).__name__} cannot be sent: {type(bug).__name__}")))


def main(path: str, urgent: str, other: str) -> None:
    """The process.  It is told the descriptors of its two lines; its first word on the second is how opening went."""
    stand_apart("writer")
    spare_what_nobody_asks()
    with socket(fileno=int(urgent)) as first, socket(fileno=int(other)) as line:
        try:
            store = Sqlite(Path(path), alone=True)
        except StoreUnavailable as fault:
            line.sendall(wrap((False, fault)))
            return
        spare_what_stays()
        try:
            line.sendall(wrap((True, None)))
            serve(store, (first, line))
        except (BrokenPipeError, ConnectionResetError):
            pass  # nobody waits for the answer: what was committed is found by whoever asks again
        finally:
            store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
