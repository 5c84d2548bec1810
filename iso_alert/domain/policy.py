"""What the bank promised to tell, version by version: card, channel and event to a threshold.

The version in force at the transaction's own time applies (R-04), so a version that was announced takes effect by
itself.  An unknown channel is judged by the row of edc: a missed alert is worse than an extra one.
"""

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from iso_alert.domain.card import Kind
from iso_alert.domain.channel import Channel
from iso_alert.domain.event import Event
from iso_alert.domain.money import BAHT, Money

ANY = "any"
FOLLOWS = "follows the original"


class PolicyError(ValueError):
    """A policy that the bank cannot have meant.  The text names version and row."""


@frozen
class Row:
    """One line of the policy: to whom, where, for what, from how much, and whether an SMS goes."""

    id: str
    card: str  # credit, debit, any
    channels: frozenset[str]  # values of Channel; empty: any
    events: frozenset[str]  # values of Event
    sends: bool
    least: int = 0  # satang, inclusive
    follows: bool = False  # a cancellation: told if and only if its original was

    def covers(self, kind: Kind, channel: Channel, event: Event) -> bool:
        return (
            self.card in (ANY, kind.value)
            and (not self.channels or channel.value in self.channels)
            and event.value in self.events
        )

    def reached(self, amount: Money) -> bool:
        """Whether the sum is large enough; a sum that is not in baht always is."""
        return amount.currency != BAHT or amount.minor >= self.least


@frozen
class Burst:
    """Many small purchases of one card: told as one when either bound is reached."""

    on: bool = False
    count: int = 3
    within: int = 600  # seconds, for `count`
    sum: int = 100_000  # satang
    sum_within: int = 86_400  # seconds, for `sum`


@frozen
class Version:
    """One announced policy."""

    id: str
    announced_at: datetime
    effective_from: datetime
    rows: Sequence[Row]
    tell_unmatched: bool = True  # a cancellation whose original is not in the journal
    wait: float = 5.0  # seconds that such a cancellation waits for its original
    burst: Burst = Burst()

    def row(self, kind: Kind, channel: Channel, event: Event) -> Row | None:
        """The first row that covers this, or None: nothing is promised."""
        judged = Channel.EDC if channel is Channel.UNKNOWN else channel
        return next((row for row in self.rows if row.covers(kind, judged, event)), None)


def _in_order(_: object, __: object, versions: Sequence[Version]) -> None:
    if not versions:
        raise PolicyError("a policy without a version")
    for version in versions:
        if version.announced_at >= version.effective_from:
            raise PolicyError(f"version {version.id}: announced_at is not before effective_from (R-04)")
    starts = [version.effective_from for version in versions]
    if len(set(starts)) < len(starts):
        raise PolicyError("two versions take effect at the same moment")


@frozen
class Policy:
    """Every version, earliest first.  Raises PolicyError when announced too late or twice for one moment."""

    versions: Sequence[Version] = field(validator=_in_order)
    _starts: Sequence[float] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        ordered = sorted(self.versions, key=lambda version: version.effective_from)
        object.__setattr__(self, "versions", tuple(ordered))
        object.__setattr__(self, "_starts", tuple(version.effective_from.timestamp() for version in ordered))

    def at(self, moment: float) -> Version:
        """The version in force at `moment` (seconds since 1970); before the first one, the first."""
        later = (n for n in range(len(self._starts) - 1, 0, -1) if self._starts[n] <= moment)
        return self.versions[next(later, 0)]
