"""Answers a second of a link without a store: what framing, codec, reading and answering cost.

One process serves; clients in processes of their own keep its window full.
"""

from typing import Any

from bench.driven import drive, row, task
from bench.process import child


def run(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for the workload's connections and window, one for a single connection with one message at a time."""
    with child("service", ["-m", "bench.standin"]) as service:
        address = ("127.0.0.1", int(service.line()))
        many = workload["processes"]
        shares = [{**workload, "connections": max(1, workload["connections"] // many)} for _ in range(many)]
        full = drive([task(share, address, run=n) for n, share in enumerate(shares)], [service])
        alone = drive([task({**workload, "connections": 1, "in_flight": 1}, address, run=many)], [service])
    what = f"{workload['connections']} connections x {workload['in_flight']} in flight"
    return [row(what, *full), row("1 connection x 1 in flight", *alone)]
