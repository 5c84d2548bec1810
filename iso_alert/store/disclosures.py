"""The verbs of the store about disclosure under a legal duty (R-53).  As in `port`: one verb, one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from attrs import frozen

from iso_alert.domain.command import Actor


class NotAllowed(Exception):
    """This person may not do that, or it was done already.  The text says why."""


@frozen
class Disclosure:
    """One request.  Times in seconds since 1970."""

    id: int
    customers: tuple[str, ...]
    since: float
    until: float
    legal_reference: str
    requested_by: str
    requested_from: str
    requested_at: float
    approved_by: str | None = None
    approved_at: float | None = None


class Disclosures(Protocol):
    """What the authorities are told, by two people."""

    def request(
        self, customers: Sequence[str], since: float, until: float, legal_reference: str, actor: Actor, now: float
    ) -> int:
        """Ask for a disclosure: its number.  Raises NotAllowed when a customer is not on file.  Leaves an audit row."""

    def disclosures(self) -> Sequence[Disclosure]:
        """All of them, oldest first."""

    def approve(self, number: int, actor: Actor, now: float) -> Disclosure:
        """Approve a request of somebody else, once.  Leaves an audit row, also when it raises NotAllowed."""

    def export(self, disclosure: Disclosure) -> Iterator[Mapping[str, Any]]:
        """What is told, record by record, masked.  Raises NotAllowed before it is approved."""
