"""What waiting costs: connections that say nothing, beside what trio alone takes for them; subscriptions in the store.

A link is open and silent; then each sends a message, one after another, and is silent again.  `bare` is a server of a
few lines: per connection one task that waits for bytes with a deadline, or two tasks.  `ratio` is to one task.
"""

import resource
import socket
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from os import environ
from pathlib import Path
from time import sleep
from typing import Any

import trio

from bench.frames import deck
from bench.memory import held
from bench.place import nowhere, place
from bench.process import child
from bench.report import tell

CALM = 2.0  # seconds until what has just been done is over
MESSAGES = 1000
SPARE = 200  # descriptors for everything else
LIMIT = "ISO_ALERT__LINK__0__MAX_CONNECTIONS"
_WORKLOAD = {"cards": 100}
_PEOPLE = """
WITH RECURSIVE person (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM person WHERE n < :people)
INSERT INTO {} FROM person
"""
_TABLES = (
    "customer (id, ref) SELECT 1000 + n, 'P' || n",
    "card (id, token, last4, kind, customer, is_primary) "
    "SELECT 1000 + n, randomblob(36), printf('%04d', n % 10000), 'credit', 1000 + n, 1",
    "subscription (customer, mobile, language, state, changed_at) "
    "SELECT 1000 + n, printf('+6681%07d', n % 10000000), CASE n % 2 WHEN 0 THEN 'th' ELSE 'en' END, 'active', 0",
)


def run(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows: bare connections, ours, and the store."""
    connections = room_for(workload["connections"])
    bare = [_bare(tasks, connections) for tasks in (1, 2)]
    rows = [*bare, *_idle(connections)]
    for row in rows:
        if "bytes_each" in row and bare[0]["bytes_each"]:
            row["ratio"] = round(row["bytes_each"] / bare[0]["bytes_each"], 2)
    return [*rows, *_subscribed(workload["subscriptions"])]


def room_for(wanted: int) -> int:
    """Raise our own limit, which the service inherits, as far as the system lets us."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return min(wanted, most - SPARE)


@contextmanager
def _connected(address: tuple[str, int], count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(address)) for _ in range(count)]


def _row(what: str, pid: int, before: float, count: int) -> dict[str, Any]:
    """Memory of the process that has the connections, and of all of the service's."""
    sleep(CALM)
    all_ = held(pid)
    return {
        "what": what,
        "memory_mb": round(all_[0].resident, 1),
        "all_processes_mb": round(sum(one.proportional for one in all_), 1),
        **({"bytes_each": round((all_[0].resident - before) * 1e6 / count)} if count else {}),
    }


def _idle(count: int) -> Iterator[dict[str, Any]]:
    environ[LIMIT] = str(count + SPARE)
    try:
        with place(_WORKLOAD) as here, nowhere() as smsc, here.service(smsc) as (service, address):
            yield (none := _row("no link", service.pid, 0.0, 0))
            tell(f"{count:,} connections")
            with _connected(address, count) as hosts:
                yield _row(f"{count:,} silent links", service.pid, none["memory_mb"], count)
                _say_something(hosts)
                yield _row("after a message of each", service.pid, none["memory_mb"], count)
            yield _row("when they have gone", service.pid, 0.0, 0)
    finally:
        del environ[LIMIT]


def _say_something(hosts: Sequence[socket.socket]) -> None:
    """One after another: what a crowd of messages takes is another question."""
    frames = deck(_WORKLOAD["cards"], alerts=0.0)
    for n, host in enumerate(hosts):
        host.sendall(frames.message(n)[1])
        host.recv(4096)


def _subscribed(people: int) -> Iterator[dict[str, Any]]:
    """The same service without them and with them."""
    with place(_WORKLOAD) as here:
        for count in (0, people):
            _subscribe(here.store, count)
            with nowhere() as smsc, here.service(smsc) as (service, address), _connected(address, 1) as hosts:
                _say_something(hosts * MESSAGES)
                yield _row(f"{count:,} more subscriptions, after {MESSAGES:,} messages", service.pid, 0.0, 0)


def _subscribe(store: Path, people: int) -> None:
    if not people:
        return
    tell(f"writing {people:,} subscriptions")
    db = sqlite3.connect(store, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = OFF")
        for table in _TABLES:
            db.execute(_PEOPLE.format(table), {"people": people})
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()


# ---- a server of a few lines


def _bare(tasks: int, count: int) -> dict[str, Any]:
    with child("bare", ["-m", "bench.idle", str(tasks)]) as server:
        address = ("127.0.0.1", int(server.line()))
        before = held(server.pid)[0].resident
        with _connected(address, count):
            row = _row(f"bare trio, {tasks} task{'s' * (tasks > 1)} each", server.pid, before, count)
    return {name: value for name, value in row.items() if name != "all_processes_mb"}


async def _wait(stream: trio.SocketStream) -> None:
    with trio.move_on_after(600):
        await stream.receive_some(65_536)


async def _carry(tasks: int, stream: trio.SocketStream) -> None:
    if tasks == 1:
        await _wait(stream)
        return
    async with trio.open_nursery() as both:
        both.start_soon(_wait, stream)
        await trio.sleep_forever()


async def _serve(tasks: int) -> None:
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, partial(_carry, tasks), 0, host="127.0.0.1"))
        print(listeners[0].socket.getsockname()[1], flush=True)


if __name__ == "__main__":
    trio.run(_serve, int(sys.argv[1]))
