"""The engines of the store: what a contract test needs of each beside the verbs.

A second engine is one more row of ENGINES.
"""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from attrs import define, field

from iso_alert.domain.card import Kind
from iso_alert.domain.transaction import Transaction
from iso_alert.store.parcels import HEAD, Errand, unwrap, wrap
from iso_alert.store.port import Lease, Recorded, Settled, Store, Taken
from iso_alert.store.sqlite import Sqlite
from iso_alert.store.writer import Writer
from tests.support.bank import NOW, book, card_line, mobile, subscription_line

ROUTE = "operator"
PLENTY = 1000  # of room for leases


@define
class Kept:
    """A store and the place where it keeps things, so that it can be opened again and looked into."""

    open: Callable[[], Store]
    query: Callable[[str], list[tuple[Any, ...]]]  # as somebody else's connection sees, or changes, it
    store: Store = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.store = self.open()

    def reopen(self) -> None:
        """What a restart does."""
        self.store.close()
        self.store = self.open()

    # Shorter words for what most tests do.

    def subscribe(self, *serials: int, kind: Kind = Kind.CREDIT) -> None:
        self.store.import_cards([card_line(serial, kind) for serial in serials])
        self.store.import_subscriptions([subscription_line(serial) for serial in serials], NOW)

    def record(self, *batch: Transaction, room: int = 0, now: float = NOW) -> tuple[list[Recorded], list[Lease]]:
        return self.store.record(batch, book(), now, room)

    def lease(self, *batch: Transaction, now: float = NOW) -> list[Lease]:
        """Record, with room for every alert."""
        return self.record(*batch, room=PLENTY, now=now)[1]

    def claim(self, now: float = NOW, limit: int = PLENTY) -> list[Lease]:
        return self.store.claim(now, limit)

    def take(self, lease: Lease, *ids: str, n: int = 1, parts: int = 1, route: str = ROUTE) -> Settled:
        """The SMSC accepts a part under an id, whose other forms may follow."""
        return self.store.settle([Taken(lease.alert, n, parts, route, ids or (f"id{lease.alert}",), NOW + 1)])

    def count(self, table: str) -> int:
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0])

    def states(self) -> list[str]:
        """The state of every alert, in the order in which they were made."""
        return [row[0] for row in self.query("SELECT state FROM alert ORDER BY id")]

    def texts(self, leases: Sequence[Lease]) -> list[tuple[str, str]]:
        """Which text each lease is, and whose."""
        whose = {mobile(serial): f"C{serial}" for serial in range(1, 100)}
        return [(whose[lease.mobile], lease.key) for lease in leases]


def sqlite(directory: Path) -> Kept:
    path = directory / "alerts.db"

    def query(sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path)) as db, db:
            return db.execute(sql).fetchall()

    return Kept(lambda: Sqlite(path), query)


@define(eq=False)
class Parcelled:
    """A store as the service has it whose writer is a process of its own: all that goes in and out is a parcel."""

    _writer: Writer
    _path: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> "Parcelled":
        if name.startswith("__"):
            raise AttributeError(name)
        return Parcelled(self._writer, (*self._path, name))

    def __call__(self, *args: Any, **named: Any) -> Any:
        args = tuple([*arg] if isinstance(arg, Generator) else arg for arg in args)
        errand = _sent(Errand(self._path, args, named))
        good, answer = self._writer.do(errand)
        if isinstance(answer, Generator):  # of a verb that streams, which the service never asks for
            return answer
        good, answer = _sent((good, answer))
        if not good:
            raise answer
        return answer


def _sent(value: object) -> Any:
    return unwrap(wrap(value)[HEAD.size :])


def parcelled(directory: Path) -> Kept:
    """The same file by way of parcels, without the process between."""
    kept = sqlite(directory)
    kept.store.close()
    return Kept(lambda: cast("Store", Parcelled(Writer(Sqlite(directory / "alerts.db", alone=True)))), kept.query)


ENGINES: dict[str, Callable[[Path], Kept]] = {"sqlite": sqlite, "parcelled": parcelled}
