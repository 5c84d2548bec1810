"""Every series hears what it should, under labels from closed sets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from iso_alert.domain.alert import AlertState
from iso_alert.service.link_rules import Watch
from iso_alert.service.metrics import RECEIPTS, Metrics, OutboxGauges
from iso_alert.service.told import Told
from iso_alert.store.port import Committed, Outbox, Recorded, Settled
from tests.support.bank import again, sale
from tests.support.engines import sqlite


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"iso_alert_{name}", labels)


def labels(metrics: Metrics, name: str) -> set[tuple[str, ...]]:
    """The label values that a series has taken so far."""
    return {
        tuple(sample.labels.values())
        for family in metrics.registry.collect()
        if family.name == f"iso_alert_{name}"
        for sample in family.samples
    }


def test_a_decision_is_counted_by_what_it_was(tmp_path: Path) -> None:
    """Event, channel, outcome and reason; a repeat has a counter of its own."""
    metrics, kept = Metrics(), sqlite(tmp_path)
    kept.subscribe(1)
    for message in (sale(1, 1), sale(2, 1), again(sale(1, 1))):
        metrics.decided(Committed.of(*kept.record(message)))
    kept.store.close()

    assert value(metrics, "decisions_total", event="purchase", channel="edc", outcome="told", reason="told") == 1
    assert (
        value(metrics, "decisions_total", event="purchase", channel="edc", outcome="silent", reason="not_subscribed")
        == 1
    )
    assert value(metrics, "repeats_total") == 1


def test_commits_are_measured() -> None:
    """Size and seconds, in histograms."""
    metrics = Metrics()
    metrics.committed(17, 0.004)

    assert value(metrics, "journal_batch_messages_sum") == 17
    assert value(metrics, "journal_batch_messages_bucket", le="16.0") == 0
    assert value(metrics, "journal_batch_messages_bucket", le="32.0") == 1
    assert value(metrics, "journal_commit_seconds_bucket", le="0.005") == 1


def test_receipts_are_counted_and_timed() -> None:
    """A second copy is counted and not timed again; what fits nothing is counted apart."""
    metrics = Metrics()
    metrics.settled(Settled([("DELIVRD", 3.0), ("DELIVRD", None), ("ENROUTE", None)], 2))

    assert value(metrics, "receipts_total", state="DELIVRD") == 2
    assert value(metrics, "receipts_total", state="ENROUTE") == 1
    assert value(metrics, "message_to_receipt_seconds_count") == 1
    assert value(metrics, "receipts_unmatched_total") == 2


def test_connections_are_a_level() -> None:
    """Up and down, and why they ended."""
    metrics = Metrics()
    for change in (+1, +1, -1):
        metrics.connected("switch", change)
    metrics.hung_up("switch", "idle")

    assert value(metrics, "connections", link="switch") == 1
    assert value(metrics, "hang_ups_total", link="switch", reason="idle") == 1


def tell(watch: Watch) -> None:
    """Every verb, some of them twice."""
    for change in (+1, +1, -1):
        watch.connected("switch", change)
    for mti in ("0200", "0200", "9999"):
        watch.answered("switch", mti, "recorded")
    watch.answered("switch", "0400", "recorded", 64)
    watch.unreadable("switch", "short")
    watch.ignored("switch", "other class")
    watch.hung_up("switch", "idle")
    watch.slowed("switch")
    watch.called("switch", "connected")
    watch.shook_hands("link", "switch", "done")


def test_what_was_told_elsewhere_counts_as_if_it_had_been_told_here() -> None:
    """Whatever there is to tell; and nothing is counted twice."""
    here, elsewhere, told = Metrics(), Metrics(), Told()
    tell(here)
    tell(told)
    for _ in range(2):
        elsewhere.told(told.take())
    verbs = {name for name in vars(Watch) if not name.startswith("_")}
    tell(told)

    assert generate_latest(elsewhere.registry) == generate_latest(here.registry)
    assert {verb for verb, *_ in told.take()} == verbs
    assert not told


@pytest.mark.parametrize("state", [AlertState.REFUSED, AlertState.GIVEN_UP, AlertState.UNKNOWN])
def test_what_never_went_is_counted(state: AlertState) -> None:
    """An alarm is built on it."""
    metrics = Metrics()
    metrics.given_up(state)

    assert value(metrics, "alerts_not_sent_total", state=state.value) == 1


def test_the_build_is_told() -> None:
    """Which version runs here."""
    ((version,),) = labels(Metrics(), "build")

    assert version[0].isdigit()


def test_two_nodes_in_one_process_do_not_mix() -> None:
    """The demo has one beside its simulators, and tests have many."""
    one, other = Metrics(), Metrics()
    one.repeats.inc()

    assert (value(one, "repeats_total"), value(other, "repeats_total")) == (1, 0)


@given(st.lists(st.text(max_size=4), max_size=30))
def test_a_host_cannot_make_new_series(mtis: list[str]) -> None:
    """An MTI that is none is called `other` (T-20)."""
    metrics = Metrics()
    for mti in mtis:
        metrics.answered("switch", mti, "00")
    metrics.answered("switch", "0210", "00")

    assert all(
        mti == "other" or (len(mti) == 4 and mti.isascii() and mti.isdigit())
        for _, mti, _ in labels(metrics, "messages")
    )


@pytest.mark.parametrize("mti", ["0800", "1804", "1824", "1220"])
def test_what_hosts_say_has_its_name(mti: str) -> None:
    """Also of 1993, where the fourth digit of network management is 4."""
    metrics = Metrics()
    metrics.answered("switch", mti, "recorded")

    assert value(metrics, "messages_total", link="switch", mti=mti, answer="recorded") == 1


@given(st.lists(st.text(max_size=8), max_size=30))
def test_an_operator_cannot_make_new_series(states: list[str]) -> None:
    """A receipt's word that nobody knows is called OTHER."""
    metrics = Metrics()
    metrics.settled(Settled([(state, None) for state in [*states, "DELIVRD", "delivrd"]], 0))

    assert labels(metrics, "receipts") <= {(word,) for word in (*RECEIPTS, "OTHER")}


def test_the_outbox_has_no_age_when_it_is_empty() -> None:
    """Nor a negative one when clocks disagree."""

    def age(oldest: float | None) -> float:
        _, age = OutboxGauges(lambda: Outbox(0, 0, oldest), lambda: 100.0).collect()
        return float(age.samples[0].value)

    assert [age(oldest) for oldest in (None, 90.0, 110.0)] == [0.0, 10.0, 0.0]


def test_a_repeat_is_told_from_a_first_copy() -> None:
    """By having no decision."""
    metrics = Metrics()
    metrics.decided(Committed.of([Recorded(1, None)], []))

    assert value(metrics, "repeats_total") == 1


def test_a_route_is_there_from_the_first_moment() -> None:
    """An alarm on a route that never was bound needs its series; each route has its own."""
    metrics = Metrics()
    watch, other = metrics.of_route("ais"), metrics.of_route("true")
    watch.bound(True)
    for tell in (watch.in_doubt, watch.late, watch.unexpected, watch.reconnected):
        tell()
    watch.submitted("ESME_ROK")
    other.submitted("ESME_ROK")
    metrics.drained("true", True)

    assert labels(metrics, "smsc_bound") == labels(metrics, "smsc_drained") == {("ais",), ("true",)}
    assert [value(metrics, "smsc_bound", route=route) for route in ("ais", "true")] == [1, 0]
    assert [value(metrics, "smsc_drained", route=route) for route in ("ais", "true")] == [0, 1]
    for name in ("submit_sm_in_doubt", "smpp_late_responses", "smpp_unexpected", "smsc_reconnects"):
        assert value(metrics, f"{name}_total", route="ais") == 1
    assert value(metrics, "submit_sm_total", route="true", status="ESME_ROK") == 1
