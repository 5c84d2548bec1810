"""Other processes of a measurement: start them, speak with them in lines, ask what they used, end them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from select import select
from time import monotonic
from typing import Any, Protocol, TextIO

from attrs import define, field

START, STOP = 60.0, 30.0  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")
_HERE = Path(__file__).parent.parent


def cpu(pid: int) -> float:
    """Seconds of processor time that a process took so far, all threads; those that it has started not."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Died(Exception):
    """A process that the measurement needs ended, or said nothing: there is no figure."""


@define(eq=False)
class Child:
    """One process."""

    name: str
    _process: "subprocess.Popen[str]" = field(alias="process")

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, what: object = None) -> None:
        """Give it a line: JSON, or nothing but the line."""
        assert self._process.stdin
        self._process.stdin.write(("" if what is None else json.dumps(what)) + "\n")
        self._process.stdin.flush()

    def line(self, patience: float = START) -> str:
        """Its next line.  Raises Died when there is none in time."""
        out = self._process.stdout
        assert out
        if not select([out], [], [], patience)[0] or not (line := out.readline()):
            raise Died(f"{self.name} said nothing for {patience:.0f} s, exit code {self._process.poll()}")
        return line.strip()

    def answer(self, patience: float = START) -> Any:
        return json.loads(self.line(patience))

    def alive(self) -> bool:
        return self._process.poll() is None

    def cpu(self) -> float:
        """Seconds of processor time so far, all threads."""
        return cpu(self.pid)

    def memory(self) -> float:
        """MB that are resident now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        """Ask it to leave, and insist after a while.  Idempotent."""
        if self.alive():
            self._process.terminate()
        try:
            self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def child(name: str, arguments: Sequence[str], errors: TextIO | None = None) -> Iterator[Child]:
    """A Python process, ended on the way out."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(_HERE), os.environ.get("PYTHONPATH")]))}
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environ, text=True,
    ) as process:  # fmt: skip
        one = Child(name, process)
        try:
            yield one
        finally:
            one.stop()


class Busy(Protocol):
    """A process whose share of the processor can be asked."""

    @property
    def name(self) -> str: ...

    def cpu(self) -> float: ...


@define
class Usage:
    """What processes use from now on, as a share of one core each; `others` is whatever else this machine does.

    A figure beside which `others` is large says little.
    """

    _children: Sequence[Busy]
    _since: float = field(init=False)
    _before: list[float] = field(init=False)
    _busy: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._before = [one.cpu() for one in self._children]
        self._since, self._busy = monotonic(), _busy()

    def shares(self) -> dict[str, float]:
        wall, busy = monotonic() - self._since, _busy() - self._busy
        used = [one.cpu() - before for one, before in zip(self._children, self._before, strict=True)]
        named = {one.name: share / wall for one, share in zip(self._children, used, strict=True)}
        return {**named, "others": max(0.0, busy - sum(used)) / wall}


def _busy() -> float:
    """Seconds that all cores together have worked, since the machine started."""
    user, nice, system, _, _, interrupts, soft, *_ = Path("/proc/stat").read_text(encoding="ascii").split()[1:9]
    return sum(map(int, (user, nice, system, interrupts, soft))) / _TICKS
