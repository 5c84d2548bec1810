"""Under which keys are cards written?  Asked beside a running service, over a read-only connection of its own.

A token begins with the name of its key, so the index that finds cards also finds the keys, by jumping from one to the
next.  Nothing is kept for it, and no insert is slower.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import frozen

from iso_alert.store.port import StoreUnavailable
from iso_alert.store.queries import statements

SQL = statements("keys.sql")
NAME = 4  # bytes of a token that name its key
LAST = b"\xff" * 64  # behind every token of a key


@frozen
class Held:
    """What is written under one key; `owned` are the cards of a customer, the others were seen in messages only."""

    key: str
    cards: int
    owned: int


def held(store: Path, known: Sequence[str]) -> list[Held]:
    """The keys that are known, in their order, then those that are not and have cards.  Raises StoreUnavailable."""
    with _asking(store) as db:
        strange = [name for name in _keys(db) if name.hex() not in known]
        return [_under(db, name) for name in (*map(bytes.fromhex, known), *strange)]


def lost(store: Path, known: Sequence[str]) -> list[Held]:
    """The keys that nobody knows any more and that have cards.  At once when there are none."""
    with _asking(store) as db:
        return [_under(db, name) for name in _keys(db) if name.hex() not in known]


@contextmanager
def _asking(store: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as cause:
        raise StoreUnavailable(f"{store}: {cause}") from None


def _keys(db: sqlite3.Connection) -> Iterator[bytes]:
    name = b""
    while (token := db.execute(SQL["next_token"], (name and name + LAST,)).fetchone()[0]) is not None:
        name = bytes(token[:NAME])
        yield name


def _under(db: sqlite3.Connection, name: bytes) -> Held:
    return Held(name.hex(), *db.execute(SQL["cards_under"], (name, name + LAST)).fetchone())
