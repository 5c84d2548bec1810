"""What a running service tells the garbage collector and the allocator, once and for all."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from iso_alert.garbage import THRESHOLDS, spare_what_stays

BLOCKS = """
from ctypes import CDLL, Structure, c_int
from iso_alert.garbage import keep_what_is_large_apart

class Told(Structure):  # struct mallinfo
    _fields_ = [(name, c_int) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks".split()]

allocator = CDLL(None)
if not hasattr(allocator, "mallinfo"):
    raise SystemExit(77)
allocator.mallinfo.restype = Told
keep_what_is_large_apart() if {told} else None
before, apart = allocator.mallinfo().hblks, []
for _ in range(3):
    block = bytes(1 << 20)
    apart.append(allocator.mallinfo().hblks - before)
    del block
print(apart)
"""


@pytest.fixture
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_as_before")
def test_what_stays_is_not_looked_at_again() -> None:
    """Everything that is there is frozen, garbage is not among it, and collections become rare."""
    there: dict[str, list[int]] = {"links": []}
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    spare_what_stays()
    looked_at = gc.get_objects()

    assert all(there is not one for one in looked_at)
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == THRESHOLDS


@pytest.mark.parametrize(("told", "apart"), [(True, [1, 1, 1]), (False, [1, 0, 0])])
def test_large_blocks_stay_apart_from_the_heap(told: bool, apart: list[int]) -> None:
    """Left to itself, the allocator takes every large block but the first from the heap, which then never shrinks."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS.replace("{told}", str(told))], stdout=subprocess.PIPE, text=True
    )
    if done.returncode == 77:
        pytest.skip("this is not glibc")

    assert (0, f"{apart}\n") == (done.returncode, done.stdout)
