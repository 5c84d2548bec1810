"""What befalls disks, done for real where this machine lets us, and each undone again.

A fault has several ways to come about; the first that works here is taken.  Root may mount a small disk and make files
immutable; who is not root has a limit of the process, or a library in between.
"""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from attrs import frozen

from tests.endurance.family import family

SIZE = 64  # MB of the small disk: the log of the store may grow to 16
FILES = ("alerts.db", "alerts.db-wal")


class Impossible(Exception):
    """This machine does not let us; says why."""


@frozen
class Disk:
    """Where a deployment lives, and what its process must be started with."""

    place: Path
    environ: Mapping[str, str] = {}
    rule: Path | None = None  # what bad_disk.c obeys


Strike = Callable[[Disk, int], AbstractContextManager[None]]  # the second is the process


@frozen
class Way:
    """How a fault is brought about."""

    says: str
    disk: Callable[[Path], AbstractContextManager[Disk]]  # raises Impossible
    strike: Strike
    of_process: bool = False  # the next process does not know of it


@frozen
class Fault:
    """One kind of trouble."""

    name: str
    ways: Sequence[Way]
    slow: float | None = None  # seconds a sync takes: nothing is refused then


def _do(*command: str | Path) -> None:
    if shutil.which(str(command[0])) is None:
        raise Impossible(f"no {command[0]}")
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Impossible(f"{command[0]}: {done.stderr.strip() or done.returncode}")


# ---- disks


def _any(there: Path) -> AbstractContextManager[Disk]:
    return nullcontext(Disk(there))


@contextmanager
def _small(there: Path) -> Iterator[Disk]:
    """A file system of its own, in memory."""
    (place := there / "disk").mkdir()
    _do("mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", place)
    try:
        yield Disk(place)
    finally:
        _do("umount", "--lazy", place)


@contextmanager
def _with_attributes(there: Path) -> Iterator[Disk]:
    probe = there / "probe"
    probe.touch()
    _do("chattr", "+i", probe)
    _do("chattr", "-i", probe)
    yield Disk(there)


@contextmanager
def _with_shim(there: Path) -> Iterator[Disk]:
    """The library of bad_disk.c between the process and its disk."""
    if not sys.platform.startswith("linux"):
        raise Impossible("no LD_PRELOAD")
    library, rule = there / "bad_disk.so", there / "rule"
    _do("cc", "-shared", "-fPIC", "-O2", "-o", library, Path(__file__).with_name("bad_disk.c"), "-ldl")
    yield Disk(there, {"LD_PRELOAD": str(library), "BAD_DISK": str(rule)}, rule)


# ---- what strikes them


@contextmanager
def _ballast(disk: Disk, _: int) -> Iterator[None]:
    """Fill it to the last page."""
    path = disk.place / "ballast"
    try:
        with path.open("wb", buffering=0) as file:
            _write_until_full(file.fileno())
        yield
    finally:
        path.unlink()


def _write_until_full(file: int) -> None:
    for size in (1 << 20, 4096):
        try:
            while os.write(file, bytes(size)):
                pass
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise


@contextmanager
def _no_growth(_: Disk, process: int) -> Iterator[None]:
    """No file of the process or its children may be written."""
    limits = {each: resource.prlimit(each, resource.RLIMIT_FSIZE) for each in family(process)}
    for each, (_soft, hard) in limits.items():
        resource.prlimit(each, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for each, before in limits.items():
            with suppress(ProcessLookupError):  # it may have been killed
                resource.prlimit(each, resource.RLIMIT_FSIZE, before)


@contextmanager
def _immutable(disk: Disk, _: int) -> Iterator[None]:
    """The kernel refuses writes to these files, also to who has them open and is root."""
    files = [path for name in FILES if (path := disk.place / name).exists()]
    _do("chattr", "+i", *files)
    try:
        yield
    finally:
        _do("chattr", "-i", *files)


@contextmanager
def _locked(disk: Disk, _: int) -> Iterator[None]:
    """Another process has begun to write, and thinks."""
    script = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30);"
        "db.execute('BEGIN EXCLUSIVE'); print('mine', flush=True); sys.stdin.read(); db.execute('ROLLBACK'); db.close()"
    )
    command = [sys.executable, "-c", script, str(disk.place / FILES[0])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "mine\n"
        yield  # leaving `with` closes its stdin, and waits for it


def _ruled(rule: str) -> Strike:
    @contextmanager
    def strike(disk: Disk, _: int) -> Iterator[None]:
        assert disk.rule
        fresh = disk.rule.with_suffix(".new")
        fresh.write_text(rule, encoding="ascii")
        fresh.rename(disk.rule)
        try:
            yield
        finally:
            disk.rule.unlink()

    return strike


def _slow(ms: int) -> Fault:
    way = Way("a library before fsync", _with_shim, _ruled(f"sync {ms}"))
    return Fault(f"{ms} ms a sync", [way], ms / 1000)


FAULTS = (
    Fault("full", [Way("tmpfs, filled", _small, _ballast), Way("RLIMIT_FSIZE", _any, _no_growth, of_process=True)]),
    Fault(
        "read-only",
        [
            Way("chattr +i", _with_attributes, _immutable),
            Way("a library before pwrite", _with_shim, _ruled(f"write {errno.EROFS}")),
        ],
    ),
    Fault("locked", [Way("BEGIN EXCLUSIVE of another process", _any, _locked)]),
    _slow(5),
    _slow(50),
)


@contextmanager
def prepared(fault: Fault, there: Path) -> Iterator[tuple[Way, Disk]]:
    """The first way that works here, and its disk.  Raises Impossible with every reason."""
    why = []
    with ExitStack() as stack:
        for way in fault.ways:
            try:
                disk = stack.enter_context(way.disk(there))
            except Impossible as reason:
                why.append(str(reason))
                continue
            yield way, disk
            return
    raise Impossible("; ".join(why))
