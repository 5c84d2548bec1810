"""Five times of what can be done, for a minute: what is taken is answered, the rest waits with the host.

A host with many connections first finds the capacity, then floods.  Another one, with one connection and a few messages
a second, is there before, meanwhile and after: it sees what an innocent neighbour sees.
"""

import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

from attrs import frozen

from bench.driven import task
from bench.place import Place, place
from bench.process import Child, child
from tests.endurance.gauge import Look, chart, each, sync, watched
from tests.endurance.report import Report

WINDOW = 64  # of a link, as it is shipped
ROOM = 3  # windows: one that is dealt with, what was read with it, and what the kernel holds
SOON = 10.0  # seconds until the neighbour must be served as before: what sockets hold, and alerts that wait
HURRIED = 0.1  # seconds: within it the neighbour is served well enough, however quick it was before
LITTLE = 1.5  # what waits, over what is done in a second, is how long the middle one waits; some allowance for noise
FAIR = 4.0  # and the unluckiest waits no longer than so many times that
PAGES = 24.0  # MB that SQLite's page cache may take (16 MiB, and what malloc needs for them), whatever the load
GROWTH = 8.0  # MB in the last third of the flood: what fills the page cache was written to find the capacity
SYNCED = 0.25  # seconds from one look at the disk to the next
PATIENCE = 180.0  # seconds until the last alert of the flood must be delivered
_WORKLOAD = {"cards": 20_000, "alerts": 0.1, "in_flight": WINDOW}
_CALM = {**_WORKLOAD, "alerts": 0.0, "connections": 1, "warmup": 1.0, "seconds": 1.0}
_OPEN = "SELECT count(*) FROM alert WHERE state NOT IN ('delivered', 'withdrawn')"
_IN_ORDER = "SELECT alert.lane, txn.amount FROM alert JOIN txn ON txn.id = alert.txn ORDER BY alert.id"


@frozen
class Seen:
    """All that was seen of one flood."""

    flood: Mapping[str, Any]
    neighbour: Sequence[tuple[float, float]]  # when each of its seconds began, and its 99th percentile
    sent_beside: int  # by the neighbour
    sms_waiting: int  # when the last message was answered
    looks: Sequence[Look]
    syncs: Sequence[tuple[float, float]]  # when another's page was given to the disk, and its milliseconds
    watched_since: float


def run(
    *, seed: int, seconds: float = 60.0, times: float = 5.0, connections: int = 60, before: int = 8, after: int = 20
) -> Report:
    """`times` of the capacity over so many of the 64 connections that a link lets in; the neighbour's calm seconds."""
    report = Report()
    with place(_WORKLOAD) as here, child("sink", ["-m", "bench.sink"]) as sink:
        with here.service(int(sink.answer()["port"])) as (service, address), ExitStack() as hosts:
            flood = hosts.enter_context(child("flood", ["-m", "tests.endurance.flood"]))
            beside = hosts.enter_context(child("neighbour", ["-m", "bench.client"]))
            _start(flood, task({**_WORKLOAD, "connections": connections}, address, seed % 50))
            flood.say({"closed": max(1, round(seconds / 6))})
            capacity = flood.answer(PATIENCE)
            _start(
                beside, task({**_CALM, "rounds": round(before + seconds + after)}, address, 50 + seed % 50, rate=100)
            )
            what = {"rate": times * capacity["per_second"], "seconds": seconds}
            seen = _flood(service, flood, beside, before, what, here.store)
            arrived = _all_alerts(here, sink)
        _judge(report, seen, capacity, connections)
        _compare(report, here, seen, arrived)
    sys.stdout.write("\n".join(chart(seen.looks)) + "\n")
    return report


def _start(one: Child, what: Mapping[str, Any]) -> None:
    one.say(what)
    one.line()  # ready


def _flood(service: Child, flood: Child, beside: Child, before: int, what: Mapping[str, Any], store: Path) -> Seen:
    page = store.with_name("page")
    with watched(service.pid, 1.0) as looks, each(SYNCED, lambda: (monotonic(), sync(page))) as syncs:
        since = monotonic()
        beside.say()
        sleep(before)
        flood.say(what)
        flooded = flood.answer(what["seconds"] + PATIENCE)
        waiting = _asked(store, _OPEN)
        neighbour = beside.answer(2 * PATIENCE)
    return Seen(flooded, _seconds(neighbour), neighbour["sent"], waiting, looks, syncs, since)


def _asked(store: Path, question: str) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        return int(db.execute(question).fetchone()[0])


def _seconds(neighbour: Mapping[str, Any]) -> list[tuple[float, float]]:
    """A second lasts longer where its answers did."""
    rounds = neighbour["rounds"]
    begins = accumulate((each["seconds"] for each in rounds), initial=neighbour["began"] + 1.0)
    return [(at, each["p99"]) for at, each in zip(begins, rounds, strict=False)]


def _all_alerts(here: Place, sink: Child) -> list[int]:
    """Wait until every alert is delivered; the sums that the SMS spoke of, in the order in which they came."""
    until = monotonic() + PATIENCE
    while _asked(here.store, _OPEN) and monotonic() < until:
        sleep(0.5)
    sink.say("arrived")
    return [amount for amount, _ in sink.answer()["arrived"]]


def back(neighbour: Iterable[tuple[float, float]], ended: float, limit: float) -> float:
    """Seconds from the end of the flood until the neighbour's answers come within `limit`, and go on to."""
    return max((at + 1.0 - ended for at, p99 in neighbour if at + 1.0 > ended and p99 > limit), default=0.0)


def _judge(report: Report, seen: Seen, capacity: Mapping[str, float], connections: int) -> None:
    flood = seen.flood
    report.figure("capacity, messages in the best second", capacity["per_second"])
    report.figure("in the usual one", capacity["usual"])
    report.figure("offered a second", flood["offered"] / (flood["ended"] - flood["began"]))
    report.figure("answered a second in the flood", flood["per_second"])
    report.figure("held back by the host, for its sockets were full", flood["held_back"])
    report.figure("the flooding host's share of a core", flood["busy"])
    for name in ("p50", "p99", "most"):
        report.figure(f"{name} of the flood's answers, seconds", flood[name])
    report.figure("messages without an answer, most", flood["waiting"])
    most = ROOM * WINDOW * connections
    report.fact(f"what waits with us is {ROOM} windows of each connection at most", flood["waiting"] <= most, most)
    bound = flood["waiting"] / flood["per_second"]
    report.figure("what waits / what is answered a second", bound)
    report.fact("the middle one waits as long as what is before it takes", flood["p50"] <= LITTLE * bound, flood["p50"])
    report.fact("the unluckiest is not forgotten", flood["most"] <= FAIR * bound, flood["most"])
    report.fact("more was offered than could be taken", flood["held_back"] > 0, "it was no flood")
    slices = flood["slices"]
    report.fact("it does not get worse as the flood goes on", slices[-1] <= LITTLE * max(slices[:-1]), slices)
    report.fact(  # a minute is like a usual second: some of it are better, some are worse
        "the flood does not cost throughput", flood["per_second"] >= capacity["usual"] / LITTLE, flood["per_second"]
    )
    made = flood["per_second"] * _WORKLOAD["alerts"]
    report.figure("SMS that waited when it ended", seen.sms_waiting)
    report.fact(
        f"they are those of {SOON:.0f} s at most", seen.sms_waiting <= SOON * made, f"{seen.sms_waiting / made:.1f}"
    )
    report.fact("every answer is a yes", set(flood["codes"]) == {"00"}, flood["codes"])
    report.fact("everything sent is answered", not flood["unanswered"], flood["unanswered"])
    _judge_neighbour(report, seen)
    _judge_memory(report, seen)


def _judge_neighbour(report: Report, seen: Seen) -> None:
    began, ended = seen.flood["began"], seen.flood["ended"]
    calm = [p99 for at, p99 in seen.neighbour if at + 1.0 < began]
    meanwhile = [p99 for at, p99 in seen.neighbour if at + 1.0 > began and at < ended]
    soon = back(seen.neighbour, ended, max(HURRIED, 2 * max(calm, default=0.0)))
    report.figure("the neighbour's p99 before, seconds (median of seconds)", median(calm or [0.0]))
    report.figure("the neighbour's p99 meanwhile", median(meanwhile or [0.0]))
    report.figure("all that waited is answered, seconds after the flood", seen.flood["settled_after"])
    report.figure("all is as before, seconds after the flood", soon)
    report.figure("the disk took for a page beside, most, ms", max(took for _, took in seen.syncs))
    report.figure("and after the flood", max(took for at, took in seen.syncs if at > ended))
    report.fact(f"the neighbour is served as before within {SOON:.0f} s", soon <= SOON, f"{soon:.1f}")


def _judge_memory(report: Report, seen: Seen) -> None:
    began, ended = (seen.flood[name] - seen.watched_since for name in ("began", "ended"))
    during = [one for one in seen.looks if began <= one.at <= ended] or [seen.looks[-1]]  # a short one is not seen
    late = [one.memory for one in during if one.at >= ended - (ended - began) / 3] or [during[-1].memory]
    first, most = seen.looks[0].memory, max(one.memory for one in during)
    report.figure("MB before the flood", first)
    report.figure("MB in the flood, most", most)
    report.figure("MB at the end", seen.looks[-1].memory)
    report.fact(f"memory takes no more than the page cache may ({PAGES:.0f} MB)", most <= first + PAGES, f"{most:.0f}")
    report.fact(f"its last third adds at most {GROWTH:.0f} MB", max(late) - late[0] <= GROWTH, late)


def _compare(report: Report, here: Place, seen: Seen, arrived: Sequence[int]) -> None:
    """After the service has left: what it said against what it wrote, what it wrote against what went out."""
    messages, open_ = (_asked(here.store, question) for question in ("SELECT count(*) FROM txn", _OPEN))
    with closing(sqlite3.connect(f"file:{here.store}?mode=ro", uri=True)) as store:
        lanes = store.execute(_IN_ORDER).fetchall()
    sent = seen.flood["sent"] + seen.sent_beside
    report.figure("messages in the store", messages)
    report.figure("alerts", len(lanes))
    report.fact("every answered message stands in the store, once", messages == sent, f"{messages} of {sent}")
    report.fact("every alert is delivered in the end", not open_, open_)
    place_of = {amount: n for n, amount in enumerate(arrived)}
    report.none("no alert is missing", [amount for _, amount in lanes if amount not in place_of])
    report.none("each card's alerts come in their order", out_of_order(lanes, place_of))


def out_of_order(lanes: Iterable[tuple[int, int]], place_of: Mapping[int, int]) -> list[tuple[int, int]]:
    """Neighbours of a lane that came the other way round, as sums."""
    of_lane: dict[int, list[int]] = {}
    for lane, amount in lanes:
        of_lane.setdefault(lane, []).append(amount)
    return [
        (one, other)
        for amounts in of_lane.values()
        for one, other in pairwise(amounts)
        if place_of.get(one, 0) > place_of.get(other, 0)
    ]
