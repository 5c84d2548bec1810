"""From the host's message to the SMS at the operator: how long it takes, and how many a second go through.

Three processes: the host, the service, and an SMSC that answers at once and sends receipts.  An SMS has arrived when
all its parts have; half of them are Thai and have two.  Sustained counts alerts from the first message sent to the last
receipt taken: decided, leased, submitted, settled, receipted, all of it durable.
"""

import sqlite3
from time import monotonic, sleep
from typing import Any

from bench.driven import drive, task
from bench.frames import Deck
from bench.place import Place, place
from bench.process import Child, Died, child
from bench.report import percentile, spread, tell

POLL, QUIET, PATIENCE = 0.02, 1.0, 60.0  # seconds
RUN = 20  # clients of a window, at most: each has messages of its own


def run(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows: each rate, what is sustained with each window, what the store says became of them all."""
    with place(workload) as here, child("sink", ["-m", "bench.sink", str(workload["receipt_after"])]) as sink:
        port = int(sink.answer()["port"])
        rows = []
        with here.service(port, workload["window"]) as (service, address):
            sleep(QUIET)  # until it is bound
            for n, rate in enumerate(workload["rates"]):
                tell(f"{rate} alerts a second")
                one = task(workload, address, n, rate=rate, alerts=1.0, tell_due=True)
                rows.append(_latency(rate, one, service, sink))
        for n, window in enumerate(workload["windows"], 1):
            with here.service(port, window) as (service, address):
                sleep(QUIET)
                tell(f"as many as go through, window {window}")
                rows.append(_sustained({**workload, "window": window}, RUN * n, address, service, sink))
        rows.append(_states(here))
    return rows


def _latency(rate: float, one: dict[str, Any], service: Child, sink: Child) -> dict[str, Any]:
    (done,), used = drive([one], [service, sink])
    sleep(QUIET)
    arrived = {Deck.number(amount): at for amount, at in _ask(sink, "arrived")["arrived"]}
    measured = [(n, due) for n, due in enumerate(done["due"]) if due >= done["began"] + one["warmup"]]
    took = sorted(1000 * (arrived[n] - due) for n, due in measured if n in arrived)
    return {
        "what": f"message to SMS at {rate:,} a second",
        "alerts": len(took),
        "missing": len(measured) - len(took),
        "p50_ms": round(percentile(took, 0.5), 2),
        "p99_ms": round(percentile(took, 0.99), 2),
        "most_ms": round(percentile(took, 1.0), 2),
        "late_p99_ms": round(1000 * done["late_p99"], 2),
        **_shares(used, done),
    }


def _sustained(
    workload: dict[str, Any], run: int, address: tuple[str, int], service: Child, sink: Child
) -> dict[str, Any]:
    """As many rounds as wanted, after one to warm up; `run` is the number of the first client."""
    rates, count = [], workload["messages"]
    for n in range(workload["rounds"] + 1):
        before = _ask(sink, "arrived")["sms"]
        one = task({**workload, "alerts": 1.0}, address, run + n, messages=count)
        (done,), used = drive([{name: one[name] for name in one if name != "seconds"}], [service, sink])
        rates.append(count / (_all_receipted(sink, before + count) - done["began"]))
    what = f"sustained, {count:,} alerts a round"
    return {"what": what, "window": workload["window"], **spread("per_second", rates[1:]), **_shares(used, done)}


def _all_receipted(sink: Child, sms: int) -> float:
    """The moment at which the SMSC had the last SMS, and we the last receipt."""
    until = monotonic() + PATIENCE
    while monotonic() < until:
        told, now = _ask(sink), monotonic()
        if told["receipts"] == told["submitted"] and _ask(sink, "arrived")["sms"] >= sms:
            return now
        sleep(POLL)
    raise Died(f"after {PATIENCE:.0f} s: {told['submitted']} parts of {sms} SMS, {told['receipts']} receipts taken")


def _ask(sink: Child, what: str | None = None) -> dict[str, Any]:
    sink.say(what)
    told: dict[str, Any] = sink.answer()
    return told


def _shares(used: dict[str, float], done: dict[str, Any]) -> dict[str, int]:
    """CPU while the host sent."""
    shares = {**used, "client": done["cpu"]}
    return {f"{name}_cpu": round(100 * share) for name, share in shares.items()}


def _states(here: Place) -> dict[str, Any]:
    """What became of all alerts of this run; whatever is not `delivered` wants an explanation."""
    with sqlite3.connect(f"file:{here.store}?mode=ro", uri=True) as store:
        states = store.execute("SELECT state, count(*) FROM alert GROUP BY state").fetchall()
    store.close()
    return {"what": "in the store: " + ", ".join(f"{count:,} {state}" for state, count in states)}
