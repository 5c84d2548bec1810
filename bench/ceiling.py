"""What SQLite alone can do here: the rows of a real journal written again, with nobody to decide or to answer.

Twice: as plain rows, and into the journal's own table with its indexes, which is the ceiling that we are held against;
and as many rows to a commit as the journal takes at most.
"""

import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from attrs import field, frozen

from iso_alert.service.journal import BATCH

ROWS = 50_000  # of the journal, to be written again
_STATEMENTS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 4000")


@frozen
class Ceiling:
    """The newest rows of a journal, and the tables to write them into, by what that is called."""

    _beside: Path
    _sample: Sequence[tuple[Any, ...]] = field(repr=False)
    _schemas: Mapping[str, Sequence[str]] = field(repr=False)

    @classmethod
    def of(cls, store: Path) -> "Ceiling":
        """Made of the journal in `store`; a service may have it open."""
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as journal:
            given = [row[1] for row in journal.execute("PRAGMA table_info(txn)")]  # not those that are reckoned
            newest = f"SELECT {', '.join(given)} FROM txn ORDER BY id DESC LIMIT ?"
            sample = journal.execute(newest, (ROWS,)).fetchall()[::-1]
            named = journal.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'txn' AND sql NOT NULL").fetchall()
        journal.close()
        width = len(sample[0])
        plain = f"CREATE TABLE txn (id INTEGER PRIMARY KEY, {', '.join(f'c{n}' for n in range(1, width))})"
        schemas = {
            "SQLite alone, plain rows": [plain],
            "SQLite alone, our table with its indexes": [sql for (sql,) in named],
        }
        return cls(store.parent, sample, schemas)

    def rates(self, seconds: float) -> dict[str, float]:
        """Rows a second into each, on the disk of the journal."""
        return {what: self._measured(schema, seconds) for what, schema in self._schemas.items()}

    def _measured(self, schema: Sequence[str], seconds: float) -> float:
        with TemporaryDirectory(dir=self._beside) as name:
            return _rate(Path(name) / "ceiling.db", schema, self._sample, seconds)


def _rate(file: Path, schema: Sequence[str], sample: Sequence[tuple[Any, ...]], seconds: float) -> float:
    db = sqlite3.connect(file, isolation_level=None)
    for sql in (*_STATEMENTS, *schema):
        db.execute(sql)
    place = f"({', '.join('?' * len(sample[0]))})"
    some = min(BATCH, db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(sample[0]))
    insert = f"INSERT INTO txn VALUES {', '.join([place] * some)}"
    written, began = 0, monotonic()
    for batch in _batches(sample, some):
        db.execute("BEGIN IMMEDIATE")
        db.execute(insert, [value for row in batch for value in row])
        db.execute("COMMIT")
        written += some
        if monotonic() - began > seconds:
            break
    rate = written / (monotonic() - began)
    db.close()
    return rate


def _batches(sample: Sequence[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The sample over and over, as batches of rows that are new each time: another id, another key."""
    id_, serial = sample[-1][0], 0
    while serial < sys.maxsize:
        batch = []
        for _ in range(size):
            serial += 1
            like = sample[serial % len(sample)]
            batch.append((id_ + serial, like[1], like[2], like[3] ^ serial, *like[4:]))
        yield batch
