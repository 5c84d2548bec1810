"""Each measurement runs through, on a workload too small to mean anything, and tells figures that can be true."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import BENCHES
from bench.process import child
from iso_alert.iso.message import mask

ROOT = Path(__file__).parent.parent.parent
SHORT = ("warmup=0.1", "seconds=0.2", "rounds=1", "cards=50", "connections=2", "in_flight=4")
TINY: dict[str, tuple[str, ...]] = {
    "codec": ("profiles=['iso87-ascii']", "seconds=0.05", "rounds=1"),
    "link": SHORT,
    "journal": (*SHORT, "rates=[50]", "rows=300", "ceiling_seconds=0.05"),
    "alerts": (*SHORT, "rates=[20]", "messages=40", "windows=[10]"),
    "smpp": ("pdus=200", "windows=[10]", "peers=['raw']", "rounds=1", "clients=['session', 'route', 'smpplib']"),
    "idle": ("connections=20", "subscriptions=100"),
    "pauses": (*(change for change in SHORT if "in_flight" not in change), "rate=50", "links=10"),
    "burst": ("messages=20", "rounds=1", "rates=[0]"),
}


def bench(name: str, *more: str) -> dict[str, Any]:
    """What `python -m bench NAME --json` prints; it has a minute."""
    changes = [word for change in TINY[name] for word in ("--set", change)]
    command = [sys.executable, "-m", "bench", name, "--json", *changes, *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert mask(line) == line  # nothing that could be a card number
    told: dict[str, Any] = json.loads(line)
    return told


def rows(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["what"]: row for row in told["rows"]}


def test_every_bench_has_a_tiny_workload_here() -> None:
    """A new sub-command is tested, or this fails."""

    assert set(TINY) == set(BENCHES)


@pytest.mark.parametrize("name", ["codec", "smpp"])
def test_the_parts_are_measured(name: str) -> None:
    """Every row has figures, and all of them are possible."""
    told = bench(name)

    assert told["bench"] == name
    assert set(told["machine"]) == {"python", "cpus", "sqlite", "system", "load"}
    assert told["rows"]
    assert all(value >= 0 for row in told["rows"] for value in row.values() if isinstance(value, (int, float)))


def test_a_link_answers_every_message() -> None:
    """No message is refused, none stays unanswered, and the median lies between the least and the most."""
    for row in bench("link")["rows"]:
        assert 0 < row["per_second_min"] <= row["per_second"] <= row["per_second_max"]
        assert (row["refused"], row["unanswered"]) == (0, 0)


def test_a_journal_holds_what_was_answered() -> None:
    """Each answer of the measured rounds has its row in the store, and its past is not counted."""
    found = rows(bench("journal"))
    measured = found["closed loop"]["per_second"] * 0.2

    assert (found["closed loop"]["refused"], found["at 50 a second"]["refused"]) == (0, 0)
    assert found["in the store"]["messages"] >= measured
    assert found["in the store"]["alerts"] > 0
    assert found["SQLite alone, plain rows"]["journal_ratio"] > 0
    assert found["idle"]["memory_mb"] > 0


def test_every_alert_reaches_the_sink() -> None:
    """None is missing, and the store says of all of them that they were delivered."""
    found = rows(bench("alerts"))
    states = [name for name in found if name.startswith("in the store: ")]

    assert found["message to SMS at 20 a second"]["missing"] == 0
    assert found["sustained, 40 alerts a round"]["per_second"] > 0
    assert [name.rpartition(" ")[2] for name in states] == ["delivered"]


def test_what_waits_is_weighed() -> None:
    """Trio's own connections, ours, and subscriptions: each row says what the service held."""
    found = rows(bench("idle"))

    assert {"bare trio, 1 task each", "no link", "20 silent links", "when they have gone"} <= set(found)
    assert all(row["memory_mb"] > 10 for row in found.values())


def test_pauses_are_heard() -> None:
    """A row for each generation, with and without silent links."""
    found = rows(bench("pauses"))

    assert [name for name in found if name.startswith("generation 2")] == [
        f"generation 2, {links} silent links" for links in (0, 10)
    ]
    assert all(row["most_ms"] >= row["p50_ms"] >= 0 for row in found.values())


def test_a_burst_goes_to_any_server() -> None:
    """What answers is a listener that knows nothing of the bench."""
    with child("service", ["-m", "bench.standin"]) as service:
        told = bench("burst", "--connect", f"127.0.0.1:{service.line()}")

    assert told["rows"][0]["sent"] == 20


@pytest.mark.parametrize("change", ["no_such_key=1", "rounds=many"])
def test_a_change_that_fits_nothing_is_refused(change: str) -> None:
    """A typing error is a usage error, not a measurement of something else."""
    command = [sys.executable, "-m", "bench", "link", "--set", change]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
