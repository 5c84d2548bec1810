"""Drive clients against a service, and turn what they and the processes tell into one row."""

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from bench.process import Busy, Usage, child
from bench.report import spread

_OF_A_TASK = (
    "connections", "in_flight", "cards", "alerts", "reversals", "warmup", "seconds", "rounds", "arrivals", "stans",
)  # fmt: skip


def task(workload: dict[str, Any], address: tuple[str, int], run: int, **more: Any) -> dict[str, Any]:
    """What one client is told; `run` is unique among the clients of one store."""
    of_workload = {name: workload[name] for name in _OF_A_TASK if name in workload}
    return {"reversals": 0.0, **of_workload, "host": address[0], "port": address[1], "run": run, **more}


def drive(tasks: Sequence[dict[str, Any]], beside: Sequence[Busy]) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Let a client do each task, all at the same time: what they measured, and what the others' CPU was."""
    patience = 120.0 + sum((one.get("seconds", 60) + 30) * (one.get("rounds", 0) + 1) for one in tasks)
    with ExitStack() as stack:
        clients = [stack.enter_context(child(f"client {n}", ["-m", "bench.client"])) for n, _ in enumerate(tasks)]
        for client, each in zip(clients, tasks, strict=True):
            client.say(each)
        for client in clients:
            client.line()  # ready: its frames are made, its connections stand
        usage = Usage([*beside, *clients])
        for client in clients:
            client.say()
        done = [client.answer(patience) for client in clients]
        shares = usage.shares()
        return done, {name: share for name, share in shares.items() if not name.startswith("client")}


def row(what: str, done: Sequence[dict[str, Any]], used: dict[str, float]) -> dict[str, Any]:
    """The figures of clients that worked side by side: rates add up, of percentiles the worse one counts."""
    together = list(zip(*(one["rounds"] for one in done), strict=True))
    rates = [sum(one["answers"] / one["seconds"] for one in round_) for round_ in together]
    return {
        "what": what,
        **spread("per_second", rates),
        **{f"{name}_ms": _milliseconds(name, together) for name in ("p50", "p99")},
        **_spread_p99(together),
        "most_ms": round(1000 * max(one["most"] for round_ in together for one in round_), 2),
        "late_p99_ms": round(1000 * max(one["late_p99"] for one in done), 2),
        "refused": sum(one["refused"] for round_ in together for one in round_),
        "unanswered": sum(one["unanswered"] for one in done),
        **{f"{name}_cpu": round(100 * share) for name, share in used.items()},
        "client_cpu": round(100 * sum(one["cpu"] for one in done)),
    }


def _milliseconds(name: str, together: Sequence[Sequence[dict[str, float]]]) -> float:
    return round(1000 * median(max(one[name] for one in round_) for round_ in together), 2)


def _spread_p99(together: Sequence[Sequence[dict[str, float]]]) -> dict[str, float]:
    worst = [1000 * max(one["p99"] for one in round_) for round_ in together]
    return {name: value for name, value in spread("p99_ms", worst, 2).items() if name != "p99_ms"}
