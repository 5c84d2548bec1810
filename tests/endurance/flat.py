"""An hour at half of what it can do: memory, descriptors, threads and answers stay as they are.

The service is `iso-alert run`; host and SMSC stand in processes of their own.  Memory does rise at first, up to bounds:
SQLite may keep so many pages (`cache_size`), merchants and verdicts are remembered, and an allocator keeps the room
that the fullest moment took.  So a warm-up comes first, as fast as it goes: it has the fullest batches, all merchants
and more pages than are kept.  What is judged is all that comes after, of each process by itself: what one gives back
hides nothing that the other takes.  Each point also tells how fast the machine was (`loop_ms`), and its disk
(`sync_ms`), how much of it the service took (`cpu`, in cores), and how many alerts waited: who sees answers get slow
can tell what it was.

`leak` plants one in the service, so many bytes a message: the fact about memory must break.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

from attrs import evolve, frozen

from bench.driven import drive, task
from bench.place import Place, place
from bench.process import Child, child
from tests.endurance.flat_leak import planted
from tests.endurance.gauge import Look, chart, each, growth, look, loop, spent, sync
from tests.endurance.report import Report

FLAT = 2.0  # MB that a process may grow by in all; in an hour at 1,700 a second one byte a message would make 6
FULL = 80.0  # MB of store: its pages have filled the cache long since, and what still grows is something else
SPURT = 20_000  # messages of the warm-up at a time; some six of them make so large a store
SPURTS = 9  # at most: with the points they have a hundred clients
ENOUGH = 4  # points for a straight line
EVERY = 2.0  # seconds between two looks at the machine
SLACK = 3  # descriptors, and threads, that may come and go: a page is asked for, a worker is idle
CALM = 2.0  # seconds in which the service binds, and takes the last receipts
GONE = 0.5  # seconds in which it sees that a host has left
MOST = 90  # points: each is a client of its own, and their messages must differ
HEADINGS = (
    "seconds,memory_mb,descriptors,threads,store_mb,answers,refused,unanswered,p50_ms,p99_ms,"
    "writer_mb,loop_ms,cpu,waiting,sync_ms"
)
_WORKLOAD = {"connections": 8, "in_flight": 64, "cards": 20_000, "alerts": 0.1, "reversals": 0.01, "rounds": 1}


@frozen
class Point:
    """One line of the curve."""

    look: Look
    store: float  # MB
    sent: int  # with those of a client's first second, which the other figures leave out
    lasted: float  # seconds
    answers: int
    refused: int
    unanswered: int
    p50: float  # ms
    p99: float
    loop: float = 0.0  # ms of a loop of Python meanwhile: how fast the machine was
    cpu: float = 0.0  # cores that the service and its writer took
    waiting: int = 0  # alerts on their way at the end
    sync: float = 0.0  # ms that the disk took for a page meanwhile

    def line(self) -> str:
        of = self.look
        held = f"{of.at:.0f},{of.memory:.1f},{of.descriptors},{of.threads},{self.store:.1f}"
        told = f"{self.answers},{self.refused},{self.unanswered},{self.p50:.2f},{self.p99:.2f}"
        return f"{held},{told},{of.started:.1f},{self.loop:.2f},{self.cpu:.2f},{self.waiting},{self.sync:.1f}"


def run(
    *,
    seed: int,
    minutes: float = 60.0,
    rate: int = 0,
    every: float = 60.0,
    full: float = FULL,
    leak: int = 0,
    csv: str = "",
    rows: int = 0,
) -> Report:
    """`rate` 0 is half of what the warm-up brings, which lasts until the store has `full` MB.

    `rows` are messages that the store holds before, to which those MB come.  A point of the curve is `every` seconds;
    `csv` is a file.
    """
    report = Report()
    every = max(every, 60 * minutes / MOST)
    with (
        place({**_WORKLOAD, "rows": rows}) as here,
        child("sink", ["-m", "bench.sink"]) as sink,
        planted(leak) as program,
    ):
        with here.service(int(sink.answer()["port"]), program=program) as (service, address):
            sleep(CALM)
            report.figure("MB at the start", service.memory())
            lap = _laps(here, service, sink, address, seed)
            past = here.store.stat().st_size / 1e6 if rows else 0.0
            warm = list(_warmed(lap, past + full, at_least=not rate))
            rate = rate or round(warm[-1].answers / warm[-1].lasted / 2)
            curve = [lap(n, warmup=1.0, seconds=every, rate=rate) for n in range(1, 1 + round(60 * minutes / every))]
            sleep(CALM)  # for the last receipts
        report.figure("messages a second", rate)
        _judge(report, curve)
        _count(report, here, [*warm, *curve], rows)
    _draw([*warm, *curve], csv)
    return report


def _warmed(lap: Callable[..., Point], full: float, at_least: int) -> Iterator[Point]:
    """Spurts until the store has so many MB."""
    store = 0.0
    for n in range(SPURTS):
        if store >= full and n >= at_least:
            return
        yield (point := lap(-n, messages=SPURT))
        store = point.store


def _laps(here: Place, service: Child, sink: Child, address: tuple[str, int], seed: int) -> Callable[..., Point]:
    """What makes the `n`th point: a client that does what it is told, and a look at the service when it has left."""
    began = monotonic()

    def lap(n: int, **what: Any) -> Point:
        sink.say("arrived")
        sink.answer()  # it remembers when each SMS came until it is asked
        took, since = spent(service.pid), monotonic()
        with each(EVERY, loop) as loops, each(EVERY, partial(sync, here.directory / "page")) as syncs:
            (done,), _ = drive([task(_WORKLOAD, address, (seed + n) % 100, **what)], [service, sink])
        cpu = (spent(service.pid) - took) / (monotonic() - since)
        size = sum(Path(f"{here.store}{end}").stat().st_size for end in ("", "-wal"))
        (of,) = done["rounds"]
        sleep(GONE)
        return Point(
            look(service.pid, monotonic() - began), size / 1e6, done["sent"], of["seconds"],
            of["answers"], of["refused"], done["unanswered"], 1000 * of["p50"], 1000 * of["p99"],
            median(loops), cpu, _waiting(here), median(syncs),
        )  # fmt: skip

    return lap


def _waiting(here: Place) -> int:
    """Alerts that are on their way."""
    with closing(sqlite3.connect(f"file:{here.store}?mode=ro", uri=True)) as store:
        return int(store.execute("SELECT count(*) FROM alert WHERE state IN ('queued', 'sending')").fetchone()[0])


def judged(curve: Sequence[Point]) -> Sequence[Point]:
    """Those that came after the page cache was full: all, when the warm-up has done its work."""
    return [one for one in curve if one.store >= FULL]


def grown(points: Sequence[Point]) -> dict[str, float]:
    """MB by which each process grew: those of the straight line through the points, which no single one bends."""
    looks = [point.look for point in points]
    alone = {
        "the service": [evolve(one, memory=one.memory - one.started) for one in looks],
        "the writer": [evolve(one, memory=one.started) for one in looks],
    }
    return {name: growth(of) * (looks[-1].at - looks[0].at) / 3600 for name, of in alone.items()}


def _judge(report: Report, curve: Sequence[Point]) -> None:
    late, early = curve[len(curve) // 2 :], curve[: len(curve) // 2]
    report.figure("MB at the end", curve[-1].look.memory)
    for name in ("p50", "p99"):
        for half, points in (("first", early), ("second", late)):
            report.figure(f"{name} in the {half} half, ms (median)", median(getattr(one, name) for one in points))
    for name in ("descriptors", "threads"):
        held = [getattr(one.look, name) for one in late]
        report.fact(f"{name} stay as many", max(held) - min(held) <= SLACK, held)
    report.none("nothing was refused", [point.line() for point in curve if point.refused])
    report.none("nothing stayed unanswered", [point.line() for point in curve if point.unanswered])
    _judge_memory(report, judged(curve))


def _judge_memory(report: Report, points: Sequence[Point]) -> None:
    if len(points) < ENOUGH:
        report.skip("memory", f"a straight line wants {ENOUGH} points with a store of {FULL:.0f} MB or more")
        return
    report.figure("minutes in which memory is judged", (points[-1].look.at - points[0].look.at) / 60)
    for name, much in grown(points).items():
        report.figure(f"MB by which {name} grew in them", round(much, 2))
        report.fact(f"{name} grows by at most {FLAT:.0f} MB in them", much <= FLAT, f"{much:.1f}")


def _count(report: Report, here: Place, curve: Sequence[Point], before: int) -> None:
    """After the service has left: a row for every message, a receipt for every alert."""
    with sqlite3.connect(f"file:{here.store}?mode=ro", uri=True) as store:
        (messages,) = store.execute("SELECT count(*) FROM txn").fetchone()
        states = dict(store.execute("SELECT state, count(*) FROM alert GROUP BY state").fetchall())
    store.close()
    sent = sum(point.sent for point in curve)
    report.figure("messages", messages)
    stand = messages - before
    report.fact("every answered message stands in the store", stand == sent, f"{stand} of {sent}")
    report.fact("every alert is delivered", set(states) == {"delivered"}, states)


def _draw(curve: Sequence[Point], csv: str) -> None:
    """The curve as a picture, and as CSV: on standard output, or in the file."""
    lines = [HEADINGS, *(point.line() for point in curve)]
    if csv:
        Path(csv).write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.write("\n".join(chart([point.look for point in curve])) + "\n")
