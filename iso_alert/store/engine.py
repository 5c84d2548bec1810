"""What SQLite need not do in a process in which nobody asks for it."""

import _sqlite3
import ctypes
import sys

_MEMSTATUS, _OK = 9, 0  # SQLITE_CONFIG_MEMSTATUS and SQLITE_OK of sqlite3.h


def count_no_memory() -> bool:
    """Have SQLite not count the memory that it takes, which is a fifth of all that writing a row costs.

    Before the first connection of the process.  False where it counts on: what Python has of SQLite cannot be told, or
    not in this way (of what a C function's head does not name, ctypes knows on Linux where it goes).
    """
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    if sys.platform != "linux" or not hasattr(library, "sqlite3_config"):
        return False
    told: bool = library.sqlite3_shutdown() == _OK and library.sqlite3_config(_MEMSTATUS, 0) == _OK
    return library.sqlite3_initialize() == _OK and told
