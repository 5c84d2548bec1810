"""What the store says, read as an auditor would: without the service's code, and without touching the file."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen


@frozen
class Alert:
    """One SMS, as the store remembers it."""

    to: str  # as an SMSC is given it
    text: str
    state: str
    doubts: int


@frozen
class Books:
    """Everything that a campaign compares."""

    recorded: Counter[int]  # STANs, and how often each stands there
    alerts: list[Alert]
    halves: int  # messages that wait for their other half
    faults: list[str]  # of the database itself

    @property
    def states(self) -> Counter[str]:
        return Counter(alert.state for alert in self.alerts)


def audit(store: Path) -> Books:
    """Read a copy of a database that nobody writes to.  To open the one of a killed process is to mend it, which is for
    the next start to do."""
    with _copied(store) as copy, closing(sqlite3.connect(copy)) as db:
        try:
            return _read(db)
        except sqlite3.DatabaseError as fault:
            return Books(Counter(), [], 0, [str(fault)])


def _read(db: sqlite3.Connection) -> Books:
    alerts = db.execute("SELECT mobile, text, state, doubts FROM alert ORDER BY id")
    return Books(
        Counter(int(stan) for (stan,) in db.execute("SELECT stan FROM txn")),
        [Alert(mobile.lstrip("+"), *rest) for mobile, *rest in alerts],
        int(db.execute("SELECT count(*) FROM half").fetchone()[0]),
        [said for (said,) in db.execute("PRAGMA integrity_check") if said != "ok"],
    )


@contextmanager
def _copied(store: Path) -> Iterator[Path]:
    """The database and its log as a crash left them, without the index of the log that was in memory."""
    with TemporaryDirectory(prefix="audit-") as name:
        for suffix in ("", "-wal"):
            if (file := store.with_name(store.name + suffix)).exists():
                shutil.copy(file, name)
        yield Path(name) / store.name
