"""SQL by name: read the .sql files once, hand out statements.

A statement may hold `:rows`, which stands for as many `(?, …)` as are needed, and `:list`, for `?, …`.  A batch takes
few steps of the engine: sqlite3 gives up the GIL at every step, and gets it back from a busy event loop only after
5 ms.  So rows are brought to the next of some SIZES by saying the last one again; a statement that may be told one row
twice says so (`OR IGNORE`, `ON CONFLICT`, or it only reads).

The sizes end at 64: a statement stays prepared for each size that was met, and one that writes 256 messages has a
megabyte.  Per row it was no faster than one that writes 64.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from re import MULTILINE
from re import compile as regex
from typing import TypeVar

_NAME = regex(r"^-- name: (\w+)\n", flags=MULTILINE)
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64)
_EXACT = frozenset(SIZES)
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


def padded(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    """The rows in pieces whose lengths are all of SIZES; the last row may come again."""
    if not rows or len(rows) in _EXACT:
        return (rows,) if rows else ()
    return _pieces(rows)


def _pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(rows), SIZES[-1]):
        some = rows[at : at + SIZES[-1]]
        size = SIZES[bisect_left(SIZES, len(some))]
        yield [*some, *[some[-1]] * (size - len(some))]


@lru_cache(maxsize=1024)
def with_rows(sql: str, count: int, width: int) -> str:
    """The statement for `count` rows of `width` values."""
    row = "(" + ", ".join("?" * width) + ")"
    return sql.replace(":rows", ", ".join([row] * count)).replace(":list", ", ".join("?" * count))
