"""The verbs of the store about what is kept no longer.  As in `port`: one verb, one transaction, and a short one."""

from typing import Protocol

from attrs import frozen


@frozen
class Limits:
    """Times (seconds since 1970) before which things are kept no longer."""

    journal: float  # messages and decisions, alerts and receipts, statements
    texts: float  # texts of SMS, and the numbers they went to
    audit: float


class Keeping(Protocol):
    """What the bank keeps no longer than it needs (R-54)."""

    def purged_at(self) -> float | None:
        """When the last purge began, if one ever ended; None while one is under way, or was broken off."""

    def purge(self, limits: Limits, now: float) -> bool:
        """Take away one portion; whether there is more.

        A purge that was broken off goes on where it was, with the limits that it began with.  At its end a row in the
        audit trail proves what it took.  A payment of which any part is younger, or waits to be told, stays whole.
        """
