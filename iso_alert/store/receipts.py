"""Join delivery receipts to the parts they speak of, whichever of receipt and answer comes first.

SMSCs write one message id in several forms: the answer in hexadecimal, the receipt in decimal, with or without leading
zeros.  A form that was not literally given counts only if the mobile number agrees too.  A receipt that fits nothing is
kept: its answer may still come, perhaps after a restart.
"""

from collections.abc import Callable, Iterable, Sequence
from sqlite3 import Connection
from typing import Any

from attrs import frozen

from iso_alert.store.port import Confirmed, Settled, Taken, Untaken
from iso_alert.store.queries import statements
from iso_alert.store.rows import bare

SQL = statements("sqlite.sql")
DELIVERED = "DELIVRD"
Read = Callable[..., list[Any]]
Write = Callable[[str, Sequence[Sequence[Any]]], None]


@frozen
class Receipts:
    """The receipts of one batch, inside its transaction."""

    _db: Connection
    _read: Read
    _write: Write
    _forget: Callable[[str, Sequence[int]], None]

    def settle(self, results: Sequence[Taken | Untaken | Confirmed]) -> Settled:
        """Join what the batch brought, and what waited for its answers."""
        taken = [one for one in results if isinstance(one, Taken)]
        receipts = [one for one in results if isinstance(one, Confirmed)]
        waiting = self._that_waited(taken)
        confirmed: list[tuple[str, float | None]] = []
        strangers = []
        for receipt in (*waiting, *receipts):
            if receipt.delivered is None:
                confirmed.append((receipt.state, None))
            elif part := self._part(receipt):
                confirmed.append((receipt.state, self._confirm(receipt, part)))
            elif receipt not in waiting:
                strangers.append(receipt)
        self._keep(strangers)
        return Settled(confirmed, len(strangers))

    def _that_waited(self, taken: Sequence[Taken]) -> list[Confirmed]:
        found: list[Confirmed] = []
        for route in {one.route for one in taken}:
            ids = [(form,) for one in taken if one.route == route for form in {bare(form) for form in one.ids}]
            rows = {row[0]: row for row in self._read("early_receipts", ids, route)}
            found += [
                Confirmed(route, (id_,), mobile, state, state == DELIVERED, error or "", at)
                for _, id_, mobile, state, error, at in rows.values()
            ]
            self._forget("forget_receipts", list(rows))
        return found

    def _part(self, receipt: Confirmed) -> Sequence[Any] | None:
        """The part that a receipt speaks of: by the id as given, else by another form of it and the same number."""
        forms = list(dict.fromkeys(map(bare, receipt.ids)))
        rows = self._read("receipts_for", [(form,) for form in forms], receipt.route)
        literal = [row for row in rows if row[2] == receipt.ids[0]]
        same_number = [row for row in rows if row[6].lstrip("+") == receipt.mobile.lstrip("+")]
        ranked = literal or sorted(same_number, key=lambda row: forms.index(row[3]))
        return ranked[0] if ranked else None

    def _confirm(self, receipt: Confirmed, part: Sequence[Any]) -> float | None:
        alert, n, _, matched_id, parts, said, _ = part
        if said == DELIVERED:
            return None  # told twice
        self._db.execute(SQL["confirm_part"], (receipt.state, receipt.error, receipt.at, alert, n, matched_id))
        self._db.execute(SQL["confirm_alert"], (receipt.at, parts, alert))
        return receipt.at - int(alert) / 1e6

    def _keep(self, strangers: Iterable[Confirmed]) -> None:
        rows = [(one.route, bare(one.ids[0]), one.mobile, one.state, one.error, one.at) for one in strangers]
        self._write("keep_receipts", rows)
