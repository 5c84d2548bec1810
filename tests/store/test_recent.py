"""Which messages a card had: what table `card_txn` holds, and what is in memory until it does."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from iso_alert.domain.transaction import Original, Transaction
from iso_alert.store import recent
from iso_alert.store.inquiry import Inquiry
from iso_alert.store.keeping import Limits
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.queries import statements
from iso_alert.store.sqlite import Sqlite
from tests.support.bank import NOW, again, book, reversal, sale
from tests.support.engines import ENGINES, Kept

FEW = 6


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful is full, and written one by one."""
    monkeypatch.setattr(recent, "FULL", FEW)
    monkeypatch.setattr(recent, "AT_LEAST", 1)
    monkeypatch.setattr(recent, "AT_MOST", 1)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    one = ENGINES["sqlite"](tmp_path)
    one.subscribe(*range(1, 5))
    yield one
    one.store.close()


def sold(n: int) -> Transaction:
    """A sale of one of four cards."""
    return sale(1 + n % 4, n, arrived_at=NOW + n)


def found(kept: Kept, of: Transaction) -> bool:
    """Whether the reversal of a sale finds it."""
    recorded, _ = kept.record(reversal(of), now=NOW + 1000)
    assert recorded[0].decision
    return recorded[0].decision.original is not None


def stumble(kept: Kept, n: int, when: str, how: str) -> None:
    """Record a sale whose transaction fails there."""
    kept.query(f"CREATE TRIGGER trouble {when} BEGIN SELECT RAISE({how}, 'trouble'); END")
    with pytest.raises(sqlite3.Error, match="trouble"):
        kept.record(sold(n))
    kept.query("DROP TRIGGER trouble")


def written(kept: Kept) -> int:
    return kept.count("card_txn")


def until(kept: Kept) -> int:
    return int(kept.query("SELECT value FROM setting WHERE name = 'card_txn_until'")[0][0])


@pytest.mark.parametrize("after", range(1, 4 * FEW))
def test_an_original_is_found_wherever_it_stands(kept: Kept, after: int) -> None:
    """In memory, while it is written down, and in the table."""
    for n in range(after):
        kept.record(sold(n))

    assert all(found(kept, sold(n)) for n in range(after))


@pytest.mark.parametrize("after", range(1, 4 * FEW))
def test_a_restart_forgets_nothing(kept: Kept, after: int) -> None:
    """Also half way through writing down."""
    for n in range(after):
        kept.record(sold(n))
    kept.reopen()
    kept.store.recover()

    assert all(found(kept, sold(n)) for n in range(after))


def test_entries_of_before_have_no_mark(kept: Kept) -> None:
    """They may be any message, and are looked at."""
    for n in range(3 * FEW):
        kept.record(sold(n))
    kept.query("UPDATE card_txn SET mark = NULL")

    assert written(kept) > FEW
    assert all(found(kept, sold(n)) for n in range(3 * FEW))


@pytest.mark.parametrize("restarted", [False, True])
def test_marks_spare_the_others(kept: Kept, monkeypatch: pytest.MonkeyPatch, restarted: bool) -> None:
    """Of a card's messages in memory one is asked for; those in the table have each its mark."""
    asked = list[list[int]]()
    ask = recent.Recent.of

    def of(self: recent.Recent, card: int, names: recent.Names) -> list[int]:
        asked.append(ask(self, card, names))
        return asked[-1]

    monkeypatch.setattr(recent.Recent, "of", of)
    for n in range(4 * FEW):
        kept.record(sale(1, n, approval_code=f"A{n:05}", arrived_at=NOW + n))
    if restarted:
        kept.reopen()
    marks = kept.query("SELECT count(*), count(DISTINCT mark), min(mark) > 0 FROM card_txn")
    last = sale(1, 4 * FEW - 1)

    assert marks[0][0] == marks[0][1] > FEW
    assert marks[0][2] == 1
    assert found(kept, last)
    assert len(asked[0]) == 1


NOTHING: dict[str, Any] = {"stan": "999999", "rrn": "999999999999", "approval_code": "999999", "original": None}
SHARED: dict[str, dict[str, Any]] = {
    "own STAN": {"stan": "000001"},
    "said STAN": {"original": Original("0200", "000001")},
    "RRN": {"rrn": "000000000001"},
    "approval code": {"approval_code": "000001"},
}


@pytest.mark.parametrize("others", [0, 3 * FEW])
@pytest.mark.parametrize("shared", SHARED)
def test_one_name_is_enough(kept: Kept, shared: str, others: int) -> None:
    """An original is found by any one of what it is called by, in memory and in the table."""
    first = sale(1, rrn="000000000001", approval_code="000001")
    kept.record(first)
    for n in range(others):
        kept.record(sale(1, 100 + n, approval_code=f"A{n:05}", arrived_at=NOW + n))
    changed = NOTHING | SHARED[shared]
    recorded, _ = kept.record(reversal(first, **changed), now=NOW + 1000)

    assert recorded[0].decision
    assert recorded[0].decision.original is not None


@pytest.mark.parametrize("name", ["own_bits", "said_bits", "rrn_bits", "approval_bits"])
def test_each_mark_is_as_in_the_table(name: str) -> None:
    """Python and SQL agree on which bits are whose."""
    names = {"own_bits": 1, "said_bits": 2, "rrn_bits": 3, "approval_bits": 4}
    mark = {"own_bits": 1, "said_bits": 2, "rrn_bits": 3 << 16, "approval_bits": 4 << 32}[name]
    other = 7 | 7 << 16 | 7 << 32
    shift = mark.bit_length() // 16 * 16
    marks = [mark, other & ~(0xFFFF << shift) | mark, 0, other]  # alone, beside others, nothing, others
    wanted = recent.Names(*names.values())
    condition = re.search(r"WHERE mark IS NULL OR (.*?)\)\n    WHERE", statements("journal.sql")["history"], re.DOTALL)
    assert condition
    with closing(sqlite3.connect(":memory:")) as db:
        columns = ", ".join(f"{value} AS {each}" for each, value in names.items())
        sql = f"SELECT {condition[1]} FROM (SELECT {columns}) AS want, (SELECT ? AS mark)"
        said = [bool(db.execute(sql, (value,)).fetchone()[0]) for value in marks]

    assert said == [wanted.may_be(value) for value in marks] == [True, True, False, False]


def test_all_is_written_in_the_end(kept: Kept) -> None:
    """Every message of a card once, up to the one that is noted."""
    for n in range(5 * FEW):
        kept.record(sold(n))
    missing = kept.query(
        "SELECT count(*) FROM txn, setting WHERE name = 'card_txn_until' AND txn.id <= CAST(value AS INTEGER)"
        " AND (txn.id >> 34, txn.card, txn.id) NOT IN (SELECT age, card, txn FROM card_txn)"
    )

    assert missing == [(0,)]
    assert until(kept) > 0
    assert written(kept) >= 2 * FEW


def test_messages_without_a_card_hold_nothing_up(kept: Kept) -> None:
    """They are counted, or a restart would read them all again."""
    for n in range(2 * FEW):
        kept.record(sale(stan=n, card=None))

    assert until(kept) > 0
    assert written(kept) == 0


@pytest.mark.parametrize("trouble", ["ABORT ON alert", "ROLLBACK ON alert", "ROLLBACK ON txn"])
@pytest.mark.parametrize("before", range(4 * FEW))
def test_what_was_taken_back_is_written_again(kept: Kept, before: int, trouble: str) -> None:
    """A transaction that fails takes back what it had written down, wherever that was, and whoever rolls it back."""
    for n in range(before):
        kept.record(sold(n))
    how, _, table = trouble.split()
    stumble(kept, before, f"BEFORE INSERT ON {table}", how)
    for n in range(before, 5 * FEW):
        kept.record(sold(n))

    assert all(found(kept, sold(n)) for n in range(5 * FEW))


def test_a_failing_entry_loses_none(kept: Kept) -> None:
    """What was half written down when its transaction failed comes again."""
    for n in range(FEW):
        kept.record(sold(n))
    stumble(kept, FEW, "AFTER INSERT ON card_txn", "ABORT")
    for n in range(FEW, 3 * FEW):
        kept.record(sold(n))

    assert all(found(kept, sold(n)) for n in range(3 * FEW))


def test_a_purge_takes_entries_too(kept: Kept) -> None:
    """With their messages; what is still in memory finds none."""
    for n in range(3 * FEW):
        kept.record(sale(5 + n, n), now=NOW + n)
    later = NOW + 86_400
    while kept.store.keeping.purge(Limits(later, 0.0, 0.0), later):
        pass

    assert (kept.count("txn"), written(kept)) == (0, 0)
    assert not found(kept, sale(5 + FEW, FEW))


def test_what_another_process_wrote_is_known(kept: Kept) -> None:
    """Each sees at once what the other recorded, and both write down."""
    with closing(Sqlite(place(kept))) as other:
        for n in range(4 * FEW):
            (other if n % 2 else kept.store).record([sold(n)], book(), NOW + n, 0)

        assert all(found(kept, sold(n)) for n in range(4 * FEW))


def place(kept: Kept) -> Path:
    return Path(kept.query("PRAGMA database_list")[0][2])


def test_a_card_that_never_rests_makes_nobody_wait(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its messages in memory the newest are looked at."""
    monkeypatch.setattr(recent, "FULL", 1000)
    monkeypatch.setattr(recent, "NEWEST", 3)
    for n in range(5):
        kept.record(sale(1, n, arrived_at=NOW + n))

    assert [found(kept, sale(1, n)) for n in (4, 3, 2, 1, 0)] == [True, True, False, False, False]  # each adds one


@pytest.mark.parametrize("hours", [0, 1, 5, 24, 71, 73])
def test_a_reversal_looks_back_three_days(kept: Kept, hours: int) -> None:
    """Through every age of the table, and not further."""
    late = NOW + hours * 3600
    kept.record(sale())
    for n in range(1, 4 * FEW):
        kept.record(sold(n), now=NOW + hours * 3600 * n / (4 * FEW))
    recorded, _ = kept.record(reversal(sale(), arrived_at=late), now=late)
    ages = kept.query("SELECT max(age) - min(age) FROM card_txn")[0][0]

    assert ages >= hours // 10
    assert recorded[0].decision
    assert (recorded[0].decision.original is not None) == (hours < 72)


def test_a_repeat_without_a_time_is_a_repeat(kept: Kept) -> None:
    """Its copies came at different times, and are one message."""
    first = sale(transmitted_at=None, local_date="", local_time="", timed=False)
    much_later = again(first)._replace(arrived_at=NOW + 4000, happened_at=int(NOW) + 4000)
    kept.record(first)
    recorded, _ = kept.record(much_later, now=NOW + 4000)

    assert recorded[0].repeat


def test_messages_are_found_by_what_they_are_called(kept: Kept) -> None:
    """By STAN and RRN, newest first, however long ago, also those that name no time."""
    for day in range(30):
        kept.record(
            sale(1, 7, key=day, arrived_at=NOW + day, happened_at=int(NOW) + 86_400 * day), now=NOW + 86_400 * day
        )
    kept.record(sale(1, 7, key=99, happened_at=0, timed=False), now=NOW + 86_400 * 40)
    with closing(Inquiry(place(kept))) as inquiry:
        threads = {
            by: inquiry.find(by, value, limit=100) for by, value in (("stan", "000007"), ("rrn", sale(1, 7).rrn))
        }
        middle = (int((NOW + 10 * 86_400 - 1) * 1e6), int((NOW + 12 * 86_400 + 1) * 1e6))
        some = {by: inquiry.find(by, value, middle) for by, value in (("stan", "000007"), ("rrn", sale(1, 7).rrn))}
        newest = inquiry.find("rrn", sale(1, 7).rrn, limit=1)

    assert threads["stan"] == threads["rrn"] == sorted(threads["rrn"], reverse=True)
    assert len(threads["rrn"]) == 31
    assert newest == threads["rrn"][:1]
    assert some["stan"] == some["rrn"] == [int((NOW + day * 86_400) * 1e6) for day in (12, 11, 10)]


@pytest.mark.parametrize(("version", "said"), [(0, "iso-alert run"), (8, "iso-alert run"), (1000, "newer version")])
def test_a_store_of_another_version_says_so(kept: Kept, version: int, said: str) -> None:
    """An older one is brought up to date by whoever may write."""
    path = place(kept)
    kept.query(f"PRAGMA user_version = {version}")

    with pytest.raises(StoreUnavailable, match=said):
        Inquiry(path)
