"""The real store under a clock that the story moves, before an SMSC that takes whatever it is given, or is away."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import define, field

from iso_alert.domain.alert import VALID_FOR, AlertState
from iso_alert.domain.decision import Rulebook
from iso_alert.domain.pairing import WAITS
from iso_alert.domain.text import Language
from iso_alert.domain.transaction import Transaction
from iso_alert.store.port import Lease, Recorded, SubscriptionLine, Taken, Untaken
from iso_alert.store.sqlite import Sqlite
from tests.threads.story import USUAL
from tests.threads.wire import card_file

PATIENCE = 1.0  # seconds after which a throttled SMSC is asked again
Texts = dict[str, list[str]]


@define(eq=False)
class Stage:
    """`room` is how many alerts a commit may lease; the rest is claimed."""

    path: Path
    book: Rulebook
    now: float
    room: int = 50
    smsc: str = "back"
    sent: list[tuple[int, str, str]] = field(factory=list, init=False)  # which alert, to which number, what
    _store: Sqlite = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._store = Sqlite(self.path)
        self._store.import_cards(card_file())
        for customer in USUAL["customer"]:
            self.subscribe(customer)

    def close(self) -> None:
        self._store.close()

    # What a story may do.

    def move(self, to: float) -> None:
        """Let time pass; what becomes due on the way leaves when it does."""
        while (due := self._due()) is not None and due <= to:
            self.now = max(self.now, due)
            self._give_up()
            self.deliver()
        self.now = max(self.now, to)
        self.deliver()

    def record(self, batch: Sequence[Transaction], killed: bool = False) -> list[Recorded]:
        """Commit a batch and send what it leased; `killed`: the process dies between the two."""
        recorded, leases = self._store.record(batch, self.book, self.now, self.room if self._takes() else 0)
        if killed:
            self.restart()
        else:
            self._submit(leases)
        self.deliver()
        return recorded

    def restart(self) -> None:
        self._store.close()
        self._store = Sqlite(self.path)
        self._store.recover()
        self.deliver()

    def subscribe(self, customer: str, **changed: str) -> None:
        """Write a subscription; `state`, which no import knows, is written past the verbs."""
        usual = {**USUAL["customer"][customer], **self._subscribed(customer)}
        wanted = {**usual, **changed}
        if set(changed) - {"state"} or not changed:
            line = SubscriptionLine(customer, wanted["mobile"], Language(wanted["language"]))
            self._store.import_subscriptions([line], self.now)
        if "state" in changed:
            self._set_state(customer, changed["state"])

    def deliver(self) -> None:
        """Send whatever is due now."""
        while self._takes() and (leases := self._store.claim(self.now, 50)):
            self._submit(leases)

    # What can be seen afterwards.

    def left(self) -> Texts:
        texts: Texts = defaultdict(list)
        for _, mobile, text in self.sent:
            texts[mobile].append(text)
        return dict(texts)

    def read(self) -> Texts:
        """The same, but once what came again because the operator had hung up."""
        texts: Texts = defaultdict(list)
        for _, mobile, text in dict.fromkeys(self.sent):
            texts[mobile].append(text)
        return dict(texts)

    def withdrawn(self) -> Texts:
        texts: Texts = defaultdict(list)
        for mobile, text in self._look("SELECT mobile, text FROM alert WHERE state = 'withdrawn' ORDER BY id"):
            texts[mobile].append(text)
        return dict(texts)

    def told_twice(self) -> list[int]:
        """Messages of which two SMS have left or would."""
        gone = "('refused', 'given_up', 'withdrawn')"
        twice = f"SELECT txn FROM alert WHERE state NOT IN {gone} GROUP BY txn HAVING count(*) > 1"
        return [txn for (txn,) in self._look(twice)]

    def in_order(self) -> bool:
        """Whether the SMS of every card left in the order in which they were decided on."""
        lanes = dict(self._look("SELECT id, lane FROM alert"))
        left = [(lanes[alert], alert) for alert, _, _ in self.sent]
        return sorted(left) == sorted(left, key=lambda one: one[0])

    def reason(self, of: Transaction) -> str:
        """What the journal gives as the reason of a message now; "" while it waits for its other half."""
        found = self._look("SELECT reason FROM txn WHERE stan = ? AND key = ?", of.stan, of.key)
        return str(found[0][0]) if found else ""

    def open_alerts(self) -> int:
        outbox = self._store.outbox()
        return outbox.queued + outbox.sending

    # The operator.

    def _takes(self) -> bool:
        return self.smsc != "away"

    def _due(self) -> float | None:
        """When something happens by itself: an alert becomes due, or a mirrored message is given up."""
        half = self._look("SELECT min(arrived_at) FROM half")[0][0]
        alert = self._store.next_due(self.now) if self._takes() else None
        return min((at for at in (alert, half and half + WAITS) if at is not None), default=None)

    def _give_up(self) -> None:
        _, leases = self._store.overdue(self.book, self.now, self.room if self._takes() else 0)
        self._submit(leases)

    def _submit(self, leases: Sequence[Lease]) -> None:
        self._store.settle([self._answer(lease) for lease in leases])
        if self.smsc == "hangs up":
            self.smsc = "away"

    def _answer(self, lease: Lease) -> Taken | Untaken:
        if self.now - lease.began_at > VALID_FOR:
            return Untaken(lease.alert, AlertState.GIVEN_UP, "too old", self.now)
        if self.smsc == "throttles":
            return Untaken(lease.alert, AlertState.QUEUED, "ESME_RTHROTTLED", self.now, PATIENCE)
        if self.smsc in ("refuses", f"refuses {lease.key}"):
            return Untaken(lease.alert, AlertState.REFUSED, "ESME_RINVDSTADR", self.now)
        self.sent.append((lease.alert, lease.mobile, lease.text))
        if self.smsc == "hangs up":
            return Untaken(lease.alert, AlertState.QUEUED, "in doubt", self.now, doubt=True)
        return Taken(lease.alert, 1, 1, "operator", (str(lease.alert),), self.now)

    # The subscriber's room comes later: what it will do is done here by hand, beside the store.

    def _subscribed(self, customer: str) -> dict[str, str]:
        found = self._look(f"SELECT mobile, language {_OF_CUSTOMER}", customer)
        return dict(zip(("mobile", "language"), found[0], strict=True)) if found else {}

    def _set_state(self, customer: str, state: str) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute(f"UPDATE subscription SET state = ? WHERE customer = (SELECT id {_CUSTOMER})", (state, customer))

    def _look(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(sql, values).fetchall()


_CUSTOMER = "FROM customer WHERE ref = ?"
_OF_CUSTOMER = "FROM subscription JOIN customer ON customer.id = subscription.customer WHERE ref = ?"
