"""What rooms on the store's one connection are made of: a named statement takes few steps, however many its rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from sqlite3 import Connection
from typing import Any

from attrs import frozen

from iso_alert.store.queries import padded, with_rows

Row = Sequence[Any]


@frozen
class Steps:
    """The statements of one .sql file, inside the caller's transaction."""

    _db: Connection
    _sql: Mapping[str, str]

    def do(self, name: str, *values: Any) -> int:
        """How many rows it changed."""
        return self._db.execute(self._sql[name], values).rowcount

    def one(self, name: str, *values: Any) -> Any:
        """The only row, None when there is none."""
        return self._db.execute(self._sql[name], values).fetchone()

    def all(self, name: str, *values: Any) -> list[Any]:
        """Every row; for few of them, each is a step."""
        return self._db.execute(self._sql[name], values).fetchall()

    def each(self, name: str, *values: Any) -> Iterable[Any]:
        """Row after row, for who stops when there are enough."""
        return self._db.execute(self._sql[name], values)

    def array(self, name: str, *values: Any) -> list[Any]:
        """The one JSON array that a statement answers."""
        found: list[Any] = json.loads(self.one(name, *values)[0])
        return found

    def write(self, name: str, table: Sequence[Row]) -> None:
        """Write rows; the statement can bear to be told the last one again."""
        for some in padded(table):
            self._db.execute(with_rows(self._sql[name], len(some), len(some[0])), [*chain.from_iterable(some)])

    def read(self, name: str, table: Sequence[Row], *more: Any) -> list[Any]:
        """All rows that answer for any row of `table`; `more` are values that stand after them."""
        return [found for answer in self.ask(name, table, *more) for found in json.loads(answer[-1])]

    def ask(self, name: str, table: Sequence[Row], *more: Any) -> Iterable[Row]:
        """The answers for `table`, a row for each of its pieces."""
        for some in padded(table):
            sql = with_rows(self._sql[name], len(some), len(some[0]))
            yield self._db.execute(sql, [*chain.from_iterable(some), *more]).fetchone()

    def update(self, name: str, ids: Sequence[int], *first: Any) -> int:
        """Change, or take away, the rows of these ids; how many.  `first` are values that stand before them."""
        return sum(
            self._db.execute(with_rows(self._sql[name], len(some), 1), [*first, *some]).rowcount for some in padded(ids)
        )
