"""Answers a second of a link without a store: what framing, codec, reading and answering cost.

One process serves, then as many speakers do, each with its share of the connections; clients in processes of their own
keep the windows full, on the same cores.  Of the speakers only the journal is not the service's: theirs answers at once
where they are, so this says what reading and answering bring in several processes, and nothing of what it costs the
service to record what several bring.
"""

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from bench.driven import drive, row, task
from bench.memory import family
from bench.process import Busy, Child, child, cpu


@frozen
class Speaker:
    """A process that `bench.process` did not start, whose share of the processor is wanted."""

    name: str
    pid: int

    def cpu(self) -> float:
        return cpu(self.pid)


def run(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows for the workload's connections and window, carried in one process and in speakers; one for one message."""
    return [*_of(workload, 0), *_of(workload, workload["speakers"])]


def _of(workload: dict[str, Any], speakers: int) -> Iterator[dict[str, Any]]:
    with child("service", ["-m", "bench.standin", str(speakers)]) as service:
        address = ("127.0.0.1", int(service.line()))
        beside: list[Busy] = [service, *_speakers(service)]
        many = workload["processes"]
        shares = [{**workload, "connections": max(1, workload["connections"] // many)} for _ in range(many)]
        full = drive([task(share, address, run=n) for n, share in enumerate(shares)], beside)
        where = f"{speakers} speakers" if speakers else "1 process"
        yield row(f"{where}: {workload['connections']} connections x {workload['in_flight']} in flight", *full)
        if not speakers:
            alone = drive([task({**workload, "connections": 1, "in_flight": 1}, address, run=many)], beside)
            yield row(f"{where}: 1 connection x 1 in flight", *alone)


def _speakers(service: Child) -> Iterator[Speaker]:
    _, *others = family(service.pid)
    return (Speaker(f"speaker_{n}", pid) for n, pid in enumerate(others, 1))
