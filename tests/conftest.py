"""What every test may count on."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _logs_as_new() -> Iterator[None]:
    """A command that sets up its logs in our process must not set up those of the next test."""
    yield
    structlog.reset_defaults()
