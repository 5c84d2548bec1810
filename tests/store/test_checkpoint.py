"""The log is brought into the database beside the writer, not by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from iso_alert.store import sqlite_checkpoint
from iso_alert.store.sqlite import Sqlite
from iso_alert.store.sqlite_checkpoint import COMMITS
from tests.support.bank import NOW, book, sale

BOUND = 30.0  # seconds for what takes some milliseconds


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sqlite]:
    """One whose commits do not bring in anything themselves."""
    monkeypatch.setattr(sqlite_checkpoint, "PAUSE", 0.0)
    store = Sqlite(tmp_path / "alerts.db")
    store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store._db.execute("PRAGMA wal_autocheckpoint = 0")
    yield store
    store.close()


def record(store: Sqlite, commits: int) -> None:
    for stan in range(commits):
        store.record([sale(stan + 1, stan)], book(), NOW, 0)


def left(store: Sqlite) -> int:
    """How many frames of the log are not in the database."""
    _, log, brought = store._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(log - brought)


def in_the_database(path: Path) -> int:
    """Pages that the file has without its log."""
    return path.stat().st_size // 4096


def test_others_do_it(store: Sqlite, tmp_path: Path) -> None:
    """The file grows although no commit brings anything into it."""
    before = in_the_database(tmp_path / "alerts.db")
    record(store, 4 * COMMITS)

    assert store._checkpointer.done.wait(BOUND)
    assert in_the_database(tmp_path / "alerts.db") > before
    assert left(store) == 0


def test_a_few_commits_are_left_alone(store: Sqlite) -> None:
    """A log that was brought in whole begins anew, which costs the next commit one sync more: not after each."""
    record(store, COMMITS - 1)

    assert store._checkpointer._thread is None


def test_a_file_that_is_gone_stays_gone(store: Sqlite, tmp_path: Path) -> None:
    """It never makes an empty one in its place."""
    path = tmp_path / "alerts.db"
    record(store, COMMITS - 1)
    path.rename(tmp_path / "elsewhere.db")
    store._checkpointer.written()
    thread = store._checkpointer._thread
    assert thread is not None
    thread.join(BOUND)

    assert not path.exists()

    (tmp_path / "elsewhere.db").rename(path)


def test_closing_ends_it(store: Sqlite) -> None:
    """Also while it has work to do, and twice."""
    record(store, COMMITS)
    store.close()
    store.close()
    thread = store._checkpointer._thread

    assert thread is not None
    assert not thread.is_alive()
