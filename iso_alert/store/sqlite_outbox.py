"""Alerts on their way in the SQLite store: leased, settled, tried again.  All of it inside the caller's transaction."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from operator import itemgetter
from sqlite3 import Connection

from attrs import evolve

from iso_alert.domain.alert import NEVER_SENT, AlertState, parts
from iso_alert.store import rows
from iso_alert.store.port import Lease, Outbox, Result, Settled, Taken, Undoubted, Untaken
from iso_alert.store.queries import statements
from iso_alert.store.receipts import Enrolled, Receipts
from iso_alert.store.steps import Steps

SQL = statements("outbox.sql")
PRIORITIES = (0, 1)  # of alerts: those of the second go only when none of the first is due
LANE, SINCE = 8, itemgetter(9)  # of a row: its lane, and since when it may go


class SqliteOutbox:
    """The verbs about alerts on somebody else's connection; `enrolled` is told of confirming SMS that have come."""

    def __init__(self, db: Connection, enrolled: Enrolled) -> None:
        self._steps, self._enrolled = Steps(db, SQL), enrolled

    def lease(self, now: float, limit: int) -> list[Lease]:
        leases = _fitting(islice(self._due(now), limit), limit)
        self._steps.update("lease", [lease.alert for lease in leases])
        return leases

    def _due(self, now: float) -> Iterator[Lease]:
        """Who may go, in their order; a row is read when it is asked for."""
        first = dict[int, int]()  # by lane the alert that goes; those behind it are no hindrance
        for priority in PRIORITIES:
            waiting = [self._steps.each(name, priority, now) for name in ("in_turn", "due")]
            for row in merge(*waiting, key=SINCE):
                if first.setdefault(row[LANE], row[0]) >= row[0]:
                    yield rows.lease(row[:LANE])

    def settle(self, results: Sequence[Result], now: float, limit: int) -> Settled:
        receipts = Receipts(self._steps, self._enrolled)
        self._accept([result for result in results if isinstance(result, Taken)], receipts)
        for result in results:
            if isinstance(result, Untaken):
                self._do_not_accept(result)
            elif isinstance(result, Undoubted):
                self._steps.do("undoubted", result.cause, result.alert, result.doubts)
        settled = receipts.settle(results)
        return evolve(settled, leases=self.lease(now, limit)) if limit > 0 else settled

    def _accept(self, taken: Sequence[Taken], receipts: Receipts) -> None:
        if not taken:
            return
        self._steps.write("insert_parts", [rows.part_row(one) for one in taken])
        at = max(one.at for one in taken)
        self._steps.update("accepted_whole", sorted({one.alert for one in taken}), at)
        confirming = sorted({one.alert for one in taken if one.confirms})
        if confirming:
            receipts.arrived(confirming, AlertState.ACCEPTED, at)

    def _do_not_accept(self, it: Untaken) -> None:
        state, not_before = it.state.value, it.at + it.pause if it.state is AlertState.QUEUED else 0.0
        self._steps.do("untaken", state, it.cause, not_before, int(it.counts), int(it.doubt), state, it.at, it.alert)
        if it.state in NEVER_SENT:
            self._steps.do("withdraw_orphans", it.alert)

    def recover(self) -> int:
        return self._steps.do("recover")

    def outbox(self) -> Outbox:
        return Outbox(*self._steps.one("outbox"))

    def next_due(self, now: float) -> float | None:
        due: float | None = self._steps.one("next_due", now, now)[0]
        return due


def _fitting(due: Iterable[Lease], room: int) -> list[Lease]:
    """As many as have at most `room` parts; the first one in any case, or what is too large for a window never went."""
    leases = list[Lease]()
    for lease in due:
        room -= parts(lease.text)
        if leases and room < 0:
            break
        leases.append(lease)
    return leases
