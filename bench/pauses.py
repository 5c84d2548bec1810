"""How long garbage collections stop the service: under load, and with thousands of silent links.

The service is `iso-alert run` with a listener at the collector, and nothing else changed: `python -m bench.pauses` is
started in its place and leaves what it heard in a file.  A collection stops every thread of its process; the writer's
process has a collector of its own, which is not listened to.  Times are the collecting thread's own processor time, so
that what else the machine does is not in them.
"""

import gc
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import thread_time
from typing import Any

from attrs import define, field

from bench.driven import drive, task
from bench.idle import LIMIT, SPARE, room_for
from bench.place import nowhere, place
from bench.process import child
from bench.report import percentile, tell

HOLD = "hold"
HEARD = "ISO_ALERT_BENCH_PAUSES"  # the file


def run(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows: each generation, first under load alone, then with silent links beside it."""
    return [row for links in (0, room_for(workload["links"])) for row in _measure(workload, links)]


def _measure(workload: dict[str, Any], links: int) -> Iterator[dict[str, Any]]:
    tell(f"{workload['rate']:,} a second beside {links:,} silent links")
    with place(workload) as here:
        heard = here.directory / "pauses.json"
        environ = {HEARD: str(heard), LIMIT: str(links + SPARE)}
        os.environ.update(environ)
        with nowhere() as smsc, here.service(smsc, program="bench.pauses") as (service, address), ExitStack() as beside:
            command = ["-m", "bench.pauses", HOLD, *map(str, (*address, links))]
            beside.enter_context(child("silent hosts", command)).line()
            (done,), _ = drive([task(workload, address, 0, rate=workload["rate"])], [service])
        for name in environ:
            del os.environ[name]
        yield from _rows(json.loads(heard.read_text(encoding="utf-8")), links, done["rounds"][0])


def _rows(pauses: dict[str, list[float]], links: int, of: dict[str, float]) -> Iterator[dict[str, Any]]:
    for generation, took in pauses.items():
        yield {
            "what": f"generation {generation}, {links:,} silent links",
            "times": len(took),
            "p50_ms": round(1000 * percentile(sorted(took), 0.5), 2),
            "most_ms": round(1000 * max(took, default=0.0), 2),
            "seconds_in_all": round(sum(took), 3),
            "answers_p99_ms": round(1000 * of["p99"], 2),
            "answers_most_ms": round(1000 * of["most"], 2),
        }


# ---- the service with a listener


@define
class Ears:
    """Seconds of each collection, by generation."""

    took: dict[int, list[float]] = field(factory=lambda: {generation: [] for generation in range(3)})
    _began: float = 0.0

    def __call__(self, phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            self._began = thread_time()
        else:
            self.took[about["generation"]].append(thread_time() - self._began)


def _service() -> None:
    from iso_alert.cli import main

    ears = Ears()
    gc.callbacks.append(ears)
    try:
        main()
    finally:
        Path(os.environ[HEARD]).write_text(json.dumps(ears.took), encoding="utf-8")


# ---- hosts that are silent: so many descriptors are more than `select` can do with


def _hold(host: str, port: str, count: str) -> None:
    with ExitStack() as stack:
        for _ in range(int(count)):
            stack.enter_context(socket.create_connection((host, int(port))))
        print("all in", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == HOLD:
        _hold(*sys.argv[2:])
    else:
        _service()
