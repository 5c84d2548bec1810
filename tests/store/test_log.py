"""The log of the store: one connection brings it into the database, and does so before it is too long."""

from pathlib import Path
from threading import Timer

import pytest

from iso_alert.store import file
from iso_alert.store.hold import Hold, held
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite
from tests.support.bank import NOW, book, sale


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store whose log is long after 20 pages."""
    monkeypatch.setattr(file, "CHECKPOINT_PAGES", 20)
    return tmp_path / "alerts.db"


def record(store: Sqlite, commits: int, first: int = 0) -> None:
    for stan in range(first, first + commits):
        store.record([sale(stan, stan)], book(), NOW, 0)


def database(path: Path) -> int:
    """Bytes that the file has without its log."""
    return path.stat().st_size


def log(path: Path) -> int:
    return path.with_name("alerts.db-wal").stat().st_size


def test_a_command_beside_the_service_leaves_the_log_alone(path: Path) -> None:
    """Two that bring it in at once can lose a commit (SQLite's WAL-reset bug): however long it gets, it waits."""
    service, command = Sqlite(path), Sqlite(path, checkpoints=False)
    service._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = database(path)
    record(command, 40)

    assert database(path) == before
    assert log(path) > 2 * file.CHECKPOINT_PAGES * file.PAGE

    command.close()
    service.close()


def test_the_service_brings_in_what_others_wrote(path: Path) -> None:
    """Also without a message of its own, so that the next need not wait for all of it; then the log is short again."""
    service, command = Sqlite(path), Sqlite(path, checkpoints=False)
    record(command, 40)
    long = log(path)
    service.shorten()
    brought = database(path)
    record(service, 2, first=100)

    assert brought > 20 * file.PAGE
    assert log(path) < long
    assert log(path) <= 2 * file.CHECKPOINT_PAGES * file.PAGE

    command.close()
    service.close()


def test_a_short_log_is_left_as_it_is(path: Path) -> None:
    """Nothing is written for it: this is asked every second."""
    service = Sqlite(path)
    record(service, 1)
    before = log(path)
    service.shorten()

    assert log(path) == before

    service.close()


def test_who_asks_whether_a_service_runs(tmp_path: Path) -> None:
    """As long as it does, and no store is made by asking."""
    path = tmp_path / "alerts.db"
    none = held(path)
    made = [*tmp_path.iterdir()]
    hold = Hold(path)
    running = held(path)
    hold.release()

    assert (none, running, held(path)) == (False, True, False)
    assert made == []


def test_a_place_where_no_store_can_be(tmp_path: Path) -> None:
    """Opening the store says what is wrong there, in a line; looking has nothing to add."""
    (tmp_path / "file").touch()

    assert not held(tmp_path / "file" / "alerts.db")


def test_looking_keeps_no_service_out(tmp_path: Path) -> None:
    """A service that starts in the moment in which a command looks tries again."""
    path = tmp_path / "alerts.db"
    look = Hold(path)
    Timer(0.03, look.release).start()
    Hold(path).release()


def test_a_second_service_is_refused(tmp_path: Path) -> None:
    """After the moment that it gives those who only look."""
    first = Hold(tmp_path / "alerts.db")
    with pytest.raises(StoreUnavailable, match="another iso-alert run"):
        Hold(tmp_path / "alerts.db")
    first.release()
