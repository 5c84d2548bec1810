"""One service to a store: two would send each other's alerts again.  Imports and questions may run beside it."""

import fcntl
import os
import time
from pathlib import Path

from iso_alert.store.port import StoreUnavailable

TRIES, PAUSE = 5, 0.02  # and seconds between them: who only looks holds it for a moment


class Hold:
    """The store at `path` is ours until `release` or the end of the process.  Raises StoreUnavailable."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(_lock(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for again in reversed(range(TRIES)):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                time.sleep(PAUSE if again else 0)
        os.close(self._file)
        raise StoreUnavailable(f"{path}: another iso-alert run uses it")

    def fileno(self) -> int:
        """The file that is held: whoever has it open, a writer of ours, keeps the hold up as well."""
        return self._file

    def release(self) -> None:
        """Let the next one in.  The file stays: removing it would race with who waits for it."""
        os.close(self._file)


def held(path: Path) -> bool:
    """Whether a service has the store at `path` now.  Who may not look will hear why when it opens the store."""
    try:
        file = os.open(_lock(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(file)


def _lock(path: Path) -> Path:
    return path.with_name(path.name + "-lock")
