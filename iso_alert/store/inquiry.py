"""Ask the journal, beside a running service and without disturbing it: a read-only connection of its own."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import frozen

from iso_alert.domain.alert import AlertState
from iso_alert.domain.card import Kind
from iso_alert.domain.channel import Channel
from iso_alert.domain.event import Event
from iso_alert.domain.money import Money, by_code
from iso_alert.domain.reason import Reason
from iso_alert.domain.thread import State
from iso_alert.domain.transaction import Facts
from iso_alert.store.file import is_older
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.queries import statements
from iso_alert.store.records import AlertRecord, MessageRecord, PartRecord, ThreadRecord

SQL = statements("inquiry.sql")
PAGE = 10_000  # decisions at a time
FOREVER = (0, 2**62)


@frozen
class Past:
    """A decision as another policy needs it."""

    id: int
    card: int
    thread: int
    event: Event
    channel: Channel
    kind: Kind
    amount: Money
    happened_at: int
    merchant: str
    local: str
    subscription: str
    reason: Reason
    matched: int | None
    customer: int | None
    last4: str
    language: str | None


def span(since: float | None, until: float | None) -> tuple[int, int]:
    """The ids of a span of time (seconds since 1970)."""
    first, last = FOREVER
    return first if since is None else int(since * 1e6), last if until is None else int(until * 1e6)


class Inquiry:
    """Read-only.  Raises StoreUnavailable when there is no such store."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        except sqlite3.Error as cause:
            raise StoreUnavailable(f"{path}: {cause}") from None
        try:
            self._look(path)
        except BaseException:
            self._db.close()
            raise

    def _look(self, path: Path) -> None:
        try:
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as cause:
            raise StoreUnavailable(f"{path}: {cause}") from None
        if is_older(path, version):
            raise StoreUnavailable(
                f"{path} is no store yet, or of an older version: `iso-alert run` brings it up to date"
            )

    def close(self) -> None:
        self._db.close()

    def find(self, by: str, value: object, within: tuple[int, int] = FOREVER, limit: int = 20) -> list[int]:
        """Threads, newest first, found `by` stan, rrn or last4."""
        rows = self._db.execute(SQL[f"by_{by}"], (value, *within, limit)).fetchall()
        return list(dict.fromkeys(row[0] for row in rows))

    def find_alert(self, alert: int) -> list[int]:
        """The thread of an alert, if there is one."""
        return [row[0] for row in self._db.execute(SQL["by_alert"], (alert,))]

    def thread(self, number: int) -> ThreadRecord:
        """Everything that is known of one thread."""
        state, given_back = self._db.execute(SQL["thread"], (number,)).fetchone() or (State.STANDING.value, 0)
        messages = tuple(_message(row) for row in self._db.execute(SQL["messages"], {"thread": number}))
        alerts = tuple(self._alert(row) for row in self._db.execute(SQL["alerts"], {"thread": number}).fetchall())
        return ThreadRecord(number, State(state), given_back, messages, alerts)

    def _alert(self, row: Sequence[Any]) -> AlertRecord:
        id_, txn, key, mobile, language, text, state, not_before, attempts, doubts, cause, settled, confirmed = row
        parts = tuple(_part(part) for part in self._db.execute(SQL["parts"], (id_,)))
        return AlertRecord(
            id_, txn, key, mobile, language, text, AlertState(state), not_before, attempts, doubts, cause or "",
            settled, confirmed, parts,
        )  # fmt: skip

    def count(self, within: tuple[int, int]) -> int:
        """How many decisions a span holds."""
        return int(self._db.execute(SQL["span"], within).fetchone()[2])

    def decisions(self, within: tuple[int, int]) -> Iterator[Past]:
        """The decisions of a span in order, a page at a time: memory does not grow with their number."""
        last, end = within
        while True:
            with closing(self._db.execute(SQL["decisions"], (last, end, PAGE))) as cursor:
                page = cursor.fetchall()
            yield from map(_past, page)
            if len(page) < PAGE:
                return
            last = page[-1][0]

    def decision(self, number: int) -> Past | None:
        """One decision."""
        row = self._db.execute(SQL["decision"], (number,)).fetchone()
        return _past(row) if row else None


def _message(row: Sequence[Any]) -> MessageRecord:
    (
        id_, last4, link, mti, stan, rrn, approval_code, terminal, merchant_id, response_code, amount, code, merchant,
        facts, event, channel, sub_channel, kind, rules, subscription, reason, matched, matched_by,
    ) = row  # fmt: skip
    event_rule, channel_rule, version, policy_row = (*rules.split("\t"), "")[:4]
    return MessageRecord(
        id=id_,
        at=id_ / 1e6,
        last4=last4,
        link=link,
        mti=mti,
        stan=stan,
        rrn=rrn or "",
        approval_code=approval_code or "",
        terminal=terminal or "",
        merchant_id=merchant_id or "",
        response_code=response_code or "",
        amount=Money(amount, by_code(code)),
        merchant=merchant or "-",
        facts=Facts(*facts.split("|")),
        event=Event(event),
        event_rule=event_rule,
        channel=Channel(channel),
        sub_channel=sub_channel or "",
        channel_rule=channel_rule,
        kind=Kind(kind),
        policy_version=version,
        policy_row=policy_row,
        subscription=subscription,
        reason=Reason(reason),
        matched=matched,
        matched_by=matched_by or "",
    )


def _part(row: Sequence[Any]) -> PartRecord:
    n, of, route, way, message_id, accepted_at, state, error, confirmed_at = row
    return PartRecord(n, of, route, way or "", message_id, accepted_at, state or "", error or "", confirmed_at)


def _past(row: Sequence[Any]) -> Past:
    (
        id_, card, thread, event, channel, kind, amount, code, happened_at, merchant, local, subscription, reason,
        matched, customer, last4, language,
    ) = row  # fmt: skip
    return Past(
        id_, card, thread, Event(event), Channel(channel), Kind(kind), Money(amount, by_code(code)), happened_at,
        merchant or "-", local or "", subscription, Reason(reason), matched, customer, last4 or "", language,
    )  # fmt: skip
