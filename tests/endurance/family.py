"""A process and those that it has started: whoever kills a service may take all of them, or leave orphans."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import trio

GLANCE = 0.01  # seconds
GONE = (FileNotFoundError, ProcessLookupError)


def family(process: int) -> list[int]:
    """The process, and its descendants that live."""
    found = [process]
    with suppress(*GONE):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                found += family(int(child))
    return found


def kill(processes: Iterable[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


async def gone(processes: Iterable[int]) -> None:
    """Return when none of them lives any more."""
    for process in processes:
        while _lives(process):
            await trio.sleep(GLANCE)


def _lives(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except GONE:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"  # an orphan may wait long for somebody to bury it
