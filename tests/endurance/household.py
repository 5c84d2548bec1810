"""What a service holds with its children: the store may be written by a process of its own."""

from collections.abc import Iterator
from pathlib import Path

from tests.endurance.gauge import Look, look


def household(pid: int) -> Iterator[int]:
    """A process, its children and theirs."""
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        yield from household(int(child))


def look_at_all(pid: int, at: float) -> Look:
    """Their sums.  FileNotFoundError when one of them ends meanwhile."""
    looks = [look(one, at) for one in household(pid)]
    return Look(
        at, sum(one.memory for one in looks), sum(one.descriptors for one in looks), sum(one.threads for one in looks)
    )
