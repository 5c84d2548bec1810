"""What SQLite need not do in a process in which nobody asks for it."""

import _sqlite3
import ctypes
import sys

_SINGLETHREAD, _MEMSTATUS, _OK = 1, 9, 0  # SQLITE_CONFIG_… and SQLITE_OK of sqlite3.h


def spare_what_nobody_asks() -> bool:
    """Have SQLite neither count the memory that it takes nor guard itself against other threads.

    The one is a fifth of all that writing a row costs; the other locks and unlocks for every value that is bound.
    Before the first connection of a process of which one thread has to do with SQLite.  False where it goes on as ever:
    what Python has of SQLite cannot be told, or not in this way (of what a C function's head does not name, ctypes
    knows on Linux where it goes).
    """
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    if sys.platform != "linux" or not hasattr(library, "sqlite3_config"):
        return False
    told: bool = library.sqlite3_shutdown() == _OK and library.sqlite3_config(_MEMSTATUS, 0) == _OK
    told = told and library.sqlite3_config(_SINGLETHREAD) == _OK
    return library.sqlite3_initialize() == _OK and told
