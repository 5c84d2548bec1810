"""Hold the store's word on every alert against what the SMSC saw, and both against what the host was answered."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from iso_alert import shipped
from iso_alert.domain.alert import FEW, NEVER_SENT, AlertState
from iso_alert.service.route_config import load_statuses
from iso_alert.smpp.command import Action
from iso_alert.smpp.text import cut
from tests.endurance.ledger import Copy, Key, Ledger
from tests.endurance.report import Report
from tests.support.cardholders import Happening

_ALERTS = "SELECT id, lane, key, mobile, text, state, doubts, cause FROM alert ORDER BY id"
_PARTS = "SELECT alert, n, message_id, state FROM part"
WITH_THE_SMSC = {"accepted", "delivered", "undelivered"}
HONEST_ENDS = WITH_THE_SMSC | {"unknown", "refused", "withdrawn"}
_NEVER_SENT = {state.value for state in NEVER_SENT}


@frozen
class Alert:
    """One alert as the store has it."""

    id: int
    lane: int
    key: str
    mobile: str
    text: str
    state: str
    doubts: int
    cause: str | None

    @property
    def parts(self) -> list[Key]:
        """What an SMSC is given."""
        return [(self.mobile.lstrip("+"), part.short_message) for part in cut(self.text, reference=self.id)]


@define(eq=False)
class Witness:
    """One run, once the service has left."""

    store: Path
    ledger: Ledger
    copies: Mapping[Key, Sequence[Copy]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.copies = self.ledger.by_key()

    @cached_property
    def alerts(self) -> list[Alert]:
        return [Alert(*row) for row in self._read(_ALERTS)]

    def _read(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.store)) as db:
            return db.execute(sql).fetchall()

    def tell(self, report: Report, answered: Iterable[Happening]) -> None:
        """Every fact that a store and a ledger can prove."""
        states = Counter(alert.state for alert in self.alerts)
        report.figure("alerts", len(self.alerts))
        report.figure("ended as", ", ".join(f"{state} {count:,}" for state, count in states.most_common()))
        report.figure("submit_sm", len(self.ledger.copies))
        report.figure("SMS that came more than once", sum(self._times(alert) > 1 for alert in self.alerts))
        late = [alert for alert in self.alerts if (alert.cause or "").startswith("answered late")]
        report.figure("called back by a late answer", sum(self._times(alert) <= 1 for alert in late))
        nobody = sum(not self._times(alert) for alert in self.alerts if alert.state == "unknown")
        report.figure("unknown, and on nobody's phone", nobody)
        for says, sinners in self._sinners(answered):
            report.none(says, sinners)

    def _sinners(self, answered: Iterable[Happening]) -> Iterator[tuple[str, Iterable[object]]]:
        yield "every answered sale has its alert, once, word for word", self.untold(answered)
        yield (
            "every alert has come to an end that has a name",
            (_about(alert) for alert in self.alerts if alert.state not in HONEST_ENDS),
        )
        yield (
            "what the store calls accepted, the SMSC has said yes to, each part of it",
            (
                _about(alert)
                for alert in self.alerts
                if alert.state in WITH_THE_SMSC and not all(self._said_yes(part) for part in alert.parts)
            ),
        )
        yield "what the store calls refused, the SMSC has refused", self._by_state("refused", self._was_refused)
        yield (
            "what the store calls unknown was sent twice and surely answered never",
            self._by_state("unknown", self._is_in_doubt),
        )
        yield "what the store calls withdrawn takes back what nobody was told", self._withdrawn_wrongly()
        yield "nothing is sent again that the SMSC has surely taken", self._again_for_nothing()
        yield (
            "what came more than once was in doubt, and is marked so",
            (_about(alert) for alert in self.alerts if self._times(alert) > 1 + min(alert.doubts, 1)),
        )
        yield "each card's SMS came first in the order of what happened", self._overtakers()
        yield "nothing came that the store does not know", self._strangers()
        yield "every acknowledged receipt stands in the store", self._forgotten_receipts()

    # ---- what is asked of one alert

    def _said_yes(self, part: Key) -> bool:
        return any(copy.status == 0 for copy in self.copies.get(part, ()))

    def _times(self, alert: Alert) -> int:
        """How often the phone may have shown it; of several parts the one that came most often counts."""
        return max(sum(copy.taken for copy in self.copies.get(part, ())) for part in alert.parts)

    def _was_refused(self, alert: Alert) -> bool:
        statuses = [copy.status for part in alert.parts for copy in self.copies.get(part, ()) if copy.status]
        actions = [_STATUSES.action(status) for status in statuses]
        return Action.NEVER in actions or (Action.RETRY_FEW in actions and len(actions) >= FEW)

    def _is_in_doubt(self, alert: Alert) -> bool:
        known = all(any(copy.known_from < inf for copy in self.copies.get(part, ())) for part in alert.parts)
        return alert.doubts == 2 and not known

    def _by_state(self, state: str, honest: Callable[[Alert], bool]) -> Iterator[str]:
        return (_about(alert) for alert in self.alerts if alert.state == state and not honest(alert))

    # ---- what is asked of all

    def untold(self, answered: Iterable[Happening]) -> Iterator[str]:
        """Reversals count only where their sale's alert was not lost on the way."""
        have = Counter((alert.mobile, alert.text) for alert in self.alerts)
        sales = {alert.text: alert.state for alert in self.alerts if alert.key == "approval"}
        for one in answered:
            times = have.pop(("+" + one.to, one.due), 0)
            excused = bool(one.of) and not times and _of_the_sale(one, sales) in _NEVER_SENT
            if one.due and times != 1 and not excused:
                yield f"STAN {one.stan}: {times} alerts"
        yield from (f"{times} alerts to nobody who asked" for times in have.values())

    def _withdrawn_wrongly(self) -> Iterator[str]:
        lost = {alert.lane for alert in self.alerts if alert.state in ("refused", "given_up")}
        return (_about(one) for one in self.alerts if one.state == "withdrawn" and one.lane not in lost)

    def _again_for_nothing(self) -> Iterator[str]:
        for part, copies in self.copies.items():
            known = min((copy.known_from for copy in copies), default=inf)
            yield from (f"{part[0]}, submit_sm {copy.index}" for copy in copies if copy.since > known)

    def _overtakers(self) -> Iterator[str]:
        last: dict[int, tuple[int, int]] = {}
        for alert in self.alerts:  # in the order of what happened
            taken = [copy.index for part in alert.parts for copy in self.copies.get(part, ()) if copy.taken]
            if not taken:
                continue
            before, first = last.get(alert.lane, (0, -1)), min(taken)
            if first < before[1]:
                yield f"alert {alert.id} before {before[0]}"
            last[alert.lane] = alert.id, first

    def _strangers(self) -> Iterator[str]:
        known = {part for alert in self.alerts for part in alert.parts}
        return (f"submit_sm {copies[0].index}" for part, copies in self.copies.items() if part not in known)

    def _forgotten_receipts(self) -> Iterator[str]:
        """A delivery is the word that counts; what is still on its way is none."""
        for alert, n, message_id, state in self._read(_PARTS):
            words = [word for word in self.ledger.words[int(message_id or "0", 16)] if word != "ENROUTE"]
            if words and state != ("DELIVRD" if "DELIVRD" in words else words[-1]):
                yield f"alert {alert}, part {n}: {words}, in the store {state}"


_STATUSES = load_statuses(shipped.path("smpp-statuses.toml"))
assert {state.value for state in AlertState} >= HONEST_ENDS


def _about(alert: Alert) -> str:
    return f"alert {alert.id} {alert.state} ({alert.cause}, doubts {alert.doubts})"


def _of_the_sale(one: Happening, sales: Mapping[str, str]) -> str:
    """The state of the alert that told of the sale which this takes back."""
    shop = f"@ SHOP {one.of} "
    return next((state for text, state in sales.items() if shop in text), "")
