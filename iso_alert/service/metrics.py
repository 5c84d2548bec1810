"""Every series that the service publishes, in one list.  Labels come from closed sets only.

The rooms know no Prometheus: each has a small protocol of what it tells, and `Metrics` listens to all of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib.metadata import version
from itertools import product

from attrs import frozen
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from iso_alert.domain.alert import AlertState
from iso_alert.service.told import Counts
from iso_alert.store.port import Committed, Outbox, Settled

FAST = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 14400.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 384)
MTIS = frozenset(map("".join, product("01", "1234589", "01234", "012345")))  # the fourth: of 1993, 4 is "other"
RECEIPTS = frozenset(
    ["SCHEDULED", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED"]
)


class Metrics:
    """The registry and the ears."""

    each = False  # messages of a kind are counted together

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._tally = Tally()
        self.registry = r = CollectorRegistry()
        r.register(self._tally)  # the first to be asked, so that what it has kept is counted by the others
        p = "iso_alert_"
        self.connections = Gauge(p + "connections", "Open connections of payment hosts", ["link"], registry=r)
        self.hang_ups = Counter(p + "hang_ups", "Connections that ended, by reason", ["link", "reason"], registry=r)
        self.messages = Counter(
            p + "messages", "Messages dealt with, by MTI and what was answered", ["link", "mti", "answer"], registry=r
        )
        self.unreadables = Counter(p + "unreadable", "Frames that could not be decoded", ["link", "reason"], registry=r)
        self.ignoreds = Counter(p + "ignored", "Messages that are not ours", ["link", "reason"], registry=r)
        self.decisions = Counter(
            p + "decisions", "Financial messages decided on", ["event", "channel", "outcome", "reason"], registry=r
        )
        self.repeats = Counter(p + "repeats", "Messages that had been recorded before", registry=r)
        self.halves = Counter(p + "halves", "Messages of mirrored feeds that wait for their other half", registry=r)
        self.batch = Histogram(p + "journal_batch_messages", "Messages to a commit", buckets=SIZES, registry=r)
        self.commit = Histogram(
            p + "journal_commit_seconds", "From taking a batch to its commit", buckets=FAST, registry=r
        )
        self.submits = Counter(p + "submit_sm", "submit_sm answered, by status", ["route", "status"], registry=r)
        self.doubts = Counter(p + "submit_sm_in_doubt", "submit_sm written and never answered", ["route"], registry=r)
        self.lates = Counter(p + "smpp_late_responses", "Responses that nothing waited for", ["route"], registry=r)
        self.strays = Counter(p + "smpp_unexpected", "PDUs that were neither answer nor receipt", ["route"], registry=r)
        self.reconnects = Counter(p + "smsc_reconnects", "Times that the session came up again", ["route"], registry=r)
        self.smsc_bound = Gauge(p + "smsc_bound", "Whether the session is bound", ["route"], registry=r)
        self.smsc_drained = Gauge(p + "smsc_drained", "Whether people sent the route away", ["route"], registry=r)
        self.receipts = Counter(p + "receipts", "Delivery receipts, by state", ["state"], registry=r)
        self.strangers = Counter(p + "receipts_unmatched", "Receipts that fit nothing when they came", registry=r)
        self.lost_alerts = Counter(p + "alerts_not_sent", "Alerts given up, by final state", ["state"], registry=r)
        self.to_submit = Histogram(
            p + "message_to_submit_seconds", "From the message to the operator's answer", buckets=SLOW, registry=r
        )
        self.to_receipt = Histogram(
            p + "message_to_receipt_seconds", "From the message to the delivery receipt", buckets=SLOW, registry=r
        )
        self._of_wires(r, p)
        Info(p + "build", "What is running", registry=r).info({"version": version("iso-alert")})

    def _count(self, counter: Counter, *labels: str, by: int = 1) -> None:
        """Count what comes with every message."""
        self._tally.counts[counter, labels] += by

    def _of_wires(self, r: CollectorRegistry, p: str) -> None:
        self.slowdowns = Counter(
            p + "link_slowdowns", "Times that a host was faster than its link's rate, and waited", ["link"], registry=r
        )
        self.calls = Counter(p + "link_calls", "Calls of hosts, by outcome", ["link", "outcome"], registry=r)
        self.handshakes = Counter(
            p + "tls_handshakes",
            "TLS handshakes, by outcome; side: link or smsc",
            ["side", "name", "outcome"],
            registry=r,
        )
        self.expiries = Gauge(
            p + "certificate_expiry_seconds",
            "When the certificates of a configured file end, since 1970; side: link, smsc or api",
            ["side", "name", "file"],
            registry=r,
        )
        self.reloads = Counter(p + "reloads", "Readings of the configuration on SIGHUP", ["outcome"], registry=r)

    # What the links tell.

    def told(self, counts: Counts) -> None:
        """What they have told elsewhere."""
        for (verb, *labels), count in counts.items():
            getattr(self, verb)(*labels, count)

    def answered(self, link: str, mti: str, code: str, count: int = 1) -> None:
        self._count(self.messages, link, mti if mti in MTIS else "other", code, by=count)

    def unreadable(self, link: str, fault: str, count: int = 1) -> None:
        self.unreadables.labels(link, fault).inc(count)

    def ignored(self, link: str, why: str, count: int = 1) -> None:
        self.ignoreds.labels(link, why).inc(count)

    def connected(self, link: str, change: int) -> None:
        self.connections.labels(link).inc(change)

    def hung_up(self, link: str, why: str, count: int = 1) -> None:
        self.hang_ups.labels(link, why).inc(count)

    def slowed(self, link: str, count: int = 1) -> None:
        self.slowdowns.labels(link).inc(count)

    def called(self, link: str, outcome: str, count: int = 1) -> None:
        self.calls.labels(link, outcome).inc(count)

    # What TLS and SIGHUP tell.

    def shook_hands(self, side: str, name: str, outcome: str, count: int = 1) -> None:
        self.handshakes.labels(side, name, outcome).inc(count)

    def certificates(self, expiries: Iterable[tuple[tuple[str, str, str], float]]) -> None:
        """These and no others are in use: side, name and file, and when it ends."""
        self.expiries.clear()
        for labels, moment in expiries:
            self.expiries.labels(*labels).set(moment)

    def reloaded(self, outcome: str) -> None:
        self.reloads.labels(outcome).inc()

    # What the journal tells.

    def committed(self, size: int, seconds: float) -> None:
        self.batch.observe(size)
        self.commit.observe(seconds)

    def decided(self, of: Committed) -> None:
        counts = self._tally.counts
        for (event, channel, reason, told), count in of.outcomes.items():
            counts[self.decisions, (event, channel, "told" if told else "silent", reason)] += count
        self.repeats.inc(of.repeats)
        self.halves.inc(of.halves)

    # What the route and the courier tell.

    def of_route(self, name: str) -> "RouteMetrics":
        """What a route tells, under its name; it is there from the first moment."""
        self.smsc_bound.labels(name).set(0)
        self.smsc_drained.labels(name).set(0)
        return RouteMetrics(self, name)

    def submitted(self, route: str, status: str) -> None:
        self._count(self.submits, route, status)

    def bound(self, route: str, up: bool) -> None:
        self.smsc_bound.labels(route).set(up)

    def drained(self, route: str, drained: bool) -> None:
        self.smsc_drained.labels(route).set(drained)

    def submitted_after(self, seconds: float) -> None:
        self.to_submit.observe(seconds)

    def settled(self, settled: Settled) -> None:
        self.strangers.inc(settled.unmatched)
        for state, seconds in settled.confirmed:
            self._count(self.receipts, state if state in RECEIPTS else "OTHER")
            if seconds is not None:
                self.to_receipt.observe(seconds)

    def given_up(self, state: AlertState) -> None:
        self.lost_alerts.labels(state.value).inc()


@frozen
class RouteMetrics:
    """The watch of one route."""

    _metrics: Metrics
    _route: str

    def submitted(self, status: str) -> None:
        self._metrics.submitted(self._route, status)

    def in_doubt(self) -> None:
        self._metrics.doubts.labels(self._route).inc()

    def late(self) -> None:
        self._metrics.lates.labels(self._route).inc()

    def unexpected(self) -> None:
        self._metrics.strays.labels(self._route).inc()

    def bound(self, up: bool) -> None:
        self._metrics.bound(self._route, up)

    def reconnected(self) -> None:
        self._metrics.reconnects.labels(self._route).inc()

    def shook_hands(self, side: str, name: str, outcome: str) -> None:
        self._metrics.shook_hands(side, name, outcome)


class Tally(Collector):
    """Counts that wait for the next scrape: what prometheus_client does to count one costs more than all the rest."""

    def __init__(self) -> None:
        self.counts: defaultdict[tuple[Counter, tuple[str, ...]], int] = defaultdict(int)

    def collect(self) -> Iterable[Metric]:
        """Nothing of its own: hands every count on."""
        for (counter, labels), count in self.counts.items():
            counter.labels(*labels).inc(count)
        self.counts.clear()
        return ()


class OutboxGauges(Collector):
    """How much waits in the store, asked when Prometheus asks."""

    def __init__(self, outbox: Callable[[], Outbox | None], clock: Callable[[], float]) -> None:
        self._outbox, self._clock = outbox, clock

    def collect(self) -> list[Metric]:
        outbox = self._outbox()
        if outbox is None:
            return []
        depth = GaugeMetricFamily("iso_alert_outbox_alerts", "Alerts that are not settled, by state", labels=["state"])
        depth.add_metric(["queued"], outbox.queued)
        depth.add_metric(["sending"], outbox.sending)
        age = 0.0 if outbox.oldest is None else max(0.0, self._clock() - outbox.oldest)
        oldest = GaugeMetricFamily("iso_alert_outbox_oldest_seconds", "Age of the oldest unsettled alert", value=age)
        return [depth, oldest]
