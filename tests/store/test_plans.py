"""No statement of recording or sending walks through a table: it takes no longer when the table has grown."""

import re
from pathlib import Path

import pytest

from iso_alert.store.queries import statements, with_rows
from iso_alert.store.sqlite import Sqlite

NAMED = [(file, name) for file in ("journal.sql", "outbox.sql") for name in statements(file)]
ROWS = re.compile(r"\(([^()]*)\)\s*(?:AS \()?VALUES :rows")
# What a statement is given, or has found already.
GIVEN = {"want", "asked", "found", "told", "said", "span", "CONSTANT"}
WALK = re.compile(r"SCAN (?:\d+ )?(\w+)")


def plan(path: Path, sql: str) -> list[str]:
    store = Sqlite(path / "alerts.db")
    width = len(found.group(1).split(",")) if (found := ROWS.search(sql)) else 1
    explained = store._db.execute("EXPLAIN QUERY PLAN " + re.sub(r"\?\d*", "0", with_rows(sql, 2, width)))
    steps = [row[3] for row in explained]
    store.close()
    return steps


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_statement_searches(tmp_path: Path, file: str, name: str) -> None:
    """It may walk through what it is given, or through an index that holds nothing but what it wants."""
    steps = plan(tmp_path, statements(file)[name])
    walks = [step for step in steps if (walked := WALK.match(step)) and walked.group(1) not in GIVEN]

    assert [walk for walk in walks if "INDEX" not in walk] == []
