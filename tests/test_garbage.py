"""What a running service tells the garbage collector, once and for all."""

import gc
from collections.abc import Iterator

import pytest

from iso_alert.garbage import THRESHOLDS, spare_what_stays


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
