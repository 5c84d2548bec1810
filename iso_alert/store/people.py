"""The verbs of the store about people: subscriptions, the kill switch, remembered answers, the audit trail.

As in `port`: one verb, one transaction; all of them block; after StoreUnavailable nothing of the call has happened.
Every command leaves a row in the audit trail, in the same transaction, whatever came of it.
"""

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from iso_alert.domain.card import Card
from iso_alert.domain.command import Actor, Answer, Command, Standing
from iso_alert.domain.confirming import EnrolmentRules

ANSWERS_KEPT = 86_400.0  # seconds for which a request may be repeated


@frozen
class Entry:
    """What the audit trail is told.  It holds masked numbers only, and of a card its last four digits."""

    actor: Actor
    operation: str  # of a Command, or another verb: view, disclose, stop
    outcome: str
    customer: str = ""  # the bank's name
    last4: str = ""
    reason: str = ""
    before: str = ""  # as JSON, where something changed
    after: str = ""


@frozen
class AuditRow:
    """One row of the audit trail."""

    id: int
    at: float
    entry: Entry


class People(Protocol):
    """Who is told, and what is remembered of whoever changed that."""

    def execute(self, command: Command, rules: EnrolmentRules, now: float, key: str | None = None) -> Answer:
        """Carry a command out: the record, its SMS as alerts, the audit row.  Idempotent by `key` for 24 hours.

        The same key with another command is answered BAD_FIELD, field `key`; an ATM's gets the stored answer.
        """

    def standing(self, card: Card | None = None, customer: str | None = None) -> Standing | None:
        """What is known of a card's or a customer's holder, None when nothing is.  Leaves no audit row: say why."""

    def with_mobile(self, mobile: str) -> list[Standing]:
        """The customers with this number (E.164)."""

    def applications(self, limit: int = 100) -> list[Standing]:
        """Those who wait for the bank's approval, oldest first."""

    def lapse(self, now: float, rules: EnrolmentRules, limit: int = 256) -> int:
        """Send confirming SMS again, or let applications expire; how many were looked at.  Idempotent at one `now`."""

    def set_stopped(self, stopped: bool, actor: Actor, now: float, reason: str = "") -> None:
        """Stop or resume the telling of everybody (R-52): in force with the next batch of the journal."""

    def stopped(self) -> bool:
        """Whether nobody is told anything."""

    def answered(self, key: str, now: float) -> str | None:
        """The answer that was kept under this key within 24 hours."""

    def keep_answer(self, key: str, answer: str, now: float) -> None:
        """Keep an answer for whoever asks the same again; the first one stays."""

    def append_audit(self, entry: Entry, now: float) -> None:
        """One more row of the trail, for what is no Command."""

    def audit(self, after: int = 0, limit: int = 100) -> Sequence[AuditRow]:
        """Rows of the trail in their order, from behind number `after`."""

    def purge_audit(self, before: float, actor: Actor, now: float) -> int:
        """Take away rows older than `before`; how many.  The proof is a row, which the chain goes on from."""

    def verify_audit(self) -> list[str]:
        """Walk the whole trail: a sentence for each changed or missing row, or cut end.  Empty: it is sound."""
