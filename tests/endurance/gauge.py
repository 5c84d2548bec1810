"""Watch a service while others keep it busy: memory, descriptors and threads as a curve, and whether it is flat.

A machine of which others have a part is not always as fast.  A loop of plain Python tells how fast it is meanwhile: of
its processor time only, which does not count what the service takes from it.  One page of a file beside the store tells
how long the disk takes to have it, behind what the service gave it to do.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import linear_regression
from threading import Event, Thread
from time import monotonic, thread_time
from typing import TypeVar

from attrs import frozen

from bench.memory import family, resident
from bench.process import cpu

_TALL, _WIDE = 10, 72  # of a chart
_TURNS = 100_000  # of the loop: a few milliseconds
_PAGE = 4096  # bytes
T = TypeVar("T")


@frozen
class Look:
    """What a service held at one moment, in seconds since the watch began: its processes taken together."""

    at: float
    memory: float  # MB that are resident
    descriptors: int
    threads: int
    started: float = 0.0  # MB of `memory` that are those of the processes it has started: the writer


def look(pid: int, at: float) -> Look:
    processes = [Path(f"/proc/{one}") for one in family(pid)]
    return Look(
        at,
        sum(resident(int(each.name)) for each in processes),
        sum(len(list((each / "fd").iterdir())) for each in processes),
        sum(len(list((each / "task").iterdir())) for each in processes),
        sum(resident(int(each.name)) for each in processes[1:]),
    )


def spent(pid: int) -> float:
    """Seconds of processor time that it and what it has started took so far."""
    return sum(cpu(one) for one in family(pid))


def loop() -> float:
    """Milliseconds of processor time that a loop of always the same length takes."""
    began = thread_time()
    for _ in range(_TURNS):
        pass
    return 1000 * (thread_time() - began)


def sync(file: Path) -> float:
    """Milliseconds until the disk has a page that is written there."""
    began = monotonic()
    page = os.open(file, os.O_WRONLY | os.O_CREAT)
    try:
        os.pwrite(page, bytes(_PAGE), 0)
        os.fsync(page)
    finally:
        os.close(page)
    return 1000 * (monotonic() - began)


@contextmanager
def watched(pid: int, every: float) -> Iterator[list[Look]]:
    """The looks so far, one more every so many seconds, and the last one on the way out."""
    began = monotonic()
    with each(every, lambda: look(pid, monotonic() - began)) as looks:
        yield looks


@contextmanager
def each(every: float, see: Callable[[], T]) -> Iterator[list[T]]:
    """What is seen now, every so many seconds, and on the way out."""
    seen, over, began = [see()], Event(), monotonic()

    def watch() -> None:
        while not over.wait(every - (monotonic() - began) % every):
            seen.append(see())

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
        seen.append(see())
    finally:
        over.set()
        thread.join()


def growth(looks: Sequence[Look]) -> float:
    """MB an hour by which memory grows: the slope of the straight line through the looks."""
    if len({one.at for one in looks}) < 2:
        return 0.0
    return 3600 * linear_regression([one.at for one in looks], [one.memory for one in looks]).slope


def chart(looks: Sequence[Look]) -> list[str]:
    """Memory over time in plain characters, from nothing to the most."""
    most, width = max(one.memory for one in looks), min(_WIDE, len(looks))
    shown = [looks[(len(looks) - 1) * n // max(1, width - 1)].memory / most * _TALL for n in range(width)]
    rows = ["".join("█" if height >= level - 0.5 else " " for height in shown) for level in range(_TALL, 0, -1)]
    marks = [f"{most:.0f} MB", *[""] * (_TALL - 1)]
    foot = f"{'0':>8} └{'─' * width} {looks[-1].at / 60:.1f} min"
    return [*(f"{mark:>8} │{row}" for mark, row in zip(marks, rows, strict=True)), foot]
