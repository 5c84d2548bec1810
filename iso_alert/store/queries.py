"""SQL by name: read the .sql files once, hand out statements.

A statement may hold `:rows`, which stands for as many `(?, …)` as are needed, and `:list`, for `?, …`.  Few and fixed
sizes keep the number of prepared statements small.  Each statement is one step of the engine: sqlite3 gives up the GIL
for each, and a step a row would let a busy event loop starve the writer (a batch of 256 takes 360 ms then, not 5).
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from re import MULTILINE
from re import compile as regex
from typing import TypeVar

_NAME = regex(r"^-- name: (\w+)\n", flags=MULTILINE)
SIZES = (64, 16, 4, 1)
T = TypeVar("T")


def statements(file: str) -> Mapping[str, str]:
    """Name to SQL, of one file in store/sql."""
    _, *pieces = _NAME.split((files("iso_alert.store") / "sql" / file).read_text(encoding="utf-8"))
    return dict(zip(pieces[::2], (sql.strip() for sql in pieces[1::2]), strict=True))


def migrations() -> list[tuple[int, str]]:
    """(number, script) of every numbered migration, in order."""
    found = (files("iso_alert.store") / "sql" / "migrations").iterdir()
    return sorted(
        (int(file.name[:4]), file.read_text(encoding="utf-8")) for file in found if file.name.endswith(".sql")
    )


def chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows in pieces whose lengths are all of SIZES."""
    at = 0
    while at < len(rows):
        size = next(size for size in SIZES if size <= len(rows) - at)
        yield rows[at : at + size]
        at += size


def with_rows(sql: str, count: int, width: int) -> str:
    """The statement for `count` rows of `width` values."""
    row = "(" + ", ".join("?" * width) + ")"
    return sql.replace(":rows", ", ".join([row] * count)).replace(":list", ", ".join("?" * count))
