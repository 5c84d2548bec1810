"""The verbs of the store, a sentence each.  One verb, one transaction; every engine keeps the same promises.

All of them block and are called away from the event loop, in a process or a thread, one at a time.  What cannot be made
durable raises StoreUnavailable, and then nothing of the call has happened.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import NamedTuple, Protocol

from attrs import field, frozen

from iso_alert.domain.alert import AlertState
from iso_alert.domain.decision import Decision, Rulebook
from iso_alert.domain.text import Language
from iso_alert.domain.transaction import Transaction
from iso_alert.store.campaigns import Campaigns
from iso_alert.store.disclosures import Disclosures
from iso_alert.store.files import CardLine as CardLine
from iso_alert.store.files import Files
from iso_alert.store.keeping import Keeping
from iso_alert.store.people import People
from iso_alert.store.routes import Routes
from iso_alert.store.statements import Statements
from iso_alert.store.tokens import Tokens


class StoreUnavailable(Exception):
    """It could not be made durable: the disk is full, read-only or locked.  Trying again later may help."""


class Recorded(NamedTuple):  # made for every message
    """What became of one message.

    A repeat has the number of the first copy and no decision of its own; what waits for its other half has neither.
    """

    number: int | None
    decision: Decision | None

    @property
    def repeat(self) -> bool:
        return self.number is not None and self.decision is None


_ALERTS, _OUTCOME = attrgetter("alerts"), attrgetter("outcome")
recorded: partial[Recorded] = partial(tuple.__new__, Recorded)  # of both as one tuple: in half the time


@frozen
class Lease:
    """An alert that this node may send now.  In the store it counts as perhaps on the wire."""

    alert: int
    mobile: str = field(repr=False)
    text: str = field(repr=False)
    key: str
    began_at: float  # when the message that caused it arrived, seconds since 1970
    attempts: int = 0
    doubts: int = 0
    done: frozenset[int] = frozenset()  # numbers of the parts that the SMSC has accepted already


@frozen
class Committed:
    """What a batch came to, counted; one by one only for who asks, for all of it goes from process to process."""

    outcomes: Mapping[tuple[str, str, str, bool], int]  # by event, channel, reason, and whether that tells
    repeats: int
    halves: int  # that wait for their other half
    alerts: int  # that are new
    leases: Sequence[Lease]
    each: Sequence[Recorded] = ()

    @classmethod
    def of(cls, recorded: Sequence[Recorded], leases: Sequence[Lease], each: bool = False) -> "Committed":
        """The sums of what was recorded."""
        decisions = [decision for _, decision in recorded if decision is not None]
        alerts = sum(map(len, map(_ALERTS, decisions)))
        repeats = halves = 0
        if len(decisions) < len(recorded):
            repeats = sum([one.repeat for one in recorded])
            halves = len(recorded) - len(decisions) - repeats
        outcomes = dict(Counter(map(_OUTCOME, decisions)))
        return cls(outcomes, repeats, halves, alerts, leases, recorded if each else ())


@frozen
class Taken:
    """The SMSC accepted part `n` (of `parts`) of an alert.  `ids` as for Confirmed."""

    alert: int
    n: int
    parts: int
    route: str  # the operator's name
    ids: tuple[str, ...]
    at: float
    confirms: bool = False  # whether this counts as delivered: an operator without receipts
    way: str = ""  # the name of the route, unless it is the operator's


@frozen
class Untaken:
    """An alert, or a part of it, was not accepted: `state` is what it becomes, `pause` how long it then waits."""

    alert: int
    state: AlertState
    cause: str
    at: float
    pause: float = 0.0
    doubt: bool = False
    counts: bool = True  # whether it was an attempt; one that was never written is not


@frozen
class Undoubted:
    """An attempt is in doubt no more.  `doubts` were there before it, so that telling this twice changes nothing."""

    alert: int
    doubts: int
    cause: str


@frozen
class Confirmed:
    """A delivery receipt.  `ids` are the forms in which its message id may be written elsewhere, as it came first."""

    route: str
    ids: tuple[str, ...]
    mobile: str = field(repr=False)
    state: str  # the SMSC's word: DELIVRD, UNDELIV, …
    delivered: bool | None  # None: not final yet
    error: str
    at: float


Result = Taken | Untaken | Undoubted | Confirmed


@frozen
class Settled:
    """What a batch of answers and receipts came to; `confirmed` holds state, and seconds from message to receipt."""

    confirmed: Sequence[tuple[str, float | None]] = ()
    unmatched: int = 0
    leases: Sequence[Lease] = ()  # what may go in place of the alerts that are settled


@frozen
class Outbox:
    """What still has to go: how many alerts, and since when the oldest waits (seconds since 1970)."""

    queued: int
    sending: int
    oldest: float | None


@frozen
class SubscriptionLine:
    """One customer's subscription, as imported."""

    customer: str
    mobile: str = field(repr=False)
    language: Language


class Store(Protocol):
    """Everything that must not be lost."""

    @property
    def people(self) -> People:
        """The verbs about subscriptions; they share the store's one connection."""

    @property
    def tokens(self) -> Tokens:
        """The verbs about tokens of the API; they share it too."""

    @property
    def files(self) -> Files:
        """The verbs about the bank's files."""

    @property
    def statements(self) -> Statements:
        """The verbs about reminders."""

    @property
    def campaigns(self) -> Campaigns:
        """The verbs about news."""

    @property
    def keeping(self) -> Keeping:
        """The verb that purges."""

    @property
    def disclosures(self) -> Disclosures:
        """The verbs about disclosure."""

    @property
    def routes(self) -> Routes:
        """The verbs about routes to operators."""

    def record(
        self, batch: Sequence[Transaction], book: Rulebook, now: float, room: int
    ) -> tuple[list[Recorded], list[Lease]]:
        """Decide on and write a batch in its order, and lease at most `room` parts of alerts.  Idempotent by key."""

    def commit(
        self, batches: Sequence[Sequence[Transaction]], book: Rulebook, now: float, room: int, each: bool
    ) -> Committed:
        """Record batches as one, and say what that came to; of `each` message only if asked."""

    def overdue(self, book: Rulebook, now: float, room: int) -> tuple[list[Recorded], list[Lease]]:
        """Decide on the messages of mirrored feeds whose other half did not come in time, as `record` does."""

    def claim(self, now: float, limit: int) -> list[Lease]:
        """Lease alerts that are due, oldest first, at most one a lane, none whose lane has an earlier open one.

        Of at most `limit` parts together, but one alert at least.
        """

    def settle(self, results: Sequence[Result], now: float = 0.0, limit: int = 0) -> Settled:
        """Write what the SMSC said, in order, and lease at most `limit` parts as `claim` does, in the same commit.

        An alert all of whose parts are taken is accepted, also if it waits to go again.  Idempotent: the same answer or
        receipt twice changes nothing.
        """

    def recover(self) -> int:
        """At start: put what a dead courier held back in the queue, marked as in doubt; how many those were."""

    def outbox(self) -> Outbox:
        """How much waits, and since when."""

    def next_due(self, now: float) -> float | None:
        """When the next queued alert becomes due, if any waits (seconds since 1970)."""

    def import_cards(self, lines: Iterable[CardLine]) -> int:
        """Write cards and their customers; a card that is there is changed.  How many lines changed something."""

    def import_subscriptions(self, lines: Iterable[SubscriptionLine], now: float) -> tuple[int, list[str]]:
        """Write subscriptions, active at once; how many changed something, and customers who have no card."""

    def check(self) -> None:
        """Prove that a commit is possible."""

    def shorten(self) -> None:
        """Bring in what commands beside us have written, if that is much: they must not do it themselves."""

    def close(self) -> None:
        """Give everything back.  Idempotent."""


Open = Callable[[], Store]
