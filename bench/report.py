"""Tell figures: a table for people, one line of JSON for programs, and the machine that they hold for."""

import json
import os
import platform
import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]


def machine() -> dict[str, Any]:
    """What a figure depends on and the workload does not say."""
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),  # at the start: what else was running
    }


def spread(name: str, values: Sequence[float], digits: int = 0) -> dict[str, float]:
    """The median of the rounds as `name`, with the least and the most beside it."""
    low, middle, high = min(values), median(values), max(values)
    return {name: round(middle, digits), f"{name}_min": round(low, digits), f"{name}_max": round(high, digits)}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The least value that `share` of the sorted values do not exceed; 0 of nothing."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else 0.0


def print_json(bench: str, about: Row, workload: Row, rows: Iterable[Row]) -> None:
    sys.stdout.write(json.dumps({"bench": bench, "machine": about, "workload": workload, "rows": list(rows)}) + "\n")


def print_table(bench: str, about: Row, rows: Sequence[Row]) -> None:
    """A column for each figure; `x_min` and `x_max` stand behind their `x`."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if not _belongs(name, rows)]
    table = Table(title=bench, caption="  ".join(f"{name} {value}" for name, value in about.items()))
    for at, name in enumerate(names):
        table.add_column(name.replace("_", " "), justify="right" if at else "left")
    for row in rows:
        table.add_row(*(_cell(row, name) for name in names))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def tell(words: str) -> None:
    """Progress, for whoever waits at a terminal."""
    if sys.stderr.isatty():
        print(words, file=sys.stderr, flush=True)


def _belongs(name: str, rows: Iterable[Row]) -> bool:
    base = name.removesuffix("_min").removesuffix("_max")
    return base != name and any(base in row for row in rows)


def _cell(row: Row, name: str) -> str:
    shown = _number(row.get(name))
    if f"{name}_min" in row:
        shown += f" ({_number(row[f'{name}_min'])}-{_number(row[f'{name}_max'])})"
    return shown


def _number(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and (value >= 1000 or value == int(value)):
        return f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
