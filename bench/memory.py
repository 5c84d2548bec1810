"""What a service holds: of its process, and of those that it has started (the writer).

Resident counts what several processes share in each of them; proportional divides it among all who share it, so that
sums are true, but it moves when a neighbour starts or ends.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

_PAGE = os.sysconf("SC_PAGE_SIZE")


@frozen
class Held:
    """MB of one process."""

    resident: float
    proportional: float


def family(pid: int) -> Iterator[int]:
    """The process, and whatever it has started, eldest first."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text(encoding="ascii").split():
            yield from family(int(child))


def resident(pid: int) -> float:
    """MB of one process: cheap enough to be asked all the time."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE / 1e6


def held(pid: int) -> list[Held]:
    """What each of the family holds now."""
    return [Held(resident(one), _proportional(one)) for one in family(pid)]


def _proportional(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6
