"""Bring the log into the database while others write.

SQLite does so in the commit that makes the log too long, and then everybody waits for some thousand pages.  Here a
thread with a connection of its own is always a little behind the writer, so that little is left to do in that commit.
It never stands in the writer's way; what it could not do, those commits do as before.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread

COMMITS = 16  # to a checkpoint: the commit after one has to sync the log's new head too
PAUSE = 0.05  # seconds at least from one to the next: pages that change all the time are copied no oftener


class Checkpointer:
    """Begins when there is something to do for the first time; whoever made it closes it."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=rw"  # it makes no file, should ours be gone
        self._commits = 0
        self._work, self._over = Event(), Event()
        self._thread: Thread | None = None
        self.done = Event()  # set when it has done all it was told of

    def written(self) -> None:
        """There was a commit."""
        self._commits += 1
        if self._commits % COMMITS == 0 and not self._over.is_set():
            self.done.clear()
            self._work.set()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="checkpoints", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Wait until it has ended.  Idempotent."""
        self._over.set()
        self._work.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._uri, uri=True, isolation_level=None)) as db:
            while self._work.wait() and not self._over.wait(PAUSE):
                self._work.clear()
                with suppress(sqlite3.Error):  # the disk's trouble is the writer's to tell
                    db.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self.done.set()
