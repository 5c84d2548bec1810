"""A message is written alike, whatever it came with: plain ones are written in another way than the rest."""

from pathlib import Path

import pytest

from iso_alert.domain.transaction import Transaction
from iso_alert.store.rows import PLAIN
from iso_alert.store.sqlite_journal import RUNS, SQL
from tests.support.bank import reversal, sale
from tests.support.engines import sqlite

COLUMNS = SQL["insert_txns"].partition("(")[2].partition(")")[0]
BESIDE_NUMBERS = ", ".join(
    column for column in COLUMNS.replace("\n", " ").split(", ") if column.strip() not in ("id", "thread", "matched")
)


def written(directory: Path, *batches: list[Transaction]) -> list[tuple[object, ...]]:
    """What stands in the store, but for the numbers, which are the clock's."""
    directory.mkdir()
    kept = sqlite(directory)
    kept.subscribe(1)
    for batch in batches:
        kept.record(*batch)
    kept.store.close()
    return kept.query(f"SELECT {BESIDE_NUMBERS} FROM txn ORDER BY id")


@pytest.mark.parametrize("runs", [1, 2, RUNS, RUNS + 1])
def test_messages_are_written_alike_in_any_company(tmp_path: Path, runs: int) -> None:
    """Alone, in one batch with others, or where plain and other messages alternate more often than is worth a step."""
    sales = [sale(serial, serial) for serial in range(1, runs + 1)]
    batch = [of for one in sales for of in (one, reversal(one))][:runs]

    assert written(tmp_path / "together", batch) == written(tmp_path / "alone", *([of] for of in batch))


def test_the_plain_columns_come_first() -> None:
    """A row is cut where the columns end that every message fills."""
    plain = SQL["insert_plain_txns"].partition("(")[2].partition(")")[0]

    assert len(plain.split(",")) == PLAIN
    assert "".join(COLUMNS.split()).startswith("".join(plain.split()))
