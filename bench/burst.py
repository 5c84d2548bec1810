"""Fire at an ISO 8583 server, ours or somebody else's: a row for each rate, with what was wrong or never answered.

The messages are made while they are sent; the simulated host makes and judges some tens of thousands a second on a
core, which is the most that this can show.
"""

from collections.abc import Mapping
from functools import partial
from secrets import token_bytes
from statistics import median
from time import time
from typing import Any

import trio

from bench.report import spread, tell
from iso_alert.domain.card import Keyring
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.profile import read_profile
from iso_alert.sim.host import Pace, play
from iso_alert.sim.tally import Tally
from iso_alert.sim.wire import tcp
from iso_alert.sim.workload import Traffic, read_workload

_LATE = ("p50", "p95", "p99", "max")


def run(workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`connect` is HOST:PORT; the rest is bench/workloads/burst.toml."""
    host, _, port = workload["connect"].rpartition(":")
    spoken = dialect("burst", read_profile(workload["profile"]), framing=workload["framing"] or None)
    codec = Codec(spoken, Keyring((token_bytes(32),)))
    connect = tcp(host.strip("[]"), int(port))
    return [_measure(codec, connect, rate, workload) for rate in workload["rates"]]


def _measure(codec: Codec, connect: Any, rate: float, workload: Mapping[str, Any]) -> dict[str, Any]:
    pace = Pace(rate or None, None, workload["messages"], workload["window"], workload["patience"])
    tallies: list[Tally] = []
    for round_ in range(workload["rounds"]):
        tell(f"rate {rate or 'free'}, round {round_ + 1}")
        shots = Traffic(read_workload(), codec, time, seed=round_, first=1 + round_ * workload["messages"]).shots()
        tallies.append(trio.run(partial(play, connect, codec, shots, pace, workload["links"])))
    for fault in tallies[-1].faults:
        tell(fault)
    return _row(rate, tallies)


def _row(rate: float, tallies: list[Tally]) -> dict[str, Any]:
    late = [tally.milliseconds() for tally in tallies]
    return {
        "rate": rate or "free",
        "sent": sum(tally.sent for tally in tallies),
        "wrong": sum(tally.wrong for tally in tallies),
        "missing": sum(tally.missing for tally in tallies),
        **spread("answers_per_second", [tally.rate for tally in tallies]),
        **{f"{name}_ms": round(median(each.get(name, 0.0) for each in late), 2) for name in _LATE},
    }
