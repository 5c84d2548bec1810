"""Durable messages a second, and how long one waits for its answer: the real process, over loopback.

First as many as it takes, every answer making room for the next message; then at fixed rates; last SQLite alone on the
same disk, for the ratio.  The SMSC is away unless the workload wants a sink: alerts are decided, written and wait.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

from bench.ceiling import ceilings
from bench.driven import drive, row, task
from bench.place import Place, nowhere, place
from bench.process import Child, child
from bench.report import tell

CALM = 2.0  # seconds from the start to when idle memory is looked at


def run(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows: idle memory, the closed loop, each rate, what the store holds, the ceilings."""
    with place(workload) as here:
        rows = _measured(here, workload)
        rows.append(_recorded(here, workload.get("rows", 0)))
        tell("SQLite alone")
        alone = ceilings(here.store, workload["ceiling_seconds"], workload["rounds"], 50_000)
    most = next(one["per_second"] for one in rows if one["what"] == "closed loop")
    for one in alone:
        one["journal_ratio"] = round(most / one["per_second"], 3)
    return rows + alone


def _measured(here: Place, workload: dict[str, Any]) -> list[dict[str, Any]]:
    with _smsc(workload["smsc"]) as (port, sinks), here.service(port) as (service, address):
        sleep(CALM)
        idle = {"what": "idle", "memory_mb": round(service.memory(), 1)}
        beside = [service, *sinks]
        tell("closed loop")
        rows = [idle, row("closed loop", *drive([task(workload, address, 0)], beside))]
        for n, rate in enumerate(workload["rates"], 1):
            tell(f"{rate:,} a second")
            done = drive([task(workload, address, n, rate=rate)], beside)
            rows.append(row(f"at {rate:,} a second", *done))
        rows[-1]["memory_mb"] = round(service.memory(), 1)
    return rows


@contextmanager
def _smsc(kind: str) -> Iterator[tuple[int, list[Child]]]:
    if kind == "away":
        with nowhere() as port:
            yield port, []
        return
    with child("sink", ["-m", "bench.sink"]) as sink:
        yield int(sink.answer()["port"]), [sink]


def _recorded(here: Place, before: int) -> dict[str, Any]:
    """What the store holds, after the service has left: every answer must have its row."""
    with sqlite3.connect(f"file:{here.store}?mode=ro", uri=True) as store:
        (messages,) = store.execute("SELECT count(*) FROM txn").fetchone()
        (alerts,) = store.execute("SELECT count(*) FROM alert").fetchone()
    store.close()
    return {"what": "in the store", "messages": messages - before, "alerts": alerts}
