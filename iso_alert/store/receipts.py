"""Join delivery receipts to the parts they speak of, whichever of receipt and answer comes first.

SMSCs write one message id in several forms: the answer in hexadecimal, the receipt in decimal, with or without leading
zeros.  A form that was not literally given counts only if the mobile number agrees too.  A receipt that fits nothing is
kept: its answer may still come, perhaps after a restart.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from iso_alert.domain.alert import AlertState
from iso_alert.domain.confirming import ENROLLED
from iso_alert.store.port import Confirmed, Result, Settled, Taken
from iso_alert.store.rows import bare
from iso_alert.store.steps import Steps

DELIVERED = "DELIVRD"
Enrolled = Callable[[int, str, int, float], None]  # customer, number, alert, time: a confirming SMS is there
Part = Sequence[Any]  # alert, n, message id, the same as compared, what its receipt said, mobile
Joined = list[tuple[Confirmed, Part]]


@frozen
class Receipts:
    """The receipts of one batch, inside its transaction."""

    _steps: Steps
    _enrolled: Enrolled

    def settle(self, results: Sequence[Result]) -> Settled:
        """Join what the batch brought, and what waited for its answers."""
        receipts = [one for one in results if isinstance(one, Confirmed)]
        on_the_way = [(one.state, None) for one in receipts if one.delivered is None]
        final = [one for one in receipts if one.delivered is not None]
        joined, strangers = self._join(final)
        self._keep(strangers)
        waited = self._that_waited([one for one in results if isinstance(one, Taken)])
        return Settled([*on_the_way, *self._confirm(joined), *self._confirm(waited)], len(strangers))

    def _join(self, receipts: Sequence[Confirmed]) -> tuple[Joined, list[Confirmed]]:
        """Each receipt with its part, and those that fit none."""
        joined: Joined = []
        strangers = []
        for route in {one.route for one in receipts}:
            these = [(one, list(dict.fromkeys(map(bare, one.ids)))) for one in receipts if one.route == route]
            literal = self._parts(route, {forms[0] for _, forms in these})
            others = self._parts(route, {form for _, forms in these if forms[0] not in literal for form in forms[1:]})
            for one, forms in these:
                part = _meant(one, forms, literal if forms[0] in literal else others)
                if part:
                    joined.append((one, part))
                else:
                    strangers.append(one)
        return joined, strangers

    def _parts(self, route: str, forms: Iterable[str]) -> Mapping[str, Sequence[Part]]:
        """The parts that the SMSC may have called so."""
        found: dict[str, list[Part]] = {}
        for row in self._steps.read("receipts_for", [(form,) for form in forms if form], route):
            found.setdefault(row[3], []).append(row)
        return found

    def _that_waited(self, taken: Sequence[Taken]) -> Joined:
        """Receipts that came before the answers of this batch; what still fits nothing goes on waiting."""
        if not taken or not self._steps.one("any_early_receipt")[0]:
            return []
        known: dict[int, Confirmed] = {}
        for route in {one.route for one in taken}:
            answers = {bare(form): one for one in taken if one.route == route for form in one.ids if form}
            for number, id_, mobile, state, error, at in self._steps.read(
                "early_receipts", [(f,) for f in answers], route
            ):
                forms = (id_, *answers[id_].ids)
                known[number] = Confirmed(route, forms, mobile, state, state == DELIVERED, error or "", at)
        joined, _ = self._join(list(known.values()))
        fitting = {id(one) for one, _ in joined}
        self._steps.update("forget_receipts", [number for number, one in known.items() if id(one) in fitting])
        return joined

    def _confirm(self, joined: Joined) -> list[tuple[str, float | None]]:
        """Write what is new, and tell of each receipt how long after the message it came."""
        new = [(one, part) for one, part in joined if part[4] not in (DELIVERED, one.state)]
        if new:
            words = sorted(new, key=lambda pair: pair[0].state == DELIVERED)
            by_part = {(part[0], part[1], part[3]): one for one, part in words}
            self._steps.write("confirm_parts", [(one.state, one.error, one.at, *key) for key, one in by_part.items()])
            alerts, at = sorted({part[0] for _, part in new}), max(one.at for one, _ in new)
            self._steps.update("confirm_alerts", alerts, at)
            self.arrived(alerts, AlertState.DELIVERED, at)
        told_now = {id(one) for one, _ in new}
        return [(one.state, one.at - part[0] / 1e6 if id(one) in told_now else None) for one, part in joined]

    def arrived(self, alerts: Sequence[int], state: AlertState, at: float) -> None:
        """Let confirming SMS among these, that have come so far, do what they are for (R-35)."""
        for alert, customer, mobile in self._steps.read(
            "confirming", [(one,) for one in alerts], ENROLLED, state.value
        ):
            self._enrolled(customer, mobile, alert, at)

    def _keep(self, strangers: Iterable[Confirmed]) -> None:
        for one in strangers:
            if one.ids[0]:
                row = (one.route, bare(one.ids[0]), one.mobile, one.state, one.error, one.at)
                self._steps.write("keep_receipt", [row])


def _meant(receipt: Confirmed, forms: Sequence[str], found: Mapping[str, Sequence[Part]]) -> Part | None:
    """The part that a receipt speaks of: by the id as given, else by another form of it and the same number.

    SMSCs use their ids again: of several parts the newest is meant.
    """
    if not forms[0]:
        return None

    def rank(row: Part) -> tuple[bool, bool, int, int]:
        same_number = row[5].lstrip("+") == receipt.mobile.lstrip("+")
        return row[3] == forms[0], same_number, -forms.index(row[3]), row[0]

    rows = [row for form in forms for row in found.get(form, ())]
    if len(rows) == 1 and rows[0][3] == forms[0]:
        return rows[0]
    return max((row for row in rows if any(rank(row)[:2])), key=rank, default=None)
