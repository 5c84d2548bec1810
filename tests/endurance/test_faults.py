"""Each way to spoil a disk really spoils it, for a process that writes to SQLite, and really ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from attrs import frozen

from tests.endurance.family import family, gone, kill
from tests.endurance.faults import FAULTS, Disk, Fault, Impossible, Way, prepared

# Answers each line with how long a commit took, or with why there was none.  It writes more than any page has room for.
WRITER = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0.1)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE IF NOT EXISTS t (x)")
for _ in sys.stdin:
    began = time.monotonic()
    try:
        db.execute("INSERT INTO t VALUES (randomblob(100000))")
        print(time.monotonic() - began, flush=True)
    except sqlite3.OperationalError as why:
        print(why, flush=True)
"""


@frozen
class Writer:
    """The process."""

    process: "subprocess.Popen[str]"

    def commit(self) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def writer(disk: Disk) -> Iterator[Writer]:
    command = [sys.executable, "-c", WRITER, str(disk.place / "alerts.db")]
    environ = {**os.environ, **disk.environ}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        yield Writer(process)


def seconds(said: str) -> float | None:
    """How long a commit took; None when it was refused."""
    try:
        return float(said)
    except ValueError:
        return None


WAYS = [(fault, way) for fault in FAULTS for way in fault.ways]


@pytest.mark.parametrize(("fault", "way"), WAYS, ids=[f"{fault.name}: {way.says}" for fault, way in WAYS])
def test_a_way_is_a_fault(tmp_path: Path, fault: Fault, way: Way) -> None:
    """Good before, refused or slow meanwhile, good again."""
    try:
        disk = way.disk(tmp_path)
        with disk as there, writer(there) as one:
            before = seconds(one.commit())
            with way.strike(there, one.process.pid):
                meanwhile = seconds(one.commit())
            after = seconds(one.commit())
    except Impossible as why:
        pytest.skip(str(why))

    assert before is not None
    assert after is not None
    assert (meanwhile is None) == (fault.slow is None)
    assert fault.slow is None or meanwhile is None or meanwhile >= fault.slow


def test_what_is_impossible_here_is_said_with_every_reason(tmp_path: Path) -> None:
    """So that whoever reads `skipped` knows what to install, or whom to ask."""

    def impossible(why: str) -> Way:
        def disk(_: Path) -> Iterator[Disk]:
            raise Impossible(why)
            yield

        return Way("magic", contextmanager(disk), FAULTS[0].ways[0].strike)

    fault = Fault("enchanted", [impossible("no wand"), impossible("no spell")])
    with pytest.raises(Impossible, match="no wand; no spell"), prepared(fault, tmp_path):
        pass


def test_the_first_way_that_works_is_taken(tmp_path: Path) -> None:
    """The later ones are for poorer machines."""
    locked = next(fault for fault in FAULTS if fault.name == "locked")
    with prepared(locked, tmp_path) as (way, disk):
        chosen = way, disk.place

    assert chosen == (locked.ways[0], tmp_path)


async def test_a_family_is_known_and_killed(tmp_path: Path) -> None:
    """A child that its killed parent has left behind is found before, and is gone afterwards."""
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()']); print('born', flush=True)"
    script += "; input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        both = family(process.pid)
        kill(both)
        process.wait()
        with trio.fail_after(10):
            await gone(both)

    assert len(both) == 2
    assert family(process.pid) == [process.pid]
