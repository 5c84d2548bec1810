"""Disclosure in the SQLite store: it shares the connection and the transactions of `sqlite.Sqlite`."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from sqlite3 import Connection
from typing import Any

from attrs import asdict

from iso_alert.domain.command import Actor
from iso_alert.domain.money import Money, by_code
from iso_alert.domain.subscription import masked
from iso_alert.store.disclosures import Disclosure, NotAllowed
from iso_alert.store.people import Entry
from iso_alert.store.queries import statements
from iso_alert.store.sqlite_trail import Trail
from iso_alert.store.steps import Steps

SQL = statements("disclosures.sql")
PAGE = 1000  # records at a time


class SqliteDisclosures:
    """Disclosures on somebody else's connection; `audited` is a transaction that may append to `trail`."""

    def __init__(self, db: Connection, audited: Callable[[], AbstractContextManager[None]], trail: Trail) -> None:
        self._db, self._steps, self._audited, self._trail = db, Steps(db, SQL), audited, trail

    def request(
        self, customers: Sequence[str], since: float, until: float, legal_reference: str, actor: Actor, now: float
    ) -> int:
        with self._audited():
            if strangers := self._steps.read("strangers", [(customer,) for customer in customers]):
                raise NotAllowed(f"not on file: {', '.join(dict.fromkeys(strangers))}")
            values = (json.dumps([*customers]), since, until, legal_reference, actor.name, actor.origin, now)
            number: int = self._steps.one("request", *values)[0]
            self._tell("disclose_request", "00", self._one(number), actor, now)
        return number

    def disclosures(self) -> Sequence[Disclosure]:
        return [_disclosure(row) for row in self._db.execute(SQL["all"])]

    def approve(self, number: int, actor: Actor, now: float) -> Disclosure:
        with self._audited():
            why = _barred(self._one(number), actor)
            if not why:
                self._steps.do("approve", actor.name, now, number)
            disclosure = self._one(number)
            if disclosure:
                self._tell("disclose", "05" if why else "00", disclosure, actor, now, why)
        if why or disclosure is None:
            raise NotAllowed(why)  # after the commit: an attempt is remembered
        return disclosure

    def _one(self, number: int) -> Disclosure | None:
        row = self._steps.one("one", number)
        return _disclosure(row) if row else None

    def _tell(
        self, operation: str, outcome: str, of: Disclosure | None, actor: Actor, now: float, why: str = ""
    ) -> None:
        """A row for each customer: whoever asks what was told of one must find it."""
        assert of
        after = json.dumps(asdict(of), ensure_ascii=False)
        for customer in of.customers:
            self._trail.append(Entry(actor, operation, outcome, customer, reason=why, after=after), now)

    # What is told.

    def export(self, disclosure: Disclosure) -> Iterator[Mapping[str, Any]]:
        if disclosure.approved_by is None:
            raise NotAllowed("it is not approved")
        for customer in disclosure.customers:
            yield from ({**record, "customer": customer} for record in self._of(customer, disclosure))

    def _of(self, ref: str, of: Disclosure) -> Iterator[dict[str, Any]]:
        row = self._steps.one("customer", ref)
        if row is None:
            return
        number, natural, *subscription = row
        cards = self._db.execute(SQL["cards"], (number,)).fetchall()
        yield {"record": "customer", "natural": bool(natural), "cards": [_card(card) for card in cards]}
        if subscription[0]:
            yield _subscription(subscription)
        span = int(of.since * 1e6) - 1, int(of.until * 1e6)
        last4 = {id_: digits for id_, digits, *_ in cards}
        yield from (_message(row, last4) for row in self._pages("messages", span[0], span[1], number))
        yield from (_alert(row) for row in self._pages("alerts", span[0], span[1], number))
        yield from (_change(row) for row in self._pages("changes", 0, of.since, of.until, ref))

    def _pages(self, name: str, after: int, *values: Any) -> Iterator[Sequence[Any]]:
        while page := self._db.execute(SQL[name], (after, *values, PAGE)).fetchall():
            yield from page
            after = page[-1][0]


def _barred(of: Disclosure | None, actor: Actor) -> str:
    """Why this person may not approve; "" if he may."""
    if of is None:
        return "there is no such request"
    if of.approved_by is not None:
        return f"{of.approved_by} has approved it already"
    if (
        of.requested_by == actor.name
        or _vouched(of.requested_from, actor.name)
        or _vouched(actor.origin, of.requested_by)
    ):
        return "who has asked for it cannot approve it: another person must"
    return ""


def _vouched(origin: str, account: str) -> bool:
    """Whether somebody who showed a token sat at this account: with and without one he is the same person."""
    return origin.startswith(f"{account} at ")


def _disclosure(row: Sequence[Any]) -> Disclosure:
    id_, customers, *rest = row
    return Disclosure(id_, tuple(json.loads(customers)), *rest)


def _card(row: Sequence[Any]) -> dict[str, Any]:
    _, last4, kind, primary, status = row
    return {"last4": last4, "kind": kind, "primary": bool(primary), "status": status}


def _subscription(row: Sequence[Any]) -> dict[str, Any]:
    state, mobile, language, news, terms, applied_at, activated_at, changed_at = row
    said = {"state": state, "mobile": masked(mobile), "language": language, "news": bool(news), "terms": terms}
    return {"record": "subscription", **said, "applied": applied_at, "active": activated_at, "changed": changed_at}


def _message(row: Sequence[Any], last4: Mapping[int, str]) -> dict[str, Any]:
    id_, card, mti, rrn, event, channel, amount, code, merchant, terminal, reason = row
    said = {"mti": mti, "rrn": rrn, "event": event, "channel": channel, "merchant": merchant, "terminal": terminal}
    money = {"amount": str(Money(amount, by_code(code))), "currency": code}
    return {"record": "payment", "at": id_ / 1e6, "last4": last4.get(card), **said, **money, "reason": reason}


def _alert(row: Sequence[Any]) -> dict[str, Any]:
    id_, key, mobile, language, text, state, settled_at, confirmed_at = row
    shown = mobile if "*" in mobile else masked(mobile)
    said = {"key": key, "mobile": shown, "language": language, "text": text, "state": state}
    return {"record": "sms", "at": id_ / 1e6, **said, "accepted": settled_at, "delivered": confirmed_at}


def _change(row: Sequence[Any]) -> dict[str, Any]:
    _, at, actor, via, operation, outcome, before, after = row
    said = {"by": actor, "via": via, "operation": operation, "outcome": outcome}
    return {"record": "command", "at": at, **said, "before": before, "after": after}
