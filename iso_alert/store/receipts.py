"""Join delivery receipts to the parts they speak of, whichever of receipt and answer comes first.

SMSCs write one message id in several forms: the answer in hexadecimal, the receipt in decimal, with or without leading
zeros.  A form that was not literally given counts only if the mobile number agrees too.  A receipt that fits nothing is
kept: its answer may still come, perhaps after a restart.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from sqlite3 import Connection
from typing import Any

from attrs import frozen

from iso_alert.domain.alert import AlertState
from iso_alert.domain.confirming import ENROLLED
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
    _enrolled: Callable[[int, str, int, float], None]  # customer, number, alert, time: a confirming SMS is there

    def settle(self, results: Sequence[Taken | Untaken | Confirmed]) -> Settled:
        """Join what the batch brought, and what waited for its answers."""
        confirmed: list[tuple[str, float | None]] = []
        strangers = []
        for receipt in results:
            if not isinstance(receipt, Confirmed):
                continue
            if receipt.delivered is None:
                confirmed.append((receipt.state, None))
            elif part := self._part(receipt):
                confirmed.append((receipt.state, self._confirm(receipt, part)))
            else:
                strangers.append(receipt)
        self._keep(strangers)
        confirmed += self._that_waited([one for one in results if isinstance(one, Taken)])
        return Settled(confirmed, len(strangers))

    def _that_waited(self, taken: Sequence[Taken]) -> Iterator[tuple[str, float | None]]:
        """Receipts that came before the answers of this batch; what still fits nothing goes on waiting."""
        for route in {one.route for one in taken}:
            answers = {bare(form): one for one in taken if one.route == route for form in one.ids if form}
            rows = {row[0]: row for row in self._read("early_receipts", [(form,) for form in answers], route)}
            for number, id_, mobile, state, error, at in rows.values():
                forms = (id_, *answers[id_].ids)
                receipt = Confirmed(route, forms, mobile, state, state == DELIVERED, error or "", at)
                if part := self._part(receipt):
                    self._forget("forget_receipts", [number])
                    yield state, self._confirm(receipt, part)

    def _part(self, receipt: Confirmed) -> Sequence[Any] | None:
        """The part that a receipt speaks of: by the id as given, else by another form of it and the same number.

        SMSCs use their ids again: of several parts the newest is meant.
        """
        forms = list(dict.fromkeys(map(bare, receipt.ids)))
        if not forms[0]:
            return None
        rows = self._read("receipts_for", [(form,) for form in forms], receipt.route)

        def rank(row: Sequence[Any]) -> tuple[bool, bool, int, int]:
            same_number = row[6].lstrip("+") == receipt.mobile.lstrip("+")
            return row[3] == forms[0], same_number, -forms.index(row[3]), row[0]

        return max((row for row in rows if any(rank(row)[:2])), key=rank, default=None)

    def _confirm(self, receipt: Confirmed, part: Sequence[Any]) -> float | None:
        alert, n, _, matched_id, parts, said, _ = part
        if said in (DELIVERED, receipt.state):
            return None  # told twice
        self._db.execute(SQL["confirm_part"], (receipt.state, receipt.error, receipt.at, alert, n, matched_id))
        became = self._db.execute(SQL["confirm_alert"], (receipt.at, parts, alert)).fetchall()
        for state, key, customer, mobile in became:
            if state == AlertState.DELIVERED.value and key == ENROLLED:
                self._enrolled(customer, mobile, alert, receipt.at)
        return receipt.at - int(alert) / 1e6

    def _keep(self, strangers: Iterable[Confirmed]) -> None:
        rows = [
            (one.route, bare(one.ids[0]), one.mobile, one.state, one.error, one.at) for one in strangers if one.ids[0]
        ]
        self._write("keep_receipts", rows)
