"""What the bank promised to tell, version by version: card, channel and event to a threshold.

The version in force at the transaction's own time applies (R-04), so a version that was announced takes effect by
itself.  An unknown channel is judged by the row of edc: a missed alert is worse than an extra one.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from math import inf
from typing import Any, Protocol, TypeVar

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
    say: str = ""

    def covers(self, kind: Kind, channel: Channel, event: Event) -> bool:
        return (
            self.card in (ANY, kind.value)
            and (not self.channels or channel.value in self.channels)
            and event.value in self.events
        )

    def reached(self, amount: Money) -> bool:
        """Whether the sum is large enough; a sum that is not in baht always is."""
        return amount.currency != BAHT or amount.minor >= self.least


Purchase = TypeVar("Purchase", bound="HasSum")


class HasSum(Protocol):
    """A purchase, as far as counting small ones goes."""

    @property
    def at(self) -> float: ...
    @property
    def satang(self) -> int: ...


@frozen
class Burst:
    """Many small purchases of one card: told as one when either bound is reached."""

    on: bool = False
    count: int = 3
    within: int = 600  # seconds, for `count`
    sum: int = 100_000  # satang
    sum_within: int = 86_400  # seconds, for `sum`

    def reached(self, small: Sequence[Purchase], now: float) -> Sequence[Purchase]:
        """The small purchases to be told together, a day's or some minutes'; none while both bounds hold."""
        day = [one for one in small if one.at > now - self.sum_within]
        lately = [one for one in day if one.at > now - self.within]
        if sum(one.satang for one in day) >= self.sum:
            return day
        return lately if len(lately) >= self.count else ()


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
    _found: dict[tuple[Kind, Channel, Event], Row | None] = field(factory=dict, init=False, repr=False, eq=False)

    def row(self, kind: Kind, channel: Channel, event: Event) -> Row | None:
        """The first row that covers this, or None: nothing is promised."""
        asked = kind, channel, event
        if asked not in self._found:
            judged = Channel.EDC if channel is Channel.UNKNOWN else channel
            self._found[asked] = next((row for row in self.rows if row.covers(kind, judged, event)), None)
        return self._found[asked]


def _in_order(_: object, __: object, versions: Sequence[Version]) -> None:
    if not versions:
        raise PolicyError("a policy without a version")
    for version in versions:
        if version.announced_at >= version.effective_from:
            raise PolicyError(f"version {version.id}: announced_at is not before effective_from (R-04)")
    starts = [version.effective_from for version in versions]
    if len(set(starts)) < len(starts):
        raise PolicyError("two versions take effect at the same moment")
    if len({version.id for version in versions}) < len(versions):
        raise PolicyError("two versions have the same id")


@frozen
class Policy:
    """Every version, earliest first.  Raises PolicyError when announced too late, or twice for one moment or name."""

    versions: Sequence[Version] = field(validator=_in_order)
    _starts: Sequence[float] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        ordered = sorted(self.versions, key=lambda version: version.effective_from)
        object.__setattr__(self, "versions", tuple(ordered))
        later = [version.effective_from.timestamp() for version in ordered[1:]]
        object.__setattr__(self, "_starts", (-inf, *later))  # before the first one, the first

    @property
    def counts_small(self) -> bool:
        """Whether any version tells many small purchases as one."""
        return any(version.burst.on for version in self.versions)

    @property
    def longest_burst(self) -> int:
        """For how many seconds small purchases must be remembered."""
        return max(max(version.burst.within, version.burst.sum_within) for version in self.versions)

    def at(self, moment: float) -> Version:
        """The version in force at `moment` (seconds since 1970); before the first one, the first."""
        return self.versions[bisect_right(self._starts, moment) - 1]


def read_policy(raw: Mapping[str, Any]) -> Policy:
    """A policy file's content as a value.  Raises PolicyError, naming version and row, one fault a line."""
    faults: list[str] = []
    versions = []
    for each in raw.get("version", []):
        try:
            versions.append(_version(each))
        except (PolicyError, KeyError, TypeError, AttributeError) as fault:
            what = f"{fault} is missing" if isinstance(fault, KeyError) else str(fault)
            faults.append(f"version {each.get('id', '?')}: {what}")
    if strange := set(raw) - {"version"}:
        faults.append(f"unknown key {sorted(strange)[0]!r}")
    if faults:
        raise PolicyError("\n".join(faults))
    return Policy(versions)


_VERSION_KEYS = {"id", "announced_at", "effective_from", "unmatched_cancellation", "wait", "burst", "row"}
_ROW_KEYS = {"id", "say", "card", "channel", "event", "from", "send"}


def _version(raw: Mapping[str, Any]) -> Version:
    _only(raw, _VERSION_KEYS, "")
    for key in ("announced_at", "effective_from"):
        if not isinstance(raw[key], datetime) or raw[key].tzinfo is None:
            raise PolicyError(f"{key} is no date and time with an offset, such as 2027-01-31T00:00:00+07:00")
    unmatched = raw.get("unmatched_cancellation", "tell")
    if unmatched not in ("tell", "silent"):
        raise PolicyError(f"unmatched_cancellation is {unmatched!r}, not tell or silent")
    burst = dict(raw.get("burst", {}))
    _only(burst, {"on", "count", "within", "sum", "sum_within"}, "burst: ")
    if "sum" in burst:
        burst["sum"] = satang(burst["sum"])
    return Version(
        id=raw["id"],
        announced_at=raw["announced_at"],
        effective_from=raw["effective_from"],
        rows=tuple(_row(row) for row in raw["row"]),
        tell_unmatched=unmatched == "tell",
        wait=float(raw.get("wait", 5)),
        burst=Burst(**burst),
    )


def _row(raw: Mapping[str, Any]) -> Row:
    where = f"row {raw.get('id', '?')}: "
    _only(raw, _ROW_KEYS, where)
    channels, events = frozenset(raw.get("channel", ())), frozenset(raw["event"])
    known = {kind.value for kind in Kind} | {ANY}
    for words, among in ((channels, Channel), (events, Event)):
        if strange := words - {member.value for member in among}:
            raise PolicyError(f"{where}{sorted(strange)[0]!r} is no {among.__name__.lower()}")
    if raw["card"] not in known:
        raise PolicyError(f"{where}card is {raw['card']!r}, none of {', '.join(sorted(known))}")
    if raw["send"] not in (True, False, "follows"):
        raise PolicyError(f'{where}send is {raw["send"]!r}, not true, false or "follows"')
    sends, follows = bool(raw["send"]), raw["send"] == "follows"
    try:
        least = satang(raw.get("from", "0.00"))
    except PolicyError as fault:
        raise PolicyError(f"{where}{fault}") from None
    return Row(raw["id"], raw["card"], channels, events, sends, least, follows, raw["say"])


def _only(raw: Mapping[str, Any], keys: set[str], where: str) -> None:
    if strange := set(raw) - keys:
        raise PolicyError(f"{where}unknown key {sorted(strange)[0]!r}")


def satang(baht: str) -> int:
    """ "1000.00" as 100000.  Raises PolicyError: an amount is text with two decimals, never a float."""
    try:
        amount = Decimal(baht) * 100
    except (InvalidOperation, TypeError):
        raise PolicyError(f'{baht!r} is no amount such as "1000.00"') from None
    if not isinstance(baht, str) or amount != int(amount) or amount < 0:
        raise PolicyError(f'{baht!r} is no amount such as "1000.00"')
    return int(amount)
