"""A whole node in this process, over real sockets: how it starts, how it leaves, and what it says of itself."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import structlog
import trio

from iso_alert.app import Addresses, Node
from iso_alert.app.node import BEHIND
from iso_alert.config import load
from iso_alert.sim.smsc import Sms, SmscOptions, serve_smsc
from iso_alert.store import file
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.queries import migrations
from tests.support import wire
from tests.support.bank import card_line, subscription_line
from tests.support.deployment import deploy

SOON = 10.0  # seconds; nothing here takes one, but the machine may be busy


class Running:
    """A node and its operator."""

    def __init__(self, node: Node, shown: list[Sms]) -> None:
        self.node, self.shown = node, shown
        self.addresses: Addresses

    async def exchange(self, *frames: bytes) -> list[tuple[str, str, str]]:
        """Say something to the link, and return what it answers."""
        async with await trio.open_tcp_stream(*self.addresses.links["switch"]) as stream:
            await stream.send_all(b"".join(frames))
            data = b""
            with trio.fail_after(SOON):
                while len(list(_whole(data))) < len(frames):
                    data += await stream.receive_some()
        return wire.codes(data)

    async def page(self, name: str) -> tuple[int, str]:
        """Status and text of an admin page."""
        return await trio.to_thread.run_sync(partial(_fetch, "http://{}:{}/{}".format(*self.addresses.admin, name)))

    async def until(self, true: Callable[[], Any]) -> None:
        with trio.fail_after(SOON):
            while not true():
                await trio.sleep(0.01)


def _whole(data: bytes) -> list[bytes]:
    found = []
    while len(data) >= 2 and len(data) >= (end := 2 + int.from_bytes(data[:2], "big")):
        found.append(data[2:end])
        data = data[end:]
    return found


def _fetch(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=SOON) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


@asynccontextmanager
async def running(
    directory: Path, options: SmscOptions | None = None, drain_timeout: float = 10.0
) -> AsyncIterator[Running]:
    """A node with one subscriber, from open doors to the end of its run."""
    shown: list[Sms] = []
    async with trio.open_nursery() as nursery:
        smsc = await nursery.start(serve_smsc, options or SmscOptions(), "127.0.0.1", 0, shown.append)
        it = Running(Node(load(deploy(directory, smsc, drain_timeout), {})), shown)
        it.node._desk.store.import_cards([card_line(1)])
        it.node._desk.store.import_subscriptions([subscription_line(1)], 0.0)
        it.addresses = await nursery.start(it.node.run)
        yield it
        it.node.stop()
        with trio.fail_after(SOON):
            await it.node.stopped()
        nursery.cancel_scope.cancel()


async def test_a_message_becomes_an_sms(tmp_path: Path) -> None:
    """Answered when it is durable; and the phone has it a moment later."""
    async with running(tmp_path) as it:
        answers = await it.exchange(wire.purchase(1))
        await it.until(lambda: it.shown)

    assert answers == [("0210", "000001", "00")]
    assert [sms.text for sms in it.shown] == ["Paid THB 2,500.00 by card no. x-0013 @ COMPANY NAME 15:15"]


async def test_an_older_store_is_brought_up_to_date_and_it_says_so(tmp_path: Path) -> None:
    """Of a large one it takes minutes in which no door is open; of a new one there is nothing to say."""
    with closing(sqlite3.connect(tmp_path / "alerts.db")) as db:
        for number, script in migrations()[:-1]:
            db.executescript(f"{script}; PRAGMA user_version = {number}")
    with structlog.testing.capture_logs() as older:
        async with running(tmp_path) as it:
            answers = await it.exchange(wire.purchase(1))
    with structlog.testing.capture_logs() as newest:
        async with running(tmp_path):
            pass

    assert [line["migrations"] for line in older if line["event"] == BEHIND] == [1]
    assert not [line for line in newest if line["event"] == BEHIND]
    assert answers == [("0210", "000001", "00")]


async def test_it_says_how_it_is(tmp_path: Path) -> None:
    """Alive, ready, and what waits; a page that is not there is not there."""
    async with running(tmp_path) as it:
        await it.until(lambda: it.node._routes.bound)
        live, ready, status = [await it.page(name) for name in ("livez", "readyz", "status")]
        missing, _ = await it.page("nothing")

    assert (live, ready, missing) == ((200, "alive\n"), (200, "ready\n"), 404)
    assert json.loads(status[1])["state"] == "ok"
    assert json.loads(status[1])["outbox"] == {"queued": 0, "sending": 0, "oldest": None}


async def test_without_its_operator_it_is_degraded_and_ready(tmp_path: Path) -> None:
    """The links must stay up: alerts wait."""
    async with running(tmp_path, SmscOptions(refuse_bind=14)) as it:
        answers = await it.exchange(wire.purchase(1))
        ready, status = await it.page("readyz"), json.loads((await it.page("status"))[1])

    assert (answers[0][2], ready[0], status["state"]) == ("00", 200, "degraded")
    assert status["outbox"]["queued"] == 1


async def test_without_its_store_it_is_red_and_answers_96(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, for whatever would have to be recorded; and it turns green by itself."""
    monkeypatch.setattr(file, "LOCK_WAIT", 0.01)
    async with running(tmp_path) as it:
        with closing(sqlite3.connect(tmp_path / "alerts.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            during = await it.exchange(wire.purchase(1), wire.echo(2))
            red, page = await it.page("readyz")
            still, _ = await it.page("readyz")
            other.execute("ROLLBACK")
        with trio.fail_after(SOON):
            while (await it.page("readyz"))[0] != 200:
                await trio.sleep(0.05)
        after = await it.exchange(wire.purchase(1, mti="0201"))
        await it.until(lambda: it.shown)

    assert during == [("0210", "000001", "96"), ("0810", "000002", "00")]
    assert (red, still) == (503, 503)
    assert "locked" in page
    assert after == [("0210", "000001", "00")]


# ---- leaving


async def test_it_leaves_at_once_when_idle(tmp_path: Path) -> None:
    """A connection on which nothing happens is no reason to wait."""
    async with running(tmp_path) as it, await trio.open_tcp_stream(*it.addresses.links["switch"]) as idle:
        await it.exchange(wire.echo())
        began = trio.current_time()
        it.node.stop()
        with trio.fail_after(SOON):
            await it.node.stopped()

        assert await idle.receive_some() == b""

    assert trio.current_time() - began < 5


async def test_stopping_twice_is_stopping_once(tmp_path: Path) -> None:
    """Whoever is impatient sends the signal again, and perhaps before it has started."""
    async with running(tmp_path) as it:
        it.node.stop()
        it.node.stop()
        with trio.fail_after(SOON):
            await it.node.stopped()


async def test_an_operator_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    """The drain has its time; what is not done by then is in the store, in doubt, and the next start goes on."""
    async with running(tmp_path, SmscOptions(ignore_every=1), drain_timeout=0.3) as it:
        await it.exchange(wire.purchase(1))
        await it.until(lambda: it.shown)
        began = trio.current_time()
        it.node.stop()
        with trio.fail_after(SOON):
            await it.node.stopped()
        took = trio.current_time() - began
    with closing(sqlite3.connect(tmp_path / "alerts.db")) as db:
        states = db.execute("SELECT state FROM alert").fetchall()

    assert 0.3 <= took < 5
    assert states == [("sending",)]


async def test_a_store_that_cannot_be_written_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that cannot be written must not keep the service from leaving."""
    monkeypatch.setattr(file, "LOCK_WAIT", 0.01)
    async with running(tmp_path, SmscOptions(response_latency=0.3), drain_timeout=1.0) as it:
        await it.exchange(wire.purchase(1))
        with closing(sqlite3.connect(tmp_path / "alerts.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await it.until(lambda: it.node._desk.trouble)
            began = trio.current_time()
            it.node.stop()
            with trio.fail_after(SOON):
                await it.node.stopped()
            took = trio.current_time() - began

    assert took < 5


async def test_it_can_be_stopped_while_it_waits_for_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was opened yet: there is nothing to drain."""
    node = Node(load(deploy(tmp_path), {}))

    def locked() -> int:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(node._desk.store, "recover", locked)
    with trio.fail_after(SOON):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.run)
            await trio.sleep(0.1)
            node.stop()
            await node.stopped()


async def test_a_busy_connection_is_answered_before_it_is_left(tmp_path: Path) -> None:
    """A burst that was read when the stop came is answered whole; what was not read is the host's to repeat."""
    frames = [wire.purchase(stan) for stan in range(1, 200)]
    async with running(tmp_path) as it, await trio.open_tcp_stream(*it.addresses.links["switch"]) as stream:
        await stream.send_all(b"".join(frames))
        first = await stream.receive_some()
        it.node.stop()
        data = first
        with trio.fail_after(SOON):
            while more := await stream.receive_some():
                data += more
    with closing(sqlite3.connect(tmp_path / "alerts.db")) as db:
        (recorded,) = db.execute("SELECT count(*) FROM txn").fetchone()

    assert len(wire.codes(data)) == recorded
    assert {code for _, _, code in wire.codes(data)} == {"00"}
