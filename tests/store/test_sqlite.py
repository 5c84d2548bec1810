"""What is SQLite's own: the file, its migrations, and everything that can befall a disk."""

import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from iso_alert.service.desk import Desk
from iso_alert.store import file
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.queries import migrations
from iso_alert.store.sqlite import Sqlite
from tests.support.bank import NOW, again, book, reversal, sale
from tests.support.engines import Kept, sqlite


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that may come to harm."""
    directory = tmp_path / "place"
    directory.mkdir()
    return directory


@pytest.fixture
def kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """A store with a subscriber, which does not wait long for locks."""
    monkeypatch.setattr(file, "LOCK_WAIT", 0.01)
    kept = sqlite(place)
    kept.subscribe(1)
    yield kept
    kept.store.close()


# ---- the file


def test_nobody_else_may_read_it(kept: Kept, place: Path) -> None:
    """Neither the file nor its log: they hold mobile numbers."""
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in place.iterdir()}

    assert modes == dict.fromkeys(("alerts.db", "alerts.db-wal", "alerts.db-shm"), "0o600")


def test_a_commit_is_on_the_disk(kept: Kept) -> None:
    """The journal is a write-ahead log, and every commit is synced before anybody is answered."""
    db = kept.store._db  # type: ignore[attr-defined]
    asked = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    assert asked == ["wal", 2]


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    """Somebody may have made the file to give it an owner."""
    (tmp_path / "alerts.db").touch(0o600)
    kept = sqlite(tmp_path)
    kept.record(sale())
    kept.store.close()

    assert kept.query("PRAGMA user_version") == [(migrations()[-1][0],)]


def test_opening_twice_changes_nothing(kept: Kept) -> None:
    """A migration is made once."""
    kept.record(sale())
    before = kept.query("SELECT sql FROM sqlite_master ORDER BY name")
    kept.reopen()

    assert kept.query("SELECT sql FROM sqlite_master ORDER BY name") == before
    assert kept.count("txn") == 1


def test_two_may_open_an_empty_file_at_once(tmp_path: Path) -> None:
    """The service starts while the card file is being imported for the first time."""
    for attempt in range(5):
        path = tmp_path / f"{attempt}.db"
        sqlite3.connect(path).execute("PRAGMA journal_mode = WAL").connection.close()
        with ThreadPoolExecutor(4) as pool:
            for store in pool.map(Sqlite, [path] * 4):
                store.close()


def test_a_newer_store_is_left_alone(kept: Kept, place: Path) -> None:
    """A program that was put back to an older version must not write where it does not understand."""
    kept.store.close()
    with closing(sqlite3.connect(place / "alerts.db")) as db:
        db.execute("PRAGMA user_version = 9999")

    with pytest.raises(StoreUnavailable, match="newer version"):
        Sqlite(place / "alerts.db")


@pytest.mark.parametrize("broken", ["a directory", "no database", "in no directory"])
def test_what_cannot_be_opened_says_so(tmp_path: Path, broken: str) -> None:
    """The operator is told which file, in one kind of exception."""
    path = tmp_path / ("nowhere/alerts.db" if broken == "in no directory" else "alerts.db")
    if broken == "a directory":
        path.mkdir()
    elif broken == "no database":
        path.write_bytes(b"minutes of the last meeting" * 100)

    with pytest.raises(StoreUnavailable, match=r"alerts\.db"):
        Sqlite(path)


# ---- trouble, and after it


@contextmanager
def full_disk(_: Kept, __: Path) -> Iterator[None]:
    """No file of this process may grow, as on a full disk; the kernel says EFBIG for ENOSPC."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def full_quota(kept: Kept, _: Path) -> Iterator[None]:
    """SQLite itself says that the database is full."""
    db = kept.store._db  # type: ignore[attr-defined]
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    yield
    db.execute(f"PRAGMA max_page_count = {pages + 100_000}")


@contextmanager
def locked(_: Kept, place: Path) -> Iterator[None]:
    """Another process has begun to write, and thinks."""
    with closing(sqlite3.connect(place / "alerts.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def vanished(_: Kept, place: Path) -> Iterator[None]:
    """Somebody moved the directory; SQLite alone would go on writing to where nobody looks."""
    place.rename(place.with_name("elsewhere"))
    yield
    place.with_name("elsewhere").rename(place)


@contextmanager
def replaced(_: Kept, place: Path) -> Iterator[None]:
    """Somebody put back an older copy of the file while we had it open."""
    ours, theirs = place / "alerts.db", place / "copy.db"
    shutil.copy(ours, theirs)
    ours.rename(place / "ours.db")
    theirs.rename(ours)
    yield
    (place / "ours.db").rename(ours)


@contextmanager
def read_only(kept: Kept, _: Path) -> Iterator[None]:
    """As when the file system was mounted read-only; permissions alone do not stop root, who may run these tests."""
    db = kept.store._db  # type: ignore[attr-defined]
    db.execute("PRAGMA query_only = on")
    yield
    db.execute("PRAGMA query_only = off")


TROUBLES = [full_disk, full_quota, locked, vanished, replaced, read_only]
Trouble = Callable[[Kept, Path], AbstractContextManager[None]]
each_trouble = pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
BIG = [sale(serial, serial) for serial in range(1, 200)]  # needs new pages


@each_trouble
def test_trouble_has_one_name(kept: Kept, place: Path, trouble: Trouble) -> None:
    """Whatever befalls the disk, the journal hears StoreUnavailable, and nothing of the batch has happened."""
    with trouble(kept, place), pytest.raises(StoreUnavailable):
        kept.record(*BIG)

    assert (kept.count("txn"), kept.count("alert")) == (0, 0)


@each_trouble
def test_trouble_passes(kept: Kept, place: Path, trouble: Trouble) -> None:
    """Afterwards the same store records the same batch; the host has repeated it, and nobody is told twice."""
    with trouble(kept, place), pytest.raises(StoreUnavailable):
        kept.record(*BIG)
    kept.store.check()
    first, _ = kept.record(*map(again, BIG))
    second, _ = kept.record(*BIG)

    assert not any(one.repeat for one in first)
    assert all(one.repeat for one in second)
    assert kept.count("alert") == 1


@each_trouble
def test_a_claim_in_trouble_takes_nothing(kept: Kept, place: Path, trouble: Trouble) -> None:
    """An alert that could not be marked as taken is not handed out: it would go twice."""
    kept.record(sale())
    if trouble is not full_quota:  # marking needs no new page
        with trouble(kept, place), pytest.raises(StoreUnavailable):
            kept.claim()

    assert len(kept.claim()) == 1


@each_trouble
def test_the_probe_is_honest(kept: Kept, place: Path, trouble: Trouble) -> None:
    """`check` really writes: what it says is what the next record would say."""
    if trouble is not full_quota:  # writing what stands there needs no new page
        with trouble(kept, place), pytest.raises(StoreUnavailable):
            kept.store.check()

    kept.store.check()


def test_a_killed_process_leaves_what_it_committed(kept: Kept, place: Path, tmp_path: Path) -> None:
    """File and log, copied under way as a power cut would leave them, hold every commit."""
    for stan in range(1, 20):
        kept.record(sale(1, stan))
    shutil.copytree(place, tmp_path / "after")
    (tmp_path / "after" / "alerts.db-shm").unlink()
    after = sqlite(tmp_path / "after")
    after.store.close()

    assert after.count("txn") == 19


def test_a_bug_is_not_called_trouble(kept: Kept) -> None:
    """A value that no column can hold is our mistake: the journal must find the message, not blame the disk."""
    with pytest.raises(OverflowError):
        kept.record(sale(key=2**70))

    assert kept.count("txn") == 0


def test_closing_twice_is_closing_once(kept: Kept) -> None:
    """Whoever cleans up need not know who cleaned up before."""
    kept.store.close()
    kept.store.close()


# ---- the busy house


def test_a_batch_is_a_handful_of_steps(kept: Kept) -> None:
    """Each step gives up the GIL, and a busy event loop gives it back late; also when a host takes back everything."""
    steps: list[str] = []
    kept.record(*(sale(serial, serial) for serial in range(1, 257)))
    db = kept.store._db  # type: ignore[attr-defined]
    db.set_trace_callback(steps.append)
    kept.record(*(reversal(sale(serial, serial)) for serial in range(1, 257)))
    db.set_trace_callback(None)

    assert kept.count("txn") == 512
    assert len(steps) < 100, steps


async def test_a_busy_loop_does_not_starve_the_writer(kept: Kept) -> None:
    """A task that never waits, as decoding a flood does: commits take their time beside it, and do not stand still."""
    desk, rounds = Desk(kept.store), 0

    async def busy() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            sum(range(1000))
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(busy)
        with trio.move_on_after(30) as patience:
            for first in range(1, 641, 64):
                batch = [sale(serial, serial) for serial in range(first, first + 64)]
                await desk.do(partial(kept.store.record, batch, book(), NOW, 0))
        nursery.cancel_scope.cancel()

    assert not patience.cancelled_caught
    assert (kept.count("txn"), rounds > 0) == (640, True)
