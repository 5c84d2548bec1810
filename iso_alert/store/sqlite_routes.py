"""Routes in the SQLite store: it shares the connection and the transactions of `sqlite.Sqlite`."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from sqlite3 import Connection

from iso_alert.domain.command import Actor
from iso_alert.store.file import honest
from iso_alert.store.people import Entry
from iso_alert.store.queries import statements
from iso_alert.store.routes import Drained
from iso_alert.store.sqlite_trail import Trail

SQL = statements("routes.sql")
DRAIN, RESUME = "drain_route", "resume_route"  # operations of the audit trail


class SqliteRoutes:
    """A routes.Routes on somebody else's connection."""

    def __init__(
        self, db: Connection, store: Path, audited: Callable[[], AbstractContextManager[None]], trail: Trail
    ) -> None:
        self._db, self._store, self._audited, self._trail = db, store, audited, trail

    def drain(self, route: str, actor: Actor, now: float, reason: str = "") -> None:
        with self._audited():
            self._db.execute(SQL["drain"], (route, now, actor.name, reason))
            self._trail.append(_entry(DRAIN, route, actor, reason), now)

    def resume(self, route: str, actor: Actor, now: float, reason: str = "") -> None:
        with self._audited():
            self._db.execute(SQL["resume"], (route,))
            self._trail.append(_entry(RESUME, route, actor, reason), now)

    def drained(self) -> Sequence[Drained]:
        with honest(self._store):
            return [Drained(*row) for row in self._db.execute(SQL["drained"]).fetchall()]

    def begun(self, alerts: Collection[int], there: Collection[str]) -> Mapping[int, str]:
        with self._audited():
            asked = json.dumps([*alerts])
            self._db.execute(SQL["forget_parts"], (asked, json.dumps([*there])))
            return dict(self._db.execute(SQL["begun"], (asked,)).fetchall())


def _entry(operation: str, route: str, actor: Actor, reason: str) -> Entry:
    return Entry(actor, operation, "00", reason=reason, after=json.dumps({"route": route}))
