"""A counter for every test of the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.counter import Counter, counter


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Counter]:
    """Open, with a token for each role."""
    with counter(tmp_path) as made:
        yield made
