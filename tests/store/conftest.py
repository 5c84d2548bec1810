"""Every contract test runs once for each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engines import ENGINES, Kept


@pytest.fixture(params=ENGINES)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """An empty store."""
    kept = ENGINES[request.param](tmp_path)
    yield kept
    kept.store.close()
