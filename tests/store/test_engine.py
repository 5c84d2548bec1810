"""SQLite as the writer's process has it."""

import subprocess
import sys

import pytest

LOOK = """
import ctypes, _sqlite3, sqlite3
from iso_alert.store.engine import count_no_memory
told = {}
db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE t (a)")
db.executemany("INSERT INTO t VALUES (?)", [("x" * 999,)] * 999)
used = getattr(ctypes.CDLL(getattr(_sqlite3, "__file__", None)), "sqlite3_memory_used", int)
print(told, *db.execute("SELECT count(*) FROM t").fetchone(), used())
"""


def memory(told: str) -> tuple[str, int]:
    """Whether it could be told, and the bytes that SQLite says it has, of a process of its own."""
    command = [sys.executable, "-c", LOOK.format(told)]
    word, rows, used = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert rows == "999"
    return word, int(used)


def test_it_does_not_count_its_memory() -> None:
    """It works as ever, and says that it has none."""
    word, used = memory("count_no_memory()")
    if word == "False":
        pytest.skip("this SQLite cannot be told")

    assert (used, memory("None")[1] > 999_000) == (0, True)
