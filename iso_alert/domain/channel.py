"""Where was the card used?  The ordered table of specs/channels.toml answers; this module only reads it."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import asdict, fields, frozen

from iso_alert.domain.event import Event
from iso_alert.domain.rules import Rule, Table, read_rules
from iso_alert.domain.transaction import Facts


class Channel(Enum):
    """Where a card is used; what the service promises differs by it."""

    EDC = "edc"
    ECOMMERCE = "ecommerce"
    PHONE = "phone"
    ATM = "atm"
    UNKNOWN = "unknown"


ASKABLE = [*(f.name for f in fields(Facts)), "event"]


@frozen
class Channels:
    """The channel table of one profile."""

    table: Table

    def of(self, facts: Facts, event: Event) -> tuple[Channel, Rule]:
        """The channel, and the row that said so (its `extra` is the sub-channel)."""
        rule = self.table.first(facts, event)
        return Channel(rule.leads), rule


def read_channels(common: Sequence[Mapping[str, Any]], own: Iterable[Rule] = ()) -> Channels:
    """The common rows, a profile's own before them.  Raises RuleError."""
    return Channels(Table((*own, *read_channel_rules(common)), _facts))


def read_channel_rules(rows: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Rows of a TOML array `channel`.  Raises RuleError, naming the row."""
    return read_rules(rows, "channel", (c.value for c in Channel), ASKABLE)


def _facts(facts: Facts, event: Event) -> Mapping[str, str]:
    return {**asdict(facts), "event": event.value}
