"""The pages that Prometheus, a supervisor and people read."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import trio
from attrs import define, field
from prometheus_client.parser import text_string_to_metric_families

from iso_alert.service.metrics import Metrics, OutboxGauges
from iso_alert.store.port import Outbox
from iso_alert.web.admin import Pages, admin_app
from tests.support.scanner import passing
from tests.web.counter import Reply, ask


@define
class Node:
    """What the pages ask."""

    metrics: Metrics = field(factory=Metrics)
    why: str | None = None
    outbox: Outbox | None = field(factory=lambda: Outbox(3, 2, 90.0))
    refreshed: int = 0

    def __attrs_post_init__(self) -> None:
        self.metrics.registry.register(OutboxGauges(lambda: self.outbox, lambda: 100.0))

    async def refresh(self) -> None:
        self.refreshed += 1

    def status(self) -> Mapping[str, Any]:
        return {"state": "unready" if self.why else "ok"}

    def ask(self, path: str, method: str = "GET", accept: str = "") -> Reply:
        """What the application says to a request; no server between."""
        pages = Pages(self.metrics.registry, self.refresh, lambda: self.why, self.status)
        return trio.run(ask, admin_app(pages), method, path, b"", {"accept": accept})


@pytest.fixture
def node() -> Node:
    return Node()


def series(text: str) -> dict[str, float]:
    """Every sample without its labels' names: `name{a,b}` to value."""
    families = text_string_to_metric_families(text)
    return {
        f"{sample.name}{{{','.join(sample.labels.values())}}}": sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/html", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text; version=1.0.0",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    ],
)
def test_prometheus_is_answered_as_it_asks(node: Node, accept: str, kind: str) -> None:
    """In its own text, or in OpenMetrics."""
    answer = node.ask("/metrics", accept=accept)

    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert ("# EOF" in answer.data.decode()) == ("openmetrics" in kind)


WANTED = {  # what was promised to be measured
    "connections", "messages", "unreadable", "decisions", "journal_batch_messages", "journal_commit_seconds",
    "outbox_alerts", "outbox_oldest_seconds", "submit_sm", "receipts", "message_to_submit_seconds",
    "message_to_receipt_seconds", "smsc_bound", "build_info",
}  # fmt: skip


def test_every_promised_series_is_there(node: Node) -> None:
    """From the first moment, with one prefix."""
    families = {family.name: family for family in text_string_to_metric_families(node.ask("/metrics").data.decode())}

    assert {f"iso_alert_{name}" for name in WANTED} <= set(families)
    assert all(name.startswith("iso_alert_") for name in families)
    assert all(family.documentation for family in families.values())
    assert {families[f"iso_alert_{name}"].type for name in WANTED if name.startswith(("message_", "journal_"))} == {
        "histogram"
    }


def test_the_outbox_is_asked_when_prometheus_asks(node: Node) -> None:
    """And when the store is in trouble there is no figure, rather than a wrong one."""
    found = series(node.ask("/metrics").data.decode())
    node.outbox = None
    missing = series(node.ask("/metrics").data.decode())

    assert found["iso_alert_outbox_alerts{queued}"] == 3
    assert found["iso_alert_outbox_alerts{sending}"] == 2
    assert found["iso_alert_outbox_oldest_seconds{}"] == 10
    assert not any("outbox" in name for name in missing)
    assert node.refreshed == 2


@pytest.mark.parametrize("seconds", [1e-7 / 7, 1e-5 / 7, 1e-4 / 7, 1e-3 / 7, 0.01 / 7, 1 / 7, 1e3 / 7, 1e7 / 7])
def test_no_figure_passes_for_a_card(node: Node, seconds: float) -> None:
    """A sum of floats has seventeen digits, and one in ten such runs has a right check digit (T-06); with noughts
    behind the point, even one of twelve that count."""
    for n in range(60):
        node.metrics.committed(1, seconds + n * seconds / 1e5)
        node.metrics.submitted_after(seconds + n * seconds / 1e4)
        assert passing(node.ask("/metrics").data) == set()


def test_counters_stay_exact(node: Node) -> None:
    """However long the service runs."""
    node.metrics.repeats.inc(123_456_789_012)

    assert series(node.ask("/metrics").data.decode())["iso_alert_repeats_total{}"] == 123_456_789_012


def test_it_is_alive(node: Node) -> None:
    """Also when it is not ready: a supervisor must not kill what waits for its disk."""
    node.why = "store unavailable: the disk is full"
    answer = node.ask("/livez")

    assert (answer.status, answer.data.decode()) == (200, "alive\n")


@pytest.mark.parametrize("why", ["starting", "draining", "store unavailable: the disk is full"])
def test_it_is_red_and_says_why(node: Node, why: str) -> None:
    """In words that a person can read."""
    node.why = why
    red = node.ask("/readyz")
    node.why = None
    green = node.ask("/readyz")

    assert (red.status, red.data.decode()) == (503, f"{why}\n")
    assert (green.status, green.data.decode()) == (200, "ready\n")


def test_the_status_is_json(node: Node) -> None:
    """With figures that are of now."""
    answer = node.ask("/status")

    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.data.decode()) == {"state": "ok"}
    assert node.refreshed == 1


@pytest.mark.parametrize("path", ["/", "/metrics/", "/nothing", "/../etc/passwd"])
def test_there_is_nothing_else(node: Node, path: str) -> None:
    """No list, no form, no file."""
    assert node.ask(path).status in (307, 404)


@pytest.mark.parametrize("page", ["/metrics", "/livez", "/readyz", "/status"])
def test_the_pages_are_only_read(node: Node, page: str) -> None:
    """Nothing here changes anything."""
    assert node.ask(page, "POST").status == 405
