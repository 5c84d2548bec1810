"""SQLite as the writer's process has it."""

import subprocess
import sys

import pytest

LOOK = """
import ctypes, _sqlite3, sqlite3
from iso_alert.store.engine import spare_what_nobody_asks
told = {}
db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE t (a)")
db.executemany("INSERT INTO t VALUES (?)", [("x" * 999,)] * 999)
library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
used, lock, other = getattr(library, "sqlite3_memory_used", int)(), 0, ctypes.c_void_p()
if hasattr(library, "sqlite3_open"):
    library.sqlite3_db_mutex.restype = ctypes.c_void_p
    library.sqlite3_open(b":memory:", ctypes.byref(other))
    lock = library.sqlite3_db_mutex(other)
print(told, *db.execute("SELECT count(*) FROM t").fetchone(), used, lock is not None)
"""


def looked(told: str) -> tuple[str, int, str]:
    """Of a process of its own whether it could be told, the bytes that SQLite says it has, whether it locks itself."""
    command = [sys.executable, "-c", LOOK.format(told)]
    word, rows, used, locks = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert rows == "999"
    return word, int(used), locks


def test_it_neither_counts_its_memory_nor_locks_itself() -> None:
    """It works as ever, and says that it has none."""
    word, used, locks = looked("spare_what_nobody_asks()")
    if word == "False":
        pytest.skip("this SQLite cannot be told")
    _, used_else, locks_else = looked("None")

    assert (used, used_else > 999_000) == (0, True)
    assert (locks, locks_else) == ("False", "True")
