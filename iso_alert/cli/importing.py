"""Import one of the bank's files: good lines are kept, bad ones reported and set aside, twice is as once.

A file is read line by line and never as a whole: no field of ours holds a line break, so a quote that was left open
spoils its own line and not the millions behind it.
"""

import csv
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

import click
from attrs import define, field, frozen

from iso_alert.cli.common import FAILED
from iso_alert.cli.people import me
from iso_alert.cli.rejects import Rejects
from iso_alert.iso.message import mask
from iso_alert.store.files import Filed
from iso_alert.store.people import Entry
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite

LINES = 250  # to a commit: it holds the lock for some milliseconds, and a running service waits no longer
LONGEST = 8192  # bytes of a line
PATIENCE = 60  # times that a busy store is asked again, each after the second that SQLite waits by itself
T = TypeVar("T")
Row = Mapping[str, str]


class BadLine(ValueError):
    """A line that cannot be used.  The text says why, and shows neither a card number nor a mobile number."""


@frozen
class Form(Generic[T]):
    """One kind of file: its columns, how a line is understood, and what is done with a batch of them."""

    name: str  # stands in the audit trail
    columns: Sequence[str]
    optional: Sequence[str]
    understand: Callable[[Row], T]
    write: Callable[[Sequence[T]], Filed]


@define
class Tally:
    """What became of the lines so far."""

    good: int = 0
    changed: int = 0
    bad: int = 0


def import_file(file: str, form: Form[T], store: Sqlite, rejects: str | None = None) -> None:
    """Run an import to its end and leave with 0, or with 1 if any line was bad.  It leaves a row in the audit trail."""
    tally = Tally()
    try:
        with ExitStack() as stack:
            source = stack.enter_context(_open(file))
            stack.enter_context(store.files.in_bulk())
            batch = Batch(form, stack.enter_context(Rejects.opened(file, rejects)), tally)
            advance = stack.enter_context(_progress(file))
            lines = Lines(source)
            for number, row in _rows(file, lines, batch):
                batch.take(number, row)
                if number % LINES == 0:
                    advance(lines.read)
            batch.flush()
        _remember(form.name, file, store, lines, tally)
    except (OSError, StoreUnavailable) as fault:
        raise click.ClickException(f"{file}: {fault}; {tally.good} lines were kept") from None
    click.echo(f"{tally.good} good lines, {tally.changed} of them new or changed, {tally.bad} bad", err=True)
    if tally.bad:
        sys.exit(FAILED)


def _remember(name: str, file: str, store: Sqlite, lines: "Lines", tally: Tally) -> None:
    """Which file it was can be proven by its digest."""
    said = f'{{"sha256": "{lines.digest.hexdigest()}", "good": {tally.good}, "changed": {tally.changed}}}'
    entry = Entry(me(), f"import_{name}", "00", reason="-" if file == "-" else mask(Path(file).name), after=said)
    _patiently(lambda: store.people.append_audit(entry, time.time()))


@define
class Batch(Generic[T]):
    """Lines on their way to the store."""

    form: Form[T]
    rejects: Rejects
    tally: Tally
    names: Sequence[str] = ()
    _lines: list[tuple[int, str]] = field(factory=list)
    _values: list[T] = field(factory=list)

    def take(self, number: int, line: str) -> None:
        try:
            value = self.form.understand(self._row(line))
        except ValueError as why:
            self.refuse(number, line, str(why))
            return
        self._lines.append((number, line))
        self._values.append(value)
        if len(self._values) >= LINES:
            self.flush()

    def _row(self, line: str) -> Row:
        fields = split(line)
        if len(fields) != len(self.names):
            raise BadLine(f"has {len(fields)} fields, and the first line {len(self.names)}")
        return dict(zip(self.names, fields, strict=True))

    def flush(self) -> None:
        if not self._values:
            return
        filed = _patiently(lambda: self.form.write(self._values))
        for at, why in sorted(filed.refused.items()):
            self.refuse(*self._lines[at], why)
        self.tally.good += len(self._values) - len(filed.refused)
        self.tally.changed += filed.changed
        self._lines.clear()
        self._values.clear()

    def refuse(self, number: int, line: str, why: str) -> None:
        self.tally.bad += 1
        self.rejects.add(number, line, why)


def split(line: str) -> list[str]:
    """The fields of a line.  Raises BadLine."""
    if '"' not in line:
        return [field.strip() for field in line.split(",")]
    try:
        return [field.strip() for field in next(csv.reader([line], strict=True))]
    except csv.Error:
        raise BadLine("its quotes do not match") from None


@define
class Lines:
    """The lines of a file, with how much of it was read."""

    source: IO[bytes]
    read: int = 0
    digest: Any = field(factory=sha256)  # hashlib has no name for what it makes

    def __iter__(self) -> Iterator[bytes]:
        """Each without its end; of one that is too long, its beginning and one byte more than is allowed."""
        while line := self.source.readline(LONGEST + 1):
            self._count(line)
            rest = line
            while len(rest) > LONGEST and not rest.endswith(b"\n"):
                rest = self.source.readline(LONGEST + 1)
                self._count(rest)
            yield line.rstrip(b"\r\n")

    def _count(self, data: bytes) -> None:
        self.read += len(data)
        self.digest.update(data)


def _rows(file: str, lines: Lines, batch: Batch[T]) -> Iterator[tuple[int, str]]:
    """Numbered lines that are text.  The first names the columns."""
    for number, raw in enumerate(lines, 1):
        if number == 1:
            batch.names = _names(file, raw, batch.form)
        elif len(raw) > LONGEST:
            batch.refuse(number, "", f"is longer than {LONGEST} bytes")
        elif raw.strip():
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                batch.refuse(number, raw.decode("ascii", "replace"), "is not UTF-8")
                continue
            yield number, text
    if not batch.names:
        raise click.ClickException(f"{file}: is empty")


def _names(file: str, raw: bytes, form: Form[T]) -> Sequence[str]:
    try:
        names = split(raw.removeprefix(b"\xef\xbb\xbf").decode())
    except ValueError:
        names = []
    if missing := set(form.columns) - set(names):
        raise click.ClickException(f"{file}: the first line does not name {', '.join(sorted(missing))}")
    return names


def _patiently(verb: Callable[[], T]) -> T:
    """A running service has the store to itself for a while: when it migrates, or under a flood."""
    for _ in range(PATIENCE):
        try:
            return verb()
        except StoreUnavailable as fault:
            if "locked" not in str(fault):
                raise
    return verb()


@contextmanager
def _open(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as source:
        yield source


@contextmanager
def _progress(file: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if file == "-" or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bars:
        bar = bars.add_task(Path(file).name, total=Path(file).stat().st_size)
        yield lambda read: bars.update(bar, completed=read)
