"""SIGHUP: a running service takes another configuration, and no connection notices."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from signal import SIGHUP

import pytest
import structlog
import trio
import trio.testing

from iso_alert.app import Node
from iso_alert.config import load
from iso_alert.domain.card import Keyring
from iso_alert.store.sqlite import Sqlite
from tests.service.test_node import SOON, Running, running
from tests.support import wire
from tests.support.authority import authority, client
from tests.support.bank import KEY, OLDER_KEY, card_line, subscription_line
from tests.support.deployment import Service, deploy, service

LISTEN = 'listen = "127.0.0.1:0"\n[[smsc]]'  # the link's


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


async def ask(stream: trio.abc.Stream, frame: bytes) -> str:
    """Say something on a connection that stays; DE39 of the answer."""
    await stream.send_all(frame)
    with trio.fail_after(SOON):
        ((_, _, code),) = wire.codes(bytes(await stream.receive_some()))
    return code


async def reload(it: Running) -> list[tuple[str, str]]:
    """Read the configuration again; what the log says: event, and what it is about."""
    with structlog.testing.capture_logs() as lines:
        await it.node.reload()
    ours = [line for line in lines if line["event"].startswith(("configuration", "cards"))]  # others have turns too
    return [(line["event"], line.get("fault") or line.get("what") or line.get("key") or "") for line in ours]


def outcome(directory: Path) -> list[str]:
    """The reason of every decision, in order."""
    with closing(sqlite3.connect(directory / "alerts.db")) as db:
        return [reason for (reason,) in db.execute("SELECT reason FROM txn ORDER BY id")]


async def test_another_policy_counts_from_the_next_message_on(tmp_path: Path) -> None:
    """On the connection that was open all the time."""
    (tmp_path / "specs").mkdir()
    async with running(tmp_path) as it, await trio.open_tcp_stream(*it.addresses.links["switch"]) as host:
        await ask(host, wire.purchase(1, f4="000000050000"))
        path = tmp_path / "iso-alert.toml"
        policy = (Path(__file__).parents[2] / "specs" / "policy.toml").read_text(encoding="utf-8")
        (tmp_path / "specs" / "policy.toml").write_text(policy.replace("1000.00", "100.00"), encoding="utf-8")
        edit(path, "[store]", 'specs = "specs"\n[store]')
        said = await reload(it)
        await ask(host, wire.purchase(2, f4="000000050000"))
        await it.until(lambda: it.shown)

    assert said == [("configuration read again", "")]
    assert outcome(tmp_path) == ["below_threshold", "told"]
    assert len(it.shown) == 1


async def test_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    """Every fault is told, and the service goes on as it was."""
    async with running(tmp_path) as it, await trio.open_tcp_stream(*it.addresses.links["switch"]) as host:
        before = it.node.config
        edit(tmp_path / "iso-alert.toml", LISTEN, f"rate = 0\nwindow = 0\n{LISTEN}")
        said = await reload(it)

        assert [event for event, _ in said] == ["configuration kept as it was"] * 2
        assert it.node.config is before
        assert await ask(host, wire.purchase(1)) == "00"


async def test_what_waits_is_told(tmp_path: Path) -> None:
    """And the rest is in force."""
    async with running(tmp_path) as it:
        edit(tmp_path / "iso-alert.toml", "drain_timeout = 10.0", "drain_timeout = 9.0")
        edit(tmp_path / "iso-alert.toml", "sqlite:alerts.db", "sqlite:other.db")
        said = await reload(it)

        assert said == [("configuration: this waits for a restart", "store"), ("configuration read again", "")]
        assert it.node.config.drain_timeout == 9
        assert it.node.config.store == tmp_path / "alerts.db"


async def test_a_card_is_found_while_its_key_changes(tmp_path: Path) -> None:
    """One connection meets the card under the new key first, then the other that was open before: nobody is lost."""
    async with running(tmp_path) as it:
        address = it.addresses.links["switch"]
        async with await trio.open_tcp_stream(*address) as one, await trio.open_tcp_stream(*address) as other:
            await ask(one, wire.purchase(1))
            await ask(other, wire.purchase(2))
            (tmp_path / "new.key").write_text(OLDER_KEY.hex())
            edit(tmp_path / "iso-alert.toml", '["pan.key"]', '["new.key", "pan.key"]')
            await reload(it)
            await ask(one, wire.purchase(3))
            await ask(other, wire.purchase(4))
            await it.until(lambda: len(it.shown) == 4)
        with closing(sqlite3.connect(tmp_path / "alerts.db")) as db:
            tokens = db.execute("SELECT hex(substr(token, 1, 4)) FROM card").fetchall()

    assert tokens == [(Keyring((OLDER_KEY,)).names[0].upper(),)]


async def test_a_key_that_is_needed_stays(tmp_path: Path) -> None:
    """Its customers would never be found again: refused, with their number, and the next message is told."""
    async with running(tmp_path) as it, await trio.open_tcp_stream(*it.addresses.links["switch"]) as host:
        (tmp_path / "new.key").write_text(OLDER_KEY.hex())
        edit(tmp_path / "iso-alert.toml", '["pan.key"]', '["new.key"]')
        said = await reload(it)
        await ask(host, wire.purchase(1))
        await it.until(lambda: it.shown)

    ((event, fault),) = said
    assert event == "configuration kept as it was"
    assert f"keys.pan: key {Keyring((KEY,)).names[0]} is taken out, and 1 cards of customers are still" in fault


async def test_a_key_that_nobody_needs_goes(tmp_path: Path) -> None:
    """Once a message has named the card: it is under the new key, and found there."""
    (tmp_path / "new.key").write_text(OLDER_KEY.hex())
    async with running(tmp_path) as it, await trio.open_tcp_stream(*it.addresses.links["switch"]) as host:
        edit(tmp_path / "iso-alert.toml", '["pan.key"]', '["new.key", "pan.key"]')
        said = await reload(it)
        await ask(host, wire.purchase(1))
        edit(tmp_path / "iso-alert.toml", '["new.key", "pan.key"]', '["new.key"]')
        said += await reload(it)
        await ask(host, wire.purchase(2))
        await it.until(lambda: len(it.shown) == 2)

    assert [event for event, _ in said] == ["configuration read again"] * 2


async def test_a_bug_of_ours_in_reading_stops_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, without what it may have met, and the old configuration stays."""

    def fall(*_: object) -> None:
        raise KeyError("hunter2")

    async with running(tmp_path) as it, await trio.open_tcp_stream(*it.addresses.links["switch"]) as host:
        monkeypatch.setattr("iso_alert.app.rereading.load", fall)
        ((event, fault),) = await reload(it)

        assert event == "configuration kept as it was"
        assert fault.endswith("could not be judged (KeyError): please report it")
        assert await ask(host, wire.purchase(1)) == "00"


async def test_what_was_taken_is_told(tmp_path: Path) -> None:
    """So that nobody wonders whether the change that he made is in force."""
    async with running(tmp_path) as it:
        edit(tmp_path / "iso-alert.toml", LISTEN, f"rate = 50\n{LISTEN}")
        edit(tmp_path / "iso-alert.toml", "[run]", "[retention]\njournal_days = 120\n[run]")
        with structlog.testing.capture_logs() as lines:
            await it.node.reload()

    assert [line["taken"] for line in lines if "taken" in line] == [["retention", "link switch"]]


async def test_retention_counts_from_the_next_purge_on(tmp_path: Path) -> None:
    """Nobody need restart for it."""
    async with running(tmp_path) as it:
        edit(tmp_path / "iso-alert.toml", "[run]", "[retention]\njournal_days = 120\n[run]")
        await reload(it)

        assert it.node._purging.retention.journal_days == 120


async def test_other_limits_for_who_comes_later(tmp_path: Path) -> None:
    """One who is inside stays, though the list does not name him any more."""
    async with running(tmp_path) as it, await trio.open_tcp_stream(*it.addresses.links["switch"]) as host:
        await ask(host, wire.echo(1))
        edit(tmp_path / "iso-alert.toml", LISTEN, f'allow = ["10.0.0.0/8"]\n{LISTEN}')
        await reload(it)
        async with await trio.open_tcp_stream(*it.addresses.links["switch"]) as late:
            with trio.fail_after(SOON):
                with suppress(trio.BrokenResourceError):
                    assert await late.receive_some() == b""

        assert await ask(host, wire.echo(2)) == "00"


# ---- a process of its own


@asynccontextmanager
async def secured(directory: Path, more: str = "") -> AsyncIterator[Service]:
    """A service whose link has mutual TLS, and one subscriber."""
    path = deploy(directory, more=more)
    certificates(directory)
    tls = 'tls = { certificate = "localhost.pem", key = "localhost.key", clients = "hosts-ca.pem" }'
    edit(path, LISTEN, f"{tls}\n{LISTEN}")
    store = Sqlite(directory / "alerts.db")
    store.import_cards([card_line(1)])
    store.import_subscriptions([subscription_line(1)], 0.0)
    store.close()
    async with service(path) as one:
        yield one


def certificates(directory: Path) -> None:
    authority().issue(directory, "localhost", "localhost", "127.0.0.1")
    authority("hosts").trust(directory, "hosts-ca.pem")


async def call(directory: Path, one: Service) -> trio.SSLStream[trio.SocketStream]:
    """Come in as a host with its certificate."""
    stream = await trio.open_tcp_stream(*one.link)
    host = trio.SSLStream(stream, client(directory, "hosts").context, server_hostname="localhost")
    await host.do_handshake()
    return host


async def says(one: Service, event: str, count: int = 1) -> None:
    with trio.fail_after(SOON):
        while [line["event"] for line in one.lines].count(event) < count:
            await trio.sleep(0.02)


@pytest.mark.parametrize("more", ["", "speakers = 2\n"], ids=["service", "speakers"])
async def test_a_real_service_changes_its_certificate(tmp_path: Path, more: str) -> None:
    """Who is inside is answered all along; the next host is shown the new one; a broken file does nothing."""
    async with secured(tmp_path, more) as one, await call(tmp_path, one) as old:
        codes = [await ask(old, wire.purchase(1))]
        certificates(tmp_path)
        one.process.send_signal(SIGHUP)
        await says(one, "configuration read again")
        async with await call(tmp_path, one) as new:
            shown = new.getpeercert(binary_form=True), old.getpeercert(binary_form=True)
            codes += [await ask(old, wire.purchase(2)), await ask(new, wire.purchase(3))]
        (tmp_path / "localhost.pem").write_text("not yet")
        one.process.send_signal(SIGHUP)
        await says(one, "configuration kept as it was")
        codes += [await ask(old, wire.purchase(4))]
        certificates(tmp_path)
        one.process.send_signal(SIGHUP)
        await says(one, "configuration read again", 2)
        page = await one.ask("metrics")
        one.process.terminate()
        with trio.fail_after(SOON):
            code = await one.process.wait()

    assert codes == ["00"] * 4
    assert shown[0] != shown[1]
    assert 'iso_alert_reloads_total{outcome="refused"} 1.0' in page
    assert 'iso_alert_certificate_expiry_seconds{file="clients",name="switch",side="link"}' in page
    assert code == 0


async def test_signals_in_a_burst_are_no_burst_of_readings(tmp_path: Path) -> None:
    """A script that sends three does not stop the service, nor do they queue up."""
    async with service(deploy(tmp_path)) as one:
        for _ in range(3):
            one.process.send_signal(SIGHUP)
        await says(one, "configuration read again")

        assert (await one.status())["state"] in ("ok", "degraded")


async def test_a_signal_that_comes_too_early_waits_for_the_doors(tmp_path: Path) -> None:
    """A service that waits for its store has no links yet that could be given anything."""
    node = Node(load(deploy(tmp_path), {}))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.reload)
        await trio.testing.wait_all_tasks_blocked()
        await nursery.start(node.run)
        await node.reload()
        node.stop()
        with trio.fail_after(SOON):
            await node.stopped()
        nursery.cancel_scope.cancel()

    assert node.metrics.registry.get_sample_value("iso_alert_reloads_total", {"outcome": "done"}) == 2
