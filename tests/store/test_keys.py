"""How many cards are written under each key: seen beside the service, and right while they move."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from iso_alert.domain.card import Keyring
from iso_alert.store.keys import Held, held, lost
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite
from tests.support.bank import KEY, LINK, NOW, OLDER_KEY, book, card, card_line, sale

OLD, NEW, BOTH = Keyring((OLDER_KEY,)), Keyring((KEY,)), Keyring((KEY, OLDER_KEY))
(OLD_NAME,), (NEW_NAME,) = OLD.names, NEW.names


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Five cards of customers and two that were only seen, all under the older key."""
    store = Sqlite(tmp_path / "alerts.db")
    store.import_cards([card_line(serial, keyring=OLD) for serial in range(1, 6)])
    store.record([sale(serial, serial, card=card(serial, OLD)) for serial in (6, 7)], book(), NOW, 0)
    store.close()
    return tmp_path / "alerts.db"


def test_before_a_rotation(path: Path) -> None:
    """All under the one key, and how many of them are somebody's."""

    assert held(path, OLD.names) == [Held(OLD_NAME, 7, 5)]
    assert lost(path, OLD.names) == []


def test_a_new_key_begins_with_nothing(path: Path) -> None:
    """It is configured, and no card has been met yet."""

    assert held(path, BOTH.names) == [Held(NEW_NAME, 0, 0), Held(OLD_NAME, 7, 5)]


def test_cards_move_as_they_are_met(path: Path) -> None:
    """One in a message, two in the card file."""
    store = Sqlite(path)
    store.record([sale(1, 1, card=card(1, BOTH))], book(), NOW, 0)
    store.import_cards([card_line(serial, keyring=BOTH) for serial in (2, 3)])

    assert held(path, BOTH.names) == [Held(NEW_NAME, 3, 3), Held(OLD_NAME, 4, 2)]

    store.close()


def test_a_key_that_is_gone_is_noticed(path: Path) -> None:
    """Its cards are never found again: whoever took it out should know how many they are."""

    assert lost(path, NEW.names) == [Held(OLD_NAME, 7, 5)]
    assert held(path, NEW.names) == [Held(NEW_NAME, 0, 0), Held(OLD_NAME, 7, 5)]


def test_an_empty_store(tmp_path: Path) -> None:
    """Nothing is written under anything."""
    Sqlite(tmp_path / "alerts.db").close()

    assert lost(tmp_path / "alerts.db", NEW.names) == []
    assert held(tmp_path / "alerts.db", NEW.names) == [Held(NEW_NAME, 0, 0)]


def test_names_at_the_ends_of_the_alphabet(tmp_path: Path) -> None:
    """A key's name is any four bytes."""
    path = tmp_path / "alerts.db"
    Sqlite(path).close()
    names = [bytes(4), b"\0\0\0\1", b"\xff\xff\xff\xfe", b"\xff" * 4]
    with closing(sqlite3.connect(path)) as db, db:
        tokens = [(name + bytes([n]) * 32,) for name in names for n in (0, 1, 255)]
        db.executemany("INSERT INTO card (token, last4) VALUES (?, '0000')", tokens)

    assert lost(path, []) == [Held(name.hex(), 3, 0) for name in names]


def test_no_store_is_no_bug(tmp_path: Path) -> None:
    """It says so in the store's own word, and makes none."""
    with pytest.raises(StoreUnavailable):
        held(tmp_path / "alerts.db", NEW.names)

    assert not (tmp_path / "alerts.db").exists()


def test_a_half_outlives_the_move_of_its_card(path: Path) -> None:
    """It was put aside under the older key, and is given up after its card has moved to the new one."""
    rules = evolve(book(), paired=frozenset({LINK}))
    store = Sqlite(path)
    store.record([sale(1, 1, card=card(1, OLD))], rules, NOW, 0)
    store.record([sale(1, 2, card=card(1, BOTH))], book(), NOW, 0)  # on a link that does not mirror
    recorded, _ = store.overdue(rules, NOW + 100, 0)
    store.close()

    assert [one.decision is not None for one in recorded] == [True]
