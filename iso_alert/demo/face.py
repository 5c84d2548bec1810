"""The two faces of the demo: a terminal gets colour and boxes, a pipe gets lines that can be searched."""

from textwrap import wrap
from typing import Protocol, TextIO

import click
from attrs import frozen
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from iso_alert.demo.words import Fact

WIDEST = 110  # columns: longer lines are hard to read
PIPE = 100
LABEL, INDENT = 9, 6


class Face(Protocol):
    """What can be shown."""

    def headline(self, title: str, text: str) -> None:
        """The beginning of something."""

    def scene(self, when: str, say: str) -> None:
        """The beginning of one message's lines."""

    def fact(self, fact: Fact) -> None:
        """One line, without what the words leave open."""

    def sms(self, caption: str, text: str) -> None:
        """An SMS as a phone shows it."""

    def verbatim(self, line: str) -> None:
        """A line that is meant to be copied: never broken."""


@frozen
class Pipe:
    """One fact a line, one text a line."""

    out: TextIO

    def headline(self, title: str, text: str) -> None:
        self._line(f"\n{title}")
        for line in wrap(text, PIPE):
            self._line(line)

    def scene(self, when: str, say: str) -> None:
        self._line(f"\n{when:{INDENT}}{say}")

    def fact(self, fact: Fact) -> None:
        self._line(f"{'':{INDENT}}{fact.label:{LABEL}}{fact.text}")

    def sms(self, caption: str, text: str) -> None:
        self._line(f"{'':{INDENT}}{caption}")
        self._line(f"{'':{INDENT}}  {text}")

    def verbatim(self, line: str) -> None:
        self._line(f"  {line}")

    def _line(self, text: str) -> None:
        click.echo(text, file=self.out)  # flushes: whoever reads sees it as it happens


STYLES = {True: "bold green", False: "yellow", None: ""}


@frozen
class Terminal:
    """Colour, boxes, and lines that break where they should.  NO_COLOR is the console's business."""

    console: Console

    @property
    def _width(self) -> int:
        return min(self.console.width, WIDEST)

    def headline(self, title: str, text: str) -> None:
        self.console.print()
        if text:
            box = Panel(Text(text), title=Text(title, "bold"), title_align="left", border_style="cyan", padding=(0, 1))
            self.console.print(box, width=self._width)
        else:
            self.console.print(Text(title, "bold cyan"))

    def scene(self, when: str, say: str) -> None:
        self.console.print()
        self._row(Text(when, "bold cyan"), Text(say, "bold"), INDENT)

    def fact(self, fact: Fact) -> None:
        style = "bold red" if fact.label == "WRONG" else STYLES[fact.told]
        self._row(Text(" " * INDENT + fact.label, "dim"), Text(fact.text, style), INDENT + LABEL)

    def sms(self, caption: str, text: str) -> None:
        box = Panel(
            Text(text, "bold"),
            title=Text(caption),
            title_align="left",
            border_style="green",
            expand=False,
            padding=(0, 1),
        )
        self.console.print(Padding(box, (0, 0, 0, INDENT - 1)), width=self._width)

    def verbatim(self, line: str) -> None:
        self.console.print(Text(f"  {line}", "bold"), soft_wrap=True)

    def _row(self, left: Text, right: Text, width: int) -> None:
        row = Table.grid()
        row.add_column(width=width)
        row.add_column()
        row.add_row(left, right)
        self.console.print(row, width=self._width)


def face(out: TextIO) -> Face:
    """The face for this output."""
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    return Terminal(console) if console.is_terminal and not console.is_dumb_terminal else Pipe(out)
