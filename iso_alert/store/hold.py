"""One service to a store: two would send each other's alerts again.  Imports and questions may run beside it."""

import fcntl
import os
from pathlib import Path

from iso_alert.store.port import StoreUnavailable


class Hold:
    """The store at `path` is ours until `release` or the end of the process.  Raises StoreUnavailable."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path.with_name(path.name + "-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StoreUnavailable(f"{path}: another iso-alert run uses it") from None

    def fileno(self) -> int:
        """The file that is held: whoever has it open, a writer of ours, keeps the hold up as well."""
        return self._file

    def release(self) -> None:
        """Let the next one in.  The file stays: removing it would race with who waits for it."""
        os.close(self._file)
