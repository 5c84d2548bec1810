"""Reminders in the SQLite store: it shares the connection and the transactions of `sqlite.Sqlite`."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from sqlite3 import Connection
from typing import Any

from iso_alert.domain.alert import AlertState
from iso_alert.domain.money import Money
from iso_alert.domain.reminding import DUE, Statement, due_dates, reminder, too_late
from iso_alert.domain.text import Language, Texts
from iso_alert.store.queries import statements
from iso_alert.store.statements import BEGINNING, PAGE, Place, Reminded
from iso_alert.store.steps import Steps

SQL = statements("statements.sql")
NOT_URGENT = 1  # the priority of an alert that lets every payment pass
NOBODY = Reminded(0, None)


class SqliteStatements:
    """A statements.Statements on somebody else's connection."""

    def __init__(self, db: Connection, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        self._steps, self._transaction = Steps(db, SQL), transaction

    def remind(self, now: float, texts: Texts, after: Place = BEGINNING) -> Reminded:
        due = due_dates(now)
        if due is None:
            return NOBODY
        with self._transaction():
            if self._steps.one("stopped")[0]:
                return NOBODY
            place = max(after, (due.first.isoformat(), 0))  # one comparison, so that the key finds it
            page = self._steps.array("page", *place, due.last.isoformat(), PAGE)
            wanted = [row for row in page if row[2]]
            first = max(int(now * 1e6), self._steps.one("last_alert")[0] + 1)
            self._steps.write("queue", [_alert(number, row, texts) for number, row in enumerate(wanted, first)])
            self._steps.write("note", [_note(number, row) for number, row in enumerate(wanted, first)])
        return Reminded(len(wanted), (page[-1][0], page[-1][1]) if len(page) == PAGE else None)

    def give_up_reminders(self, now: float) -> int:
        with self._transaction():
            return self._steps.do("give_up", now, PAGE)


def _alert(number: int, row: Sequence[Any], texts: Texts) -> tuple[Any, ...]:
    due, _, _, total, minimum, last4, customer, mobile, language = row
    day = date.fromisoformat(due)
    text = reminder(Statement(last4, day, Money(total), Money(minimum)), Language(language), texts)
    state = AlertState.QUEUED.value
    return number, -number, customer, DUE, mobile, language, text, state, 0.0, too_late(day), NOT_URGENT


def _note(number: int, row: Sequence[Any]) -> tuple[Any, ...]:
    due, card, _, total, minimum, *_ = row
    return due, card, total, minimum, number
