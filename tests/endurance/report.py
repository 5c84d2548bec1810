"""What a campaign has to say: figures, and facts that held or did not."""

from collections.abc import Collection, Iterable
from typing import Any

from attrs import define, field, frozen
from rich.console import Console
from rich.table import Table

SHOWN = 5  # of what breaks a fact: the rest is a number


@frozen
class Fact:
    """A promise, whether it was kept, and what was seen instead."""

    says: str
    held: bool
    seen: str = ""


@define
class Report:
    """Filled by a campaign as it goes."""

    figures: dict[str, Any] = field(factory=dict)
    facts: list[Fact] = field(factory=list)
    skipped: list[str] = field(factory=list)
    _about: str = ""

    def about(self, what: str) -> "Report":
        """The same report, for whoever speaks of one part of the campaign only."""
        return Report(self.figures, self.facts, self.skipped, f"{what}: ")

    def figure(self, name: str, value: Any) -> None:
        """Seconds are floats, everything else what it is; the name says the unit."""
        self.figures[self._about + name] = value

    def fact(self, says: str, held: bool, seen: object = "") -> None:
        """State a promise.  `seen` is told when it was broken."""
        self.facts.append(Fact(self._about + says, held, "" if held else str(seen)))

    def none(self, says: str, sinners: Iterable[Any]) -> None:
        """State that there is nothing of a kind; the first few are told if there is."""
        found = sinners if isinstance(sinners, Collection) else list(sinners)
        more = f" … {len(found):,} in all" if len(found) > SHOWN else ""
        self.fact(says, not found, ", ".join(map(str, list(found)[:SHOWN])) + more)

    def skip(self, what: str, why: str) -> None:
        """Say what this machine does not allow to be tried."""
        self.skipped.append(f"{self._about}{what}: {why}")

    @property
    def broken(self) -> list[Fact]:
        return [fact for fact in self.facts if not fact.held]

    def check(self, *but: str) -> None:
        """Raises AssertionError that names every broken fact but these: for the short forms."""
        broken = [f"{fact.says}: {fact.seen}" for fact in self.broken if fact.says not in but]
        assert not broken, "\n".join(broken)


def print_report(name: str, again: str, report: Report) -> None:
    """A table of figures, then the facts; `again` is the command that does the same once more."""
    table = Table(title=name)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for figure, value in report.figures.items():
        table.add_row(figure, _shown(value))
    console = Console(width=None if Console().is_terminal else 140, highlight=False)
    console.print(table)
    for what in report.skipped:
        console.print(f"skipped {what}", markup=False, soft_wrap=True)
    for fact in report.facts:
        console.print(f"{'held   ' if fact.held else 'BROKEN '} {fact.says}", markup=False, soft_wrap=True)
    for fact in report.broken:
        console.print(f"broken: {fact.says}: {fact.seen}", markup=False, soft_wrap=True)
    console.print(again, markup=False, soft_wrap=True)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if value < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
