"""The files of fixtures/iso8583/, read once for all tests that want them."""

from pathlib import Path

import pytest

from iso_alert.domain.card import Keyring
from iso_alert.sim.fixture import Fixture, read_fixtures

DIRECTORY = Path(__file__).parents[1] / "fixtures" / "iso8583"
KEYRING = Keyring((b"a key for tests, which is no secret",))
FIXTURES = read_fixtures([DIRECTORY])
LOST = [fixture for fixture in FIXTURES if fixture.lost]
WHOLE = [fixture for fixture in FIXTURES if not fixture.lost]
REFUSED = [fixture for fixture in WHOLE if fixture.refused]
READ = [fixture for fixture in WHOLE if not fixture.refused]


def each(fixtures: list[Fixture]) -> pytest.MarkDecorator:
    """Run a test once for each; the file's stem is the test's id."""
    return pytest.mark.parametrize("fixture", fixtures, ids=lambda fixture: fixture.name)
