"""The store in one SQLite file: nothing to install, and a commit is on the disk before anybody is answered.

WAL with synchronous=FULL: a commit is one fsync of the log, readers never wait.  One connection writes; its owner calls
one verb at a time, from any thread.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from iso_alert.domain.decision import Rulebook
from iso_alert.domain.transaction import Transaction
from iso_alert.store.file import AllOrNothing, honest, open_file
from iso_alert.store.port import (
    CardLine,
    Committed,
    Lease,
    Outbox,
    Recorded,
    Result,
    Settled,
    SubscriptionLine,
)
from iso_alert.store.queries import statements
from iso_alert.store.sqlite_campaigns import SqliteCampaigns
from iso_alert.store.sqlite_disclosures import SqliteDisclosures
from iso_alert.store.sqlite_files import SqliteFiles
from iso_alert.store.sqlite_journal import SqliteJournal
from iso_alert.store.sqlite_keeping import SqliteKeeping
from iso_alert.store.sqlite_outbox import SqliteOutbox
from iso_alert.store.sqlite_people import SqlitePeople
from iso_alert.store.sqlite_routes import SqliteRoutes
from iso_alert.store.sqlite_statements import SqliteStatements
from iso_alert.store.sqlite_tokens import SqliteTokens

SQL = statements("sqlite.sql")


class Sqlite:
    """A store.Store in the file at `path`, made and brought up to date if need be.  Raises StoreUnavailable.

    It is `alone` where no other thread wants the GIL, so that a step of a statement costs no more than itself.
    """

    def __init__(self, path: Path, checkpoints: bool = True, alone: bool = False) -> None:
        self._file = open_file(path, checkpoints)
        self._db = self._file.db
        self.people = SqlitePeople(self._db, path, self._transaction)
        self._journal = SqliteJournal(self._db, alone)
        self._outbox = SqliteOutbox(self._db, self.people.arrived)
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

    def _transaction(self) -> AllOrNothing:
        return AllOrNothing(self._file)

    def _journalled(self) -> AllOrNothing:
        return AllOrNothing(self._file, self._journal.taken_back)

    # The verbs.

    def record(
        self, batch: Sequence[Transaction], book: Rulebook, now: float, room: int
    ) -> tuple[list[Recorded], list[Lease]]:
        with self._journalled():
            return self._journal.record(batch, book, now, room)

    def commit(
        self, batches: Sequence[Sequence[Transaction]], book: Rulebook, now: float, room: int, each: bool
    ) -> Committed:
        batch = [of for one in batches for of in one]
        return Committed.of(*self.record(batch, book, now, room), each)

    def overdue(self, book: Rulebook, now: float, room: int) -> tuple[list[Recorded], list[Lease]]:
        with self._journalled():
            return self._journal.overdue(book, now, room)

    def claim(self, now: float, limit: int) -> list[Lease]:
        with self._transaction():
            return self._outbox.lease(now, limit)

    def settle(self, results: Sequence[Result], now: float = 0.0, limit: int = 0) -> Settled:
        with self._transaction():
            settled = self._outbox.settle(results, now, limit)
        self.people.trail.anchor()
        return settled

    def check(self) -> None:
        with self._transaction():
            self._db.execute(f"PRAGMA user_version = {self._file.version()}")  # the same, but written

    def shorten(self) -> None:
        with honest(self._file.path):
            long = self._file.log_is_long()
        if long:
            self.check()

    def recover(self) -> int:
        self.check()  # where nothing was being sent nothing would be written, and a full disk not be noticed
        with self._journalled():
            self._journal.catch_up()  # else the first message would wait for it
            return self._outbox.recover()

    def outbox(self) -> Outbox:
        with honest(self._file.path):
            return self._outbox.outbox()

    def next_due(self, now: float) -> float | None:
        with honest(self._file.path):
            return self._outbox.next_due(now)

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
