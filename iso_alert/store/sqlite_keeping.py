"""The purge in the SQLite store: it shares the connection and the transactions of `sqlite.Sqlite`.

STEPS are done one after another, each in portions; a row of its own says how far the purge is, so that a restart goes
on and its proof counts everything.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from sqlite3 import Connection

from attrs import define

from iso_alert.domain.command import Actor, Via
from iso_alert.domain.shown import BANGKOK
from iso_alert.store.keeping import Limits
from iso_alert.store.people import Entry
from iso_alert.store.queries import statements
from iso_alert.store.sqlite_trail import Trail
from iso_alert.store.steps import Steps

SQL = statements("keeping.sql")
PORTION = 64  # rows to a transaction; a message has up to seven index entries
LEAFS = 256  # rows that have few
SLACK = 2 * 86_400.0  # an alert is over after a day: what the last purge found open is looked at again
CLOCK = Actor("calendar", Via.SERVICE)


@define
class _Purge:
    """A purge under way."""

    id: int
    journal: float
    texts: float
    step: str
    pointer: int
    gone: Counter[str]


class SqliteKeeping:
    """A keeping.Keeping on somebody else's connection; `audited` is a transaction that may append to `trail`."""

    def __init__(self, db: Connection, audited: Callable[[], AbstractContextManager[None]], trail: Trail) -> None:
        self._steps, self._audited, self._trail = Steps(db, SQL), audited, trail

    def purged_at(self) -> float | None:
        if self._steps.one("open"):
            return None
        last = self._steps.one("last")
        return last[0] if last else None

    def purge(self, limits: Limits, now: float) -> bool:
        with self._audited():
            purge = self._open() or self._begin(limits, now)
            there_is_more = _STEPS[purge.step](self, purge)
            if not there_is_more:
                purge.step, purge.pointer = _AFTER[purge.step], self._start(_AFTER[purge.step])
            if purge.step == END:
                self._end(purge, limits, now)
            self._steps.do("go_on", purge.step, purge.pointer, json.dumps(purge.gone), purge.id)
        return purge.step != END

    def _open(self) -> _Purge | None:
        row = self._steps.one("open")
        if row is None:
            return None
        id_, journal, texts, step, pointer, gone = row
        return _Purge(id_, journal, texts, step, pointer, Counter(json.loads(gone)))

    def _begin(self, limits: Limits, now: float) -> _Purge:
        self._steps.do("begin", now, limits.journal, limits.texts, FIRST, self._start(FIRST))
        purge = self._open()
        assert purge
        return purge

    def _start(self, step: str) -> int:
        """Where a step begins.  What stands before the texts of the last purge has none."""
        last = self._steps.one("last")
        return int((last[1] - SLACK) * 1e6) if last and step == "texts" else 0

    def _end(self, purge: _Purge, limits: Limits, now: float) -> None:
        """The trail's own old rows go last, with a proof of their own: the chain goes on from it."""
        self._trail.purge(limits.audit, CLOCK, now)
        proof = {"journal before": _day(purge.journal), "texts before": _day(purge.texts), "gone": purge.gone}
        self._trail.append(Entry(CLOCK, "purge", "00", after=json.dumps(proof)), now)
        self._steps.do("end", now, purge.id)

    # The steps.  Each takes a portion and says whether there is more.

    def _messages(self, purge: _Purge) -> bool:
        before = int(purge.journal * 1e6)
        page = self._steps.array("messages", purge.pointer, before, PORTION)
        threads = {(thread, before) for _, thread in page}
        self._delete_threads(self._steps.read("closed", sorted(threads)), purge.gone)
        return _go_on(purge, [id_ for id_, _ in page], PORTION)

    def _delete_threads(self, threads: Sequence[int], gone: Counter[str]) -> None:
        """Whole threads, with all that was told of them."""
        rows = [(thread,) for thread in threads]
        members = sorted({*self._steps.read("members", rows)})
        alerts = {*self._steps.read("alerts_of_threads", rows)}
        alerts.update(self._steps.read("alerts_of_messages", [(member,) for member in members]))
        self._delete_alerts(sorted(alerts), gone)
        self._steps.update("delete_threads", members)  # each of them may be money of its own
        self._steps.update("delete_card_txns", members)
        gone["messages"] += self._steps.update("delete_messages", members)

    def _delete_alerts(self, alerts: Sequence[int], gone: Counter[str]) -> None:
        gone["receipts and parts"] += self._steps.update("delete_parts", alerts)
        gone["alerts"] += self._steps.update("delete_alerts", alerts)

    def _notices(self, purge: _Purge) -> bool:
        page = self._steps.array("notices", purge.pointer, int(purge.journal * 1e6), LEAFS)
        self._delete_alerts([id_ for id_, over in page if over], purge.gone)
        return _go_on(purge, [id_ for id_, _ in page], LEAFS)

    def _texts(self, purge: _Purge) -> bool:
        page = self._steps.array("texts", purge.pointer, int(purge.texts * 1e6), LEAFS)
        purge.gone["texts"] += self._steps.update("forget_texts", [id_ for id_, there in page if there])
        return _go_on(purge, [id_ for id_, _ in page], LEAFS)

    def _receipts(self, purge: _Purge) -> bool:
        page = self._steps.array("receipts", purge.pointer, purge.journal, LEAFS)
        purge.gone["receipts and parts"] += self._steps.update("delete_receipts", page)
        return _go_on(purge, page, LEAFS)

    def _statements(self, purge: _Purge) -> bool:
        gone = self._steps.do("delete_statements", _day(purge.journal), LEAFS)
        purge.gone["statements"] += gone
        return gone == LEAFS

    def _campaigns(self, purge: _Purge) -> bool:
        purge.gone["campaigns"] += self._steps.do("delete_campaigns", purge.journal)
        return False


def _go_on(purge: _Purge, ids: Sequence[int], full: int) -> bool:
    if ids:
        purge.pointer = ids[-1]
    return len(ids) == full


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, BANGKOK).date().isoformat()


Step = Callable[[SqliteKeeping, _Purge], bool]
FIRST, END = "messages", "end"
_STEPS: dict[str, Step] = {
    "messages": SqliteKeeping._messages,
    "notices": SqliteKeeping._notices,
    "texts": SqliteKeeping._texts,
    "receipts": SqliteKeeping._receipts,
    "statements": SqliteKeeping._statements,
    "campaigns": SqliteKeeping._campaigns,
}
_AFTER = dict(zip(_STEPS, [*list(_STEPS)[1:], END], strict=True))
