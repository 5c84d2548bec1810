"""What happened to the card?  The ordered table of specs/events.toml answers; this module only reads it."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import asdict, fields, frozen

from iso_alert.domain.rules import Rule, Table, read_rules
from iso_alert.domain.transaction import Facts


class Event(Enum):
    """Everything a financial message can mean; the names stand in the store, in reports and on metric labels."""

    PURCHASE = "purchase"
    PRE_AUTHORISATION = "pre_authorisation"
    COMPLETION = "completion"
    FORCE_POSTED = "force_posted"
    ADJUSTMENT = "adjustment"
    VOID = "void"
    REVERSAL = "reversal"
    PARTIAL_REVERSAL = "partial_reversal"
    REVERSAL_OF_VOID = "reversal_of_void"
    REFUND = "refund"
    VOID_OF_REFUND = "void_of_refund"
    CASH = "cash"
    TRANSFER = "transfer"
    INQUIRY = "inquiry"
    DECLINED = "declined"
    UNDECIDED = "undecided"
    CHARGEBACK = "chargeback"
    NOT_FINANCIAL = "not_financial"
    OTHER = "other"


@frozen(cache_hash=True)
class Ties:
    """What the journal knows of the messages before this one, as far as an event may depend on it."""

    original: str = "none"  # none, or the event of the matched original
    original_class: str = ""  # MTI class of the matched original
    told_by_phone: str = "no"  # its approval code is that of an alerted telephone approval within 30 days


NO_TIES = Ties()
ASKABLE = [f.name for f in (*fields(Facts), *fields(Ties))]


@frozen
class Events:
    """The event table of one profile."""

    table: Table

    def of(self, facts: Facts, ties: Ties = NO_TIES) -> tuple[Event, Rule]:
        """The event, and the row that said so."""
        rule = self.table.first(facts, ties)
        return Event(rule.leads), rule


def read_events(common: Sequence[Mapping[str, Any]], own: Iterable[Rule] = ()) -> Events:
    """The common rows and a profile's own, each in its place by its id.  Raises RuleError."""
    rules = sorted((*read_event_rules(common), *own), key=lambda rule: rule.id)
    return Events(Table(tuple(rules), _facts))


def read_event_rules(rows: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Rows of a TOML array `event`.  Raises RuleError, naming the row."""
    return read_rules(rows, "event", (e.value for e in Event), ASKABLE)


def _facts(facts: Facts, ties: Ties) -> Mapping[str, str]:
    return {**asdict(facts), **asdict(ties)}
