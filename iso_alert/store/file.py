"""The file of the SQLite store: nobody else's to read, brought up to date, and still the one that was opened.

One connection alone brings the log into the database: the service's, each time in the commit that made the log long;
commands beside a running service leave it to that.  Where two do so at once a commit can be lost for ever, through a
race that SQLite has had up to 3.51.2 (its "WAL-reset bug"), and most systems have an older one.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from attrs import frozen

from iso_alert.store.port import StoreUnavailable
from iso_alert.store.queries import migrations

LOCK_WAIT = 1.0  # seconds; a bulk import holds the lock for some milliseconds at a time
CHECKPOINT_PAGES = 2000  # 8 MB of log: with 16 the slowest answers waited longer for a checkpoint
PAGE = 4096  # bytes
CACHE_PAGES = 4096  # 16 MB of memory: with 64 fewer messages a second were recorded, with a million cards no more


@frozen
class File:
    """An opened file.  SQLite would go on writing to one that was deleted or replaced, and lose all of it."""

    path: Path
    db: sqlite3.Connection
    _number: int

    def still_there(self) -> None:
        """Raises StoreUnavailable, OSError."""
        if self.path.stat().st_ino != self._number:
            raise StoreUnavailable(f"{self.path} is another file now: start anew to use it")

    def log_is_long(self) -> bool:
        """Whether it is much longer than our own commits let it become."""
        log = self.path.with_name(self.path.name + "-wal")
        return log.exists() and log.stat().st_size > 2 * PAGE * CHECKPOINT_PAGES

    def version(self) -> int:
        """The number of the last migration."""
        return int(self.db.execute("PRAGMA user_version").fetchone()[0])


@frozen
class AllOrNothing:
    """A transaction; StoreUnavailable when nothing of it has happened: `taken_back` is told, if it had begun.

    Every verb is one, and most are small: so it is no generator, two of which take as long as a statement.
    """

    _file: File
    _taken_back: Callable[[], None] | None = None

    def __enter__(self) -> None:
        try:
            self._file.still_there()
            self._file.db.execute("BEGIN IMMEDIATE")
        except Exception as why:
            self._give_up(why)

    def __exit__(self, _: object, fault: BaseException | None, __: TracebackType | None) -> None:
        if fault is None:
            try:
                self._file.db.execute("COMMIT")
            except BaseException as why:
                fault = why
        if fault is not None:
            if self._taken_back:
                self._taken_back()
            self._give_up(fault)

    def _give_up(self, why: BaseException) -> NoReturn:
        with honest(self._file.path):
            if self._file.db.in_transaction:
                self._file.db.execute("ROLLBACK")
            raise why


def open_file(path: Path, checkpoints: bool) -> File:
    """The store's file, made if need be; `checkpoints` is for one connection at a time.  Raises StoreUnavailable."""
    with honest(path):
        _make_private(path)
        db = sqlite3.connect(
            path, timeout=LOCK_WAIT, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        try:
            return _set_up(path, db, checkpoints)
        except BaseException:
            db.close()
            raise


def _set_up(path: Path, db: sqlite3.Connection, checkpoints: bool) -> File:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES if checkpoints else 0}")
    db.execute(f"PRAGMA journal_size_limit = {PAGE * CHECKPOINT_PAGES}")  # of a log that an import had made long
    db.execute(f"PRAGMA cache_size = {-PAGE * CACHE_PAGES // 1024}")  # negative: KiB
    file = File(path, db, path.stat().st_ino)
    _bring_up_to_date(file)
    _can_be_written(file)
    return file


def _can_be_written(file: File) -> None:
    """What SQLite could only open for reading it would never write, not even when the disk lets it again."""
    try:
        file.db.execute("BEGIN IMMEDIATE")
        file.db.execute(f"PRAGMA user_version = {file.version()}")
    except sqlite3.OperationalError as why:
        if "readonly" in str(why):
            raise
    finally:
        if file.db.in_transaction:
            file.db.execute("ROLLBACK")


def is_older(path: Path, version: int) -> bool:
    """Whether a store of that version has to be brought up to date.  Raises StoreUnavailable: it cannot be."""
    newest = migrations()[-1][0]
    if version > newest:
        raise StoreUnavailable(f"{path} was written by a newer version of this program")
    return version < newest


def migrations_due(path: Path) -> int:
    """How many wait for the store at `path`; none for one that cannot be read: who opens it hears why."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        return 0
    return sum(number > version for number, _ in migrations()) if version else 0


def _make_private(path: Path) -> None:
    """It holds mobile numbers: nobody but its owner may read it."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _bring_up_to_date(file: File) -> None:
    is_older(file.path, file.version())
    for number, script in migrations():
        if number > file.version():
            _migrate(file, number, script)


def _migrate(file: File, number: int, script: str) -> None:
    try:
        file.db.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")
    except sqlite3.OperationalError:
        if file.db.in_transaction:
            file.db.execute("ROLLBACK")
        if number > file.version():  # else another process did it in the same moment
            raise


@contextmanager
def honest(path: Path) -> Iterator[None]:
    """Tell what cannot be made durable in our own word; anything else is a bug of ours and falls through."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as cause:
        raise StoreUnavailable(f"{path}: {cause}") from cause
    except sqlite3.DatabaseError as cause:
        if isinstance(cause, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
            raise
        raise StoreUnavailable(f"{path}: {cause}") from cause
