"""A message is written alike, whatever it came with: plain ones are written in another way than the rest."""

from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.domain.deciding import decide
from iso_alert.domain.decision import NOTHING_KNOWN
from iso_alert.domain.mark import BITS, bits, mark
from iso_alert.domain.money import Money
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import Holder
from iso_alert.domain.transaction import WRITTEN, Original, Transaction
from iso_alert.store.rows import NOTHING_MORE, PLAIN, txn_row
from iso_alert.store.sqlite_journal import RUNS, SQL, WORTH
from tests.support.bank import book, reversal, sale
from tests.support.engines import ENGINES

COLUMNS = SQL["insert_txns"].partition("(")[2].partition(")")[0]
BESIDE_NUMBERS = ", ".join(
    column for column in COLUMNS.replace("\n", " ").split(", ") if column.strip() not in ("id", "thread", "matched")
)


def written(directory: Path, *batches: list[Transaction], engine: str = "sqlite") -> list[tuple[object, ...]]:
    """What stands in the store, but for the numbers, which are the clock's."""
    directory.mkdir()
    kept = ENGINES[engine](directory)
    kept.subscribe(1)
    for batch in batches:
        kept.record(*batch)
    kept.store.close()
    return kept.query(f"SELECT {BESIDE_NUMBERS} FROM txn ORDER BY id")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("runs", [1, 2, RUNS, RUNS + 1, WORTH * RUNS + 4])
@pytest.mark.parametrize("long", [1, WORTH + 1])
def test_messages_are_written_alike_in_any_company(tmp_path: Path, runs: int, long: int, engine: str) -> None:
    """Alone, in one batch with others, or where plain and other messages alternate more often than is worth a step."""
    serials, batch = count(1), list[Transaction]()
    for run in range(runs):
        batch += [reversal(batch[-1])] if run % 2 else [sale(serial, serial) for serial in islice(serials, long)]

    assert written(tmp_path / "together", batch, engine=engine) == written(tmp_path / "alone", *([of] for of in batch))


def test_the_plain_columns_come_first() -> None:
    """A row is cut where the columns end that every message fills."""
    plain = SQL["insert_plain_txns"].partition("(")[2].partition(")")[0]

    assert len(plain.split(",")) == PLAIN
    assert "".join(COLUMNS.split()).startswith("".join(plain.split()))


MORE: dict[str, dict[str, Any]] = {
    "nothing more": {},
    "an original": {"original": Original("0200", "000009")},
    "a part": {"reversed": Money(100)},
    "no time": {"timed": False},
}


@pytest.mark.parametrize("what", MORE)
@pytest.mark.parametrize("of", [{}, {"matched_by": "DE90"}, {"original": 7}, {"unmatched": True}], ids=str)
@pytest.mark.parametrize("counted", [False, True])
def test_a_row_is_as_wide_as_it_must_be(what: str, of: dict[str, Any], counted: bool) -> None:
    """A row of PLAIN columns has nothing to say in the others, and a wider one has."""
    decision = evolve(decide(9, sale(), Holder(), NOTHING_KNOWN, book()), reason=Reason.BELOW_THRESHOLD, **of)
    row = txn_row((9, 1, sale(**MORE[what]), decision), counted)

    assert len(row) in (PLAIN, PLAIN + len(NOTHING_MORE))
    assert (len(row) == PLAIN) == (not (MORE[what] or of or counted))
    assert row[PLAIN:] != NOTHING_MORE


def test_a_row_has_its_fields_under_their_columns() -> None:
    """A piece of the message is written as it stands: its fields come in the order of the columns."""
    columns = [name.strip() for name in COLUMNS.split(",")]
    called = {"minor": "amount", "said": "facts"}

    assert columns[PLAIN - WRITTEN : PLAIN] == [called.get(name, name) for name in Transaction._fields[:WRITTEN]]


@given(st.text("0123456789ABC", max_size=12), st.text("0123456789", max_size=12), st.text("0123456789", max_size=6))
def test_a_mark_holds_the_bits_of_three_names(stan: str, rrn: str, approval_code: str) -> None:
    """A name that is absent leaves none, as text and as nothing at all."""
    whole = bits(stan) | bits(rrn) << BITS | bits(approval_code) << 2 * BITS

    assert mark(stan, rrn, approval_code) == mark(stan, rrn or None, approval_code or None) == whole
    assert bits("") == bits(None) == 0
