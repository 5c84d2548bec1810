"""People in the SQLite store: it shares the connection and the transactions of `sqlite.Sqlite`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from sqlite3 import Connection

from attrs import evolve

from iso_alert.domain.card import Card
from iso_alert.domain.command import Actor, Answer, Command, CoveredCard, Notice, Record, Result, Standing, Via
from iso_alert.domain.confirming import ENROLLED, EnrolmentRules, lapse, look_at
from iso_alert.domain.life import Happening, befall
from iso_alert.domain.subscribing import carry_out
from iso_alert.store import people_rows as rows
from iso_alert.store.people import ANSWERS_KEPT, AuditRow, Entry
from iso_alert.store.queries import statements, with_rows
from iso_alert.store.sqlite_trail import Trail

SQL = statements("people.sql")
STOPPED = "stopped"
CLOCK = Actor("calendar", Via.SERVICE)
COURIER = Actor("courier", Via.SERVICE)
HOUR = 3600.0


class SqlitePeople:
    """A people.People on somebody else's connection."""

    def __init__(self, db: Connection, store: Path, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        self._db, self._transaction = db, transaction
        self.trail = Trail(db, store)

    @contextmanager
    def audited(self) -> Iterator[None]:
        """A transaction that leaves rows in the trail."""
        with self._transaction():
            yield
        self.trail.anchor()

    # Commands.

    def execute(self, command: Command, rules: EnrolmentRules, now: float, key: str | None = None) -> Answer:
        with self.audited():
            if key and (kept := self._answered(key, now)):
                return _again(command, *rows.load(kept))
            before = self._standing(command.card, command.customer)
            verdict = carry_out(command, before, rules, now)
            if verdict.record:
                customer = before.customer if before else self._lone_customer(command.card)
                self._write(customer, verdict.record, rules)
                self._tell(customer, verdict.notices, rules, now)
            after = self._standing(command.card, command.customer) if command.verified else None
            self.trail.append(rows.entry(command, before, verdict, after), now)
            answer = Answer(verdict.result, after, verdict.field, verdict.why, len(verdict.notices))
            if key:
                self._keep(key, rows.dump(answer, rows.fingerprint(command)), now)
            return answer

    def _lone_customer(self, card: Card | None) -> int:
        """The holder of a card that the card file does not know: found again by nothing but the card."""
        assert card, "who is not on file applies with a card"
        found = self._db.execute(with_rows(SQL["used_card"], len(card.tokens), 1), card.tokens).fetchone()
        number = found[0] if found else self._db.execute(SQL["new_card"], (card.token, card.last4)).fetchone()[0]
        customer: int = self._db.execute(SQL["lone_customer"], (f"~{number}",)).fetchone()[0]
        self._db.execute(SQL["give_card"], (customer, number))
        return customer

    def _write(self, customer: int, record: Record, rules: EnrolmentRules | None = None) -> None:
        when = look_at(record, rules) if rules else None
        self._db.execute(SQL["write_record"], rows.record_row(customer, record, when))

    def _tell(self, customer: int, notices: Iterable[Notice], rules: EnrolmentRules, now: float) -> None:
        first = max(int(now * 1e6), self._db.execute(SQL["last_alert"]).fetchone()[0] + 1)
        for number, notice in enumerate(notices, first):
            text = rules.texts.notice(notice.key, notice.language)
            values = (number, -customer, customer, notice.key, notice.mobile, notice.language.value, text)
            self._db.execute(SQL["notify"], values)

    # What is known.

    def standing(self, card: Card | None = None, customer: str | None = None) -> Standing | None:
        with self._transaction():
            return self._standing(card, customer)

    def with_mobile(self, mobile: str) -> list[Standing]:
        return self._standings("customers_with_mobile", mobile)

    def applications(self, limit: int = 100) -> list[Standing]:
        return self._standings("applications", limit)

    def _standings(self, name: str, value: str | int) -> list[Standing]:
        with self._transaction():
            return [self._of(customer) for (customer,) in self._db.execute(SQL[name], (value,)).fetchall()]

    def _standing(self, card: Card | None, customer: str | None) -> Standing | None:
        if card is None:
            found = self._db.execute(SQL["customer_by_ref"], (customer,)).fetchone()
            return self._of(found[0]) if found else None
        found = self._db.execute(with_rows(SQL["used_card"], len(card.tokens), 1), card.tokens).fetchone()
        if found is None or found[1] is None:
            return None
        return self._of(found[1], rows.covered_card(found[2:]))

    def _of(self, customer: int, used: CoveredCard | None = None) -> Standing:
        ref, natural, *subscription = self._db.execute(SQL["subject"], (customer,)).fetchone()
        cards = tuple(map(rows.covered_card, self._db.execute(SQL["covered_cards"], (customer,))))
        return Standing(customer, ref, bool(natural), cards, used, rows.record(subscription))

    # What happens by itself.

    def arrived(self, customer: int, mobile: str, alert: int, at: float) -> None:
        """The confirming SMS `alert` is on the phone (R-35).  Inside the transaction that says so.

        One for another number, or of an earlier application, confirms nothing.
        """
        standing = self._of(customer)
        record = standing.record
        if record is None or record.mobile != mobile or alert < int(record.applied_at * 1e6):
            return
        if after := befall(record, Happening.CONFIRMED, at):
            self._write(customer, after)
            self._note(COURIER, "activate", standing, after, at)

    def lapse(self, now: float, rules: EnrolmentRules, limit: int = 256) -> int:
        with self.audited():
            self._db.execute(SQL["forget_answers"], (now - ANSWERS_KEPT,))
            due = self._db.execute(SQL["to_look_at"], (now, limit)).fetchall()
            for (customer,) in due:
                self._lapse(self._of(customer), rules, now)
        return len(due)

    def _lapse(self, standing: Standing, rules: EnrolmentRules, now: float) -> None:
        record = standing.record
        verdict = lapse(record, rules, now) if record else None
        if record is None or verdict is None or verdict.record is None:
            self._look_again(standing.customer, look_at(record, rules) if record else None)  # the rules have changed
        elif verdict.notices and self._busy(-standing.customer):
            later = min(record.confirm_until or now, now + HOUR)  # the last one has not left yet: do not pile them up
            self._look_again(standing.customer, later)
        else:
            self._write(standing.customer, verdict.record, rules)
            self._tell(standing.customer, verdict.notices, rules, now)
            self._note(CLOCK, "confirm_again" if verdict.notices else "expire", standing, verdict.record, now)

    def _look_again(self, customer: int, at: float | None) -> None:
        self._db.execute(SQL["look_again"], (at, customer))

    def _busy(self, lane: int) -> bool:
        return bool(self._db.execute(SQL["lane_is_busy"], (lane,)).fetchone()[0])

    def _note(self, actor: Actor, operation: str, of: Standing, after: Record, now: float) -> None:
        entry = Entry(actor, operation, "00", of.ref, before=rows.shown(of.record), after=rows.shown(after))
        self.trail.append(entry, now)

    # The kill switch.

    def set_stopped(self, stopped: bool, actor: Actor, now: float, reason: str = "") -> None:
        with self.audited():
            self._db.execute(SQL["set"], (STOPPED, str(int(stopped))))
            self.trail.append(Entry(actor, "stop" if stopped else "go_on", "00", reason=reason), now)

    def stopped(self) -> bool:
        with self._transaction():
            found: tuple[str] | None = self._db.execute(SQL["setting"], (STOPPED,)).fetchone()
            return found == ("1",)

    # Answers that may be asked for again.

    def answered(self, key: str, now: float) -> str | None:
        with self._transaction():
            return self._answered(key, now)

    def keep_answer(self, key: str, answer: str, now: float) -> None:
        with self._transaction():
            self._keep(key, answer, now)

    def _answered(self, key: str, now: float) -> str | None:
        found = self._db.execute(SQL["answer"], (key, now - ANSWERS_KEPT)).fetchone()
        return found[0] if found else None

    def _keep(self, key: str, answer: str, now: float) -> None:
        self._db.execute(SQL["keep_answer"], (key, now, answer, now - ANSWERS_KEPT))

    # The trail.

    def append_audit(self, entry: Entry, now: float) -> None:
        with self.audited():
            self.trail.append(entry, now)

    def audit(self, after: int = 0, limit: int = 100) -> Sequence[AuditRow]:
        with self._transaction():
            return self.trail.rows(after, limit)

    def purge_audit(self, before: float, actor: Actor, now: float) -> int:
        with self.audited():
            return self.trail.purge(before, actor, now)

    def verify_audit(self) -> list[str]:
        self._db.execute("BEGIN")  # a reader's: a running service must not wait for a walk through millions of rows
        try:
            return self.trail.verify()
        finally:
            self._db.execute("ROLLBACK")


def _again(command: Command, answer: Answer, asked: str) -> Answer:
    """The answer to a request that came before.  An ATM's key names its message and card: it is that message."""
    if command.actor.via is not Via.ATM and asked != rows.fingerprint(command):
        return Answer(Result.BAD_FIELD, field="key", why="it was used for another request")
    return evolve(answer, repeat=True, notices=0)


__all__ = ["ENROLLED", "SqlitePeople"]
