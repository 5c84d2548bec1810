"""`iso-alert keys status`, as whoever changes the keys reads it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iso_alert.cli import main
from iso_alert.domain.card import Keyring
from iso_alert.store.sqlite import Sqlite
from tests.support.bank import KEY, OLDER_KEY, card_line
from tests.support.deployment import deploy

(NEW,), (OLD,) = Keyring((KEY,)).names, Keyring((OLDER_KEY,)).names


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three cards under the older key, which comes second in the configuration."""
    (tmp_path / "older.key").write_text(OLDER_KEY.hex())
    path = deploy(tmp_path)
    path.write_text(path.read_text().replace('["pan.key"]', '["pan.key", "older.key"]'))
    store = Sqlite(tmp_path / "alerts.db")
    store.import_cards([card_line(serial, keyring=Keyring((OLDER_KEY,))) for serial in (1, 2, 3)])
    store.close()
    return path


def status(path: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["keys", "status", "-c", str(path), *options])


def move(path: Path, *serials: int) -> None:
    store = Sqlite(path.parent / "alerts.db")
    store.import_cards([card_line(serial, keyring=Keyring((KEY, OLDER_KEY))) for serial in serials])
    store.close()


def test_how_far_it_is(path: Path) -> None:
    """Newest first; nothing is said of a key that is still needed."""
    move(path, 1)
    told = status(path)

    assert told.exit_code == 0
    assert [line.split() for line in told.output.splitlines()] == [
        [NEW, "newest", "1", "cards,", "1", "of", "them", "a", "customer's"],
        [OLD, "older", "2", "cards,", "2", "of", "them", "a", "customer's"],
    ]


def test_a_key_that_nothing_needs_may_go(path: Path) -> None:
    """Once every card has moved."""
    move(path, 1, 2, 3)

    assert "may be retired" in status(path).output.splitlines()[1]


def test_a_key_that_is_missing_is_a_fault(path: Path) -> None:
    """The exit code tells a script what the line tells a person."""
    path.write_text(path.read_text().replace(', "older.key"', ""))
    told = status(path)

    assert told.exit_code == 3
    assert f"{OLD}  unknown" in told.output
    assert "never found again" in told.output


def test_as_json(path: Path) -> None:
    """For a script."""

    assert json.loads(status(path, "--json").output) == [
        {"key": NEW, "place": "newest", "cards": 0, "owned": 0},
        {"key": OLD, "place": "older", "cards": 3, "owned": 3},
    ]


def test_without_a_store(path: Path) -> None:
    """Named, with 78."""
    (path.parent / "alerts.db").unlink()
    told = status(path)

    assert told.exit_code == 78
    assert "alerts.db" in told.output


def test_no_key_is_shown(path: Path) -> None:
    """A name tells nothing about its key."""

    assert KEY.hex() not in status(path).output
    assert OLDER_KEY.hex()[:16] not in status(path, "--json").output
