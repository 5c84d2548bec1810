"""The audit trail in SQLite: append, read, purge, verify.  How the chain is made stands in `chain`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from sqlite3 import Connection, OperationalError
from typing import Any

from iso_alert.domain.command import Actor, Via
from iso_alert.store.chain import NOTHING, Anchor, AnchorFile, faults, link
from iso_alert.store.people import AuditRow, Entry
from iso_alert.store.queries import statements

SQL = statements("people.sql")
PAGE = 10_000  # rows at a time
PURGED = "audit_purged"  # the setting that allows the trigger to let rows go


class Trail:
    """Appends inside the caller's transaction; `anchor` comes after its commit."""

    def __init__(self, db: Connection, store: Path) -> None:
        self._db = db
        self._file = AnchorFile(store.with_name(store.name + "-audit"))
        self._newest: Anchor | None = None  # the last row that we appended, until it is anchored
        self._fits = False  # whether the anchor belonged to the trail before it

    def append(self, entry: Entry, now: float) -> None:
        head = self._head()
        if head != self._newest:  # the first of a transaction, or somebody else's, or ours was rolled back
            self._fits = self._belongs(head)
        who = entry.actor
        row = (
            head.id + 1, now, who.name, who.via.value, who.origin, entry.operation, entry.outcome, entry.customer,
            entry.last4, entry.reason, entry.before, entry.after,
        )  # fmt: skip
        newest = self._newest = Anchor(head.id + 1, link(head.hash, row))
        self._db.execute(SQL["audit_append"], (*row, newest.hash))

    def anchor(self) -> None:
        """Remember the newest row elsewhere, if there are new ones.

        Never fails: a crash here, or a full disk, leaves an older anchor, which is still a true one.
        """
        newest, self._newest = self._newest, None
        if newest and self._fits:
            with suppress(OSError, OperationalError):
                if self._hash(newest.id) == newest.hash:  # else it was rolled back
                    self._file.write(newest)

    def _head(self) -> Anchor:
        return Anchor(*(self._db.execute(SQL["audit_head"]).fetchone() or (0, NOTHING)))

    def _belongs(self, head: Anchor) -> bool:
        """Whether the anchor may be moved on: its row is here.  A missing one is made anew: `verify` told of it."""
        try:
            anchor = self._file.read()
        except (ValueError, OSError):
            return False
        return anchor is None or anchor == head or self._hash(anchor.id) == anchor.hash

    def _hash(self, number: int) -> bytes | None:
        row = self._db.execute(SQL["audit_hash"], (number,)).fetchone()
        base = self._base()
        return row[0] if row else base.hash if base.id == number else None

    def _base(self) -> Anchor:
        """What the oldest row follows: nothing, or what was purged."""
        row = self._db.execute(SQL["audit_purges"]).fetchone()
        return Anchor.read(json.loads(row[0])["goes on from"]) if row else Anchor()

    def rows(self, after: int, limit: int) -> list[AuditRow]:
        return [_row(row) for row in self._db.execute(SQL["audit_rows"], (after, limit))]

    def purge(self, before: float, actor: Actor, now: float) -> int:
        """Take old rows away, and say so in a row that holds the hash of the last of them."""
        last, count = self._db.execute(SQL["audit_older"], (before,)).fetchone()
        if not count:
            return 0
        base = Anchor(last, self._db.execute(SQL["audit_hash"], (last,)).fetchone()[0])
        self._db.execute(SQL["set"], (PURGED, str(last)))
        self.append(
            Entry(actor, "purge_audit", "00", after=json.dumps({"rows": count, "goes on from": str(base)})), now
        )
        self._db.execute(SQL["audit_purge"], (last,))
        return int(count)

    def verify(self) -> list[str]:
        try:
            anchor = self._file.read()
        except (ValueError, OSError) as fault:
            return [f"the anchor {self._file.path} cannot be read: {fault}"]
        return list(faults(self._all(), self._base(), anchor))

    def _all(self) -> Iterator[Sequence[Any]]:
        last = 0
        while page := self._db.execute(SQL["audit_rows"], (last, PAGE)).fetchall():
            yield from page
            last = page[-1][0]


def _row(row: Sequence[Any]) -> AuditRow:
    id_, at, name, via, origin, operation, outcome, customer, last4, reason, before, after, _ = row
    actor = Actor(name, Via(via), origin)
    return AuditRow(id_, at, Entry(actor, operation, outcome, customer, last4, reason, before, after))
