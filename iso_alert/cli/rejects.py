"""Lines that could not be used: told on stderr, and set aside in a file with their reasons.

A reject file lies about for weeks, so no card number gets into it: of one the last four digits are left.  A line that
is to be tried again is mended in the bank's own file, where its number finds it.
"""

import csv
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import IO

import click
from attrs import define

SHOWN = 100  # on stderr, where a file holds them all
# A card number has 12 digits at least, a mobile number 11 at most.
_CARD = re.compile(r"\d(?:[ ._/\u00a0-]{0,2}\d){11,}")


def masked(line: str) -> str:
    """The line without its card numbers."""
    return _CARD.sub(lambda run: "*" * 8 + run.group()[-4:], line)


@define
class Rejects:
    """Where bad lines go."""

    _source: str
    _name: str | None
    _file: IO[str] | None
    _count: int = 0

    @classmethod
    @contextmanager
    def opened(cls, source: str, file: str | None) -> Iterator["Rejects"]:
        """`file` is made anew, for nobody else to read; None: there is none.  Raises OSError."""
        if file is None:
            yield cls(source, None, None)
            return
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write("line,reason,text\n")
            yield cls(source, file, out)

    def add(self, number: int, line: str, why: str) -> None:
        self._count += 1
        if self._file:
            self._file.write(_row(number, why, masked(line)))
        if self._file is None or self._count <= SHOWN:
            click.echo(masked(f"{self._source}: line {number}: {why}"), err=True)
        elif self._count == SHOWN + 1:
            click.echo(masked(f"{self._source}: more bad lines are in {self._name}"), err=True)


def _row(*fields: object) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerow(fields)
    return out.getvalue()
