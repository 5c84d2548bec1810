"""The store in one SQLite file: nothing to install, and a commit is on the disk before anybody is answered.

WAL with synchronous=FULL: a commit is one fsync of the log, readers never wait.  One connection writes; its owner calls
one verb at a time, from any thread.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from attrs import evolve

from iso_alert.domain.alert import NEVER_SENT, AlertState
from iso_alert.domain.decision import Rulebook, Small
from iso_alert.domain.matching import asks_the_journal
from iso_alert.domain.pairing import WAITS
from iso_alert.domain.subscription import Holder
from iso_alert.domain.transaction import Transaction
from iso_alert.store import rows
from iso_alert.store.file import honest, open_file
from iso_alert.store.port import (
    CardLine,
    Confirmed,
    Lease,
    Outbox,
    Recorded,
    Settled,
    SubscriptionLine,
    Taken,
    Untaken,
)
from iso_alert.store.queries import padded, statements, with_rows
from iso_alert.store.receipts import Receipts
from iso_alert.store.sqlite_campaigns import SqliteCampaigns
from iso_alert.store.sqlite_disclosures import SqliteDisclosures
from iso_alert.store.sqlite_files import SqliteFiles
from iso_alert.store.sqlite_keeping import SqliteKeeping
from iso_alert.store.sqlite_people import SqlitePeople
from iso_alert.store.sqlite_routes import SqliteRoutes
from iso_alert.store.sqlite_statements import SqliteStatements
from iso_alert.store.sqlite_tokens import SqliteTokens
from iso_alert.store.working import Key, Working

SQL = statements("sqlite.sql")
PRIORITIES = (0, 1)  # of alerts: those of the second go only when none of the first is due
OVERDUE = 256  # halves that are given up at a time


class Sqlite:
    """A store.Store in the file at `path`, made and brought up to date if need be.  Raises StoreUnavailable."""

    def __init__(self, path: Path) -> None:
        self._file = open_file(path)
        self._db = self._file.db
        self.people = SqlitePeople(self._db, path, self._transaction)
        self.tokens = SqliteTokens(self._db, self._transaction)
        self.files = SqliteFiles(self._db, self._transaction)
        self.statements = SqliteStatements(self._db, self._transaction)
        audited = self._db, self.people.audited, self.people.trail
        self.campaigns = SqliteCampaigns(*audited)
        self.keeping = SqliteKeeping(*audited)
        self.disclosures = SqliteDisclosures(*audited)
        self.routes = SqliteRoutes(self._db, path, self.people.audited, self.people.trail)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; StoreUnavailable when it is nothing."""
        with honest(self._file.path):
            self._file.still_there()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # What both reading and writing are made of: one statement, one step, one answer.

    def _do(self, name: str, *values: Any) -> None:
        self._db.execute(SQL[name], values)

    def _write(self, name: str, table: Sequence[Sequence[Any]]) -> None:
        for some in padded(table):
            flat = [*chain.from_iterable(some)]
            self._db.execute(with_rows(SQL[name], len(some), len(some[0])), flat)

    def _read(self, name: str, table: Sequence[Sequence[Any]], *more: Any) -> list[Any]:
        """All rows that answer for any row of `table`."""
        found: list[Any] = []
        for some in padded(table):
            flat = [*chain.from_iterable(some)]
            sql = with_rows(SQL[name], len(some), len(some[0]))
            found += json.loads(self._db.execute(sql, [*flat, *more]).fetchone()[0])
        return found

    def _update(self, name: str, ids: Sequence[int], *first: Any) -> None:
        """Change the rows of these ids; `first` are values that stand before them."""
        for some in padded([(one,) for one in ids]):
            self._db.execute(with_rows(SQL[name], len(some), 1), [*first, *chain.from_iterable(some)])

    # The verbs.

    def record(
        self, batch: Sequence[Transaction], book: Rulebook, now: float, room: int
    ) -> tuple[list[Recorded], list[Lease]]:
        with self._transaction():
            working, keys = self._working(batch, book, now)
            recorded = [working.take(key, of) for key, of in zip(keys, batch, strict=True)]
            return recorded, self._keep(working, room)

    def overdue(self, book: Rulebook, now: float, room: int) -> tuple[list[Recorded], list[Lease]]:
        with self._transaction():
            found = self._db.execute(SQL["overdue_halves"], (now - WAITS, OVERDUE)).fetchall()
            halves = {(stan, card, key): rows.load(text) for stan, card, key, text in found}
            working, _ = self._working(list(halves.values()), book, now)
            recorded = [one for key in halves if (one := working.take_half(key))]
            return recorded, self._keep(working, room)

    def _working(self, batch: Sequence[Transaction], book: Rulebook, now: float) -> tuple[Working, list[Key]]:
        """What the store knows that bears on a batch, and the keys of its messages."""
        last_txn, last_alert, last_card, stopped = self._db.execute(SQL["last_ids"]).fetchone()
        first, book = int(now * 1e6), evolve(book, stopped=True) if stopped and not book.stopped else book
        working = Working(book, now, max(first, last_txn + 1), max(first, last_alert + 1))
        self._meet_cards(batch, working, last_card + 1)
        keys = working.keys(batch)
        known = self._read("known", keys)
        working.known.update({(stan, card, key): number for stan, card, key, number in known})
        cards = [(holder.card,) for holder in working.holders.values()]
        self._remember(working, self._read("unmatched", cards))
        if book.policy.counts_small:
            self._count_small(working, cards)
        if book.paired:
            found = self._read("halves_of_cards", cards)
            working.halves.update({(stan, card, key): rows.load(text) for stan, card, key, text in found})
        asking = [of for of in batch if of.card and asks_the_journal(of.facts)]
        self._remember(working, self._read("history", [rows.want_row(of, working.holder(of).card) for of in asking]))
        return working, keys

    def _meet_cards(self, batch: Sequence[Transaction], working: Working, free: int) -> None:
        """The holder of every card of the batch; cards that nobody has seen are written down."""
        cards = {of.card.token: of.card for of in batch if of.card}
        tokens = [(token,) for card in cards.values() for token in card.tokens]
        found = {bytes.fromhex(row[0]): rows.holder(row) for row in self._read("holders", tokens)}
        strange = []
        for token, card in cards.items():
            under = next((t for t in card.tokens if t in found), None)
            if under is None:
                strange.append((free, token, card.last4))
                found[token] = Holder(free)
                free += 1
            elif under != token:
                self._do("move_token", token, found[under].card)
                found[token] = found[under]
            working.holders[token] = found[token]
        self._write("insert_cards", strange)

    def _remember(self, working: Working, found: Iterable[Sequence[Any]]) -> None:
        known = {past.id for among in working.past.values() for past in among}
        for card, past in (rows.past(row, working.unit) for row in found):
            if past.id not in known:
                known.add(past.id)
                working.past[card].append(past)

    def _count_small(self, working: Working, cards: Sequence[tuple[int]]) -> None:
        since = working.next_txn - int(working.book.policy.longest_burst * 1e6)
        for card, number, satang in self._read("small", cards, since):
            working.small[card].append(Small(number, number / 1e6, satang))

    def _keep(self, working: Working, room: int) -> list[Lease]:
        self._write("insert_txns", [rows.txn_row(written) for written in working.written])
        for key in working.gone_halves:
            self._do("forget_half", *key)
        waiting = ((key, working.halves[key]) for key in sorted(working.new_halves))
        self._write("keep_halves", [(*key, half.arrived_at, rows.dump(half)) for key, half in waiting])
        return self._follow_up(working, room)

    def _follow_up(self, working: Working, room: int) -> list[Lease]:
        """Everything a batch changes beyond its own rows."""
        changes = working.changes.items()
        self._write("change_thread", [(n, each.state.value, each.given_back, each.cancelled_by) for n, each in changes])
        for one in working.overtaken:
            self._do("overtaken", one.thread, one.original, one.reason.value, one.id)
        for alert, why in working.withdrawn:
            self._do("withdraw", why, alert)
        self._update("cover", working.covered)
        drafts = list(working.drafts.values())
        busy = self._read("busy_lanes", [(draft.lane,) for draft in drafts]) if drafts else []
        leases = working.lease(busy, room)
        self._write("insert_alerts", [rows.alert_row(draft) for draft in drafts])
        return leases

    def claim(self, now: float, limit: int) -> list[Lease]:
        with self._transaction():
            return self._lease(now, limit)

    def _lease(self, now: float, limit: int) -> list[Lease]:
        due: list[Any] = []
        for priority in PRIORITIES:
            due += self._db.execute(SQL["due"], (priority, now, limit - len(due))).fetchall()
        self._update("lease", [row[0] for row in due])
        return [rows.lease(row) for row in due]

    def settle(self, results: Sequence[Taken | Untaken | Confirmed], now: float = 0.0, limit: int = 0) -> Settled:
        with self._transaction():
            receipts = Receipts(self._read, self._write, self._update, self.people.arrived)
            self._accept([result for result in results if isinstance(result, Taken)], receipts)
            for result in results:
                if isinstance(result, Untaken):
                    self._do_not_accept(result)
            settled = receipts.settle(results)
            if limit > 0:
                settled = evolve(settled, leases=self._lease(now, limit))
        self.people.trail.anchor()
        return settled

    def _accept(self, taken: Sequence[Taken], receipts: Receipts) -> None:
        if not taken:
            return
        self._write("insert_parts", [rows.part_row(one) for one in taken])
        at = max(one.at for one in taken)
        self._update("accepted_whole", sorted({one.alert for one in taken}), at)
        confirming = sorted({one.alert for one in taken if one.confirms})
        if confirming:
            receipts.arrived(confirming, AlertState.ACCEPTED, at)

    def _do_not_accept(self, it: Untaken) -> None:
        state, not_before = it.state.value, it.at + it.pause if it.state is AlertState.QUEUED else 0.0
        self._do("untaken", state, it.cause, not_before, int(it.counts), int(it.doubt), state, it.at, it.alert)
        if it.state in NEVER_SENT:
            self._do("withdraw_orphans", it.alert)

    def check(self) -> None:
        with self._transaction():
            self._db.execute(f"PRAGMA user_version = {self._file.version()}")  # the same, but written

    def recover(self) -> int:
        self.check()  # where nothing was being sent nothing would be written, and a full disk not be noticed
        with self._transaction():
            return self._db.execute(SQL["recover"]).rowcount

    def outbox(self) -> Outbox:
        with honest(self._file.path):
            return Outbox(*self._db.execute(SQL["outbox"]).fetchone())

    def next_due(self, now: float) -> float | None:
        with honest(self._file.path):
            due: float | None = self._db.execute(SQL["next_due"], (now, now)).fetchone()[0]
            return due

    def import_cards(self, lines: Iterable[CardLine]) -> int:
        return self.files.cards([*lines]).changed

    def import_subscriptions(self, lines: Iterable[SubscriptionLine], now: float) -> tuple[int, list[str]]:
        changed, without_card = 0, []
        with self._transaction():
            for line in lines:
                customer, cards = self._db.execute(SQL["find_customer"], (line.customer,)).fetchone() or (0, 0)
                if not cards:
                    without_card.append(line.customer)
                    continue
                values = (customer, line.mobile, line.language.value, now)
                changed += self._db.execute(SQL["write_subscription"], values).rowcount
        return changed, without_card
