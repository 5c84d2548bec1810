"""Import a CSV file: good lines are kept, bad ones reported with number and reason, twice is as once."""

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

import click

from iso_alert.cli.common import FAILED
from iso_alert.store.port import StoreUnavailable

LINES = 500  # to a commit: short, so that a running service waits for milliseconds only
T = TypeVar("T")


class BadLine(ValueError):
    """A line that cannot be used.  The text says why, and shows neither a card number nor a mobile number."""


def import_csv(
    file: str,
    columns: Sequence[str],
    understand: Callable[[dict[str, str]], T],
    write: Callable[[list[tuple[int, T]]], tuple[int, list[tuple[int, str]]]],
) -> None:
    """Run an import to its end and leave with 0, or with 1 if any line was bad.

    `write` gets numbered values and returns how many changed something, and the lines that the store refused.
    """
    good = changed = bad = 0
    batch: list[tuple[int, T]] = []

    def flush() -> None:
        nonlocal good, changed, bad
        these, refused = write(batch)
        for number, why in refused:
            tell(number, why)
        good, changed, bad = good + len(batch) - len(refused), changed + these, bad + len(refused)
        batch.clear()

    def tell(number: int, why: str) -> None:
        click.echo(f"{file}: line {number}: {why}", err=True)

    try:
        with _open(file) as source, _progress(file, source) as advance:
            for number, row in _rows(file, source, columns):
                try:
                    batch.append((number, understand(row)))
                except ValueError as why:
                    bad += 1
                    tell(number, str(why))
                if len(batch) >= LINES:
                    flush()
                advance()
            flush()
    except (OSError, UnicodeDecodeError, csv.Error, StoreUnavailable) as fault:
        raise click.ClickException(f"{file}: {fault}; {good} lines were kept") from None
    click.echo(f"{good} good lines, {changed} of them new or changed, {bad} bad", err=True)
    if bad:
        sys.exit(FAILED)


@contextmanager
def _open(file: str) -> Iterator[TextIO]:
    if file == "-":
        yield sys.stdin
        return
    with Path(file).open(encoding="utf-8-sig", newline="") as source:
        yield source


def _rows(file: str, source: TextIO, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(source, strict=True)
    if missing := set(columns) - set(reader.fieldnames or ()):
        raise click.ClickException(f"{file}: the first line does not name {', '.join(sorted(missing))}")
    for row in reader:
        yield reader.line_num, {name: (row[name] or "").strip() for name in columns}


@contextmanager
def _progress(file: str, source: TextIO) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if file == "-" or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bars:
        bar = bars.add_task(Path(file).name, total=Path(file).stat().st_size)
        count = 0

        def advance() -> None:
            nonlocal count
            count += 1
            if count % LINES == 0:
                bars.update(bar, completed=source.buffer.tell())

        yield advance
