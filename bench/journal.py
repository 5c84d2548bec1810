"""Durable messages a second, and how long one waits for its answer: the real process, over loopback.

First as many as it takes, every answer making room for the next message, and SQLite alone on the same disk: in turns,
for the machine is not as fast in one minute as in the next, and a ratio is taken of neighbours.  Then at fixed rates.
The SMSC is away unless the workload wants a sink: alerts are decided, written and wait.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import sleep
from typing import Any

from attrs import frozen

from bench.ceiling import Ceiling
from bench.driven import drive, row, task
from bench.place import Place, nowhere, place
from bench.process import Child, child
from bench.report import spread, tell

CALM = 2.0  # seconds from the start to when idle memory is looked at


@frozen
class Turn:
    """A round of the closed loop, and what SQLite alone did after it."""

    done: Sequence[dict[str, Any]]
    used: dict[str, float]
    alone: Mapping[str, float]

    @property
    def rate(self) -> float:
        (round_,) = self.done[0]["rounds"]
        return float(round_["answers"] / round_["seconds"])


def run(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows: idle memory, the closed loop, SQLite alone, each rate, what the store holds."""
    with place(workload) as here:
        rows = _measured(here, workload)
        rows.append(_recorded(here, workload.get("rows", 0)))
    return rows


def _measured(here: Place, workload: dict[str, Any]) -> list[dict[str, Any]]:
    with _smsc(workload["smsc"]) as (port, sinks), here.service(port) as (service, address):
        sleep(CALM)
        idle = {"what": "idle", "memory_mb": round(service.memory(), 1)}
        beside, rounds = [service, *sinks], workload["rounds"]
        turns = [_turn(here, workload, address, n, beside) for n in range(rounds)]
        rows = [idle, _closed(turns), *_alone(turns)]
        for n, rate in enumerate(workload["rates"], rounds):
            tell(f"{rate:,} a second")
            done = drive([task(workload, address, n, rate=rate)], beside)
            rows.append(row(f"at {rate:,} a second", *done))
        rows[-1]["memory_mb"] = round(service.memory(), 1)
    return rows


def _turn(here: Place, workload: dict[str, Any], address: tuple[str, int], n: int, beside: Sequence[Child]) -> Turn:
    tell(f"closed loop, and SQLite alone: {n + 1}")
    done, used = drive([task({**workload, "rounds": 1}, address, n)], beside)
    return Turn(done, used, Ceiling.of(here.store).rates(workload["ceiling_seconds"]))


def _closed(turns: Sequence[Turn]) -> dict[str, Any]:
    """All rounds as those of one client."""
    clients = [turn.done[0] for turn in turns]
    together = {
        **clients[0],
        "rounds": [one["rounds"][0] for one in clients],
        "unanswered": sum(one["unanswered"] for one in clients),
    }
    return row("closed loop", [together], turns[-1].used)


def _alone(turns: Sequence[Turn]) -> Iterator[dict[str, Any]]:
    for what in turns[0].alone:
        ratios = [turn.rate / turn.alone[what] for turn in turns]
        rates = [turn.alone[what] for turn in turns]
        yield {"what": what, **spread("per_second", rates), **spread("journal_ratio", ratios, 3)}


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
