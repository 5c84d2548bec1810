"""A whole node with two operators, over real sockets: shares, fail-over, and orders from a command beside it."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio
from click.testing import CliRunner
from structlog.testing import capture_logs

from iso_alert.app import Node
from iso_alert.cli import main
from iso_alert.config import load
from iso_alert.sim.smsc import Sms, Smsc, SmscOptions
from tests.service.test_node import SOON, Running
from tests.support import wire
from tests.support.bank import card_line, subscription_line
from tests.support.deployment import SMSC, deploy

NAMES = ("operator", "second")  # of the routes; each has an operator of its own


class Two(Running):
    """A node and its two operators; `shown` by operator."""

    def __init__(self, node: Node, shown: dict[str, list[Sms]]) -> None:
        super().__init__(node, [])
        self.by = shown

    def states(self) -> dict[str, str]:
        return {one.name: one.state for one in self.node._routes.statuses()}

    async def buy(self, *stans: int) -> None:
        """Purchases of one card, one after another."""
        for stan in stans:
            before = self.told
            await self.exchange(wire.purchase(stan))
            await self.until(partial(self._told_more_than, before))

    def _told_more_than(self, before: int) -> bool:
        return self.told > before

    @property
    def told(self) -> int:
        return sum(map(len, self.by.values()))

    async def type(self, *words: str) -> Any:
        """`iso-alert routes …` in another thread, as beside the service."""
        arguments = ["routes", *words, "-c", str(self.node.config.path)]
        return await trio.to_thread.run_sync(partial(CliRunner().invoke, main, arguments))


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Two]:
    """A node with one subscriber, from open doors to the end of its run."""
    shown: dict[str, list[Sms]] = {name: [] for name in NAMES}
    async with trio.open_nursery() as nursery:
        ports = []
        for name in NAMES:
            operator = Smsc(SmscOptions(), shown[name].append)
            ports.append(await nursery.start(operator.serve, "127.0.0.1", 0))
        it = Two(Node(load(configured(directory, *ports), {})), shown)
        it.node._desk.store.import_cards([card_line(1)])
        it.node._desk.store.import_subscriptions([subscription_line(1)], 0.0)
        it.addresses = await nursery.start(it.node.run)
        yield it
        it.node.stop()
        with trio.fail_after(SOON):
            await it.node.stopped()
        nursery.cancel_scope.cancel()


def configured(directory: Path, first: int, second: int) -> Path:
    """Two routes, and an admin port that a command can know."""
    path = deploy(directory, first, more=SMSC.format(name="second", more="").replace(":9", f":{second}"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        admin = f'[admin]\nlisten = "127.0.0.1:{free.getsockname()[1]}"'
    path.write_text(path.read_text(encoding="utf-8").replace('[admin]\nlisten = "127.0.0.1:0"', admin))
    return path


async def test_two_operators_share_what_is_told(tmp_path: Path) -> None:
    """Each is bound, each takes its turn, and the pages show both."""
    async with running(tmp_path) as it:
        await it.until(lambda: set(it.states().values()) == {"bound"})
        await it.buy(1, 2, 3, 4)
        status, metrics = json.loads((await it.page("status"))[1]), (await it.page("metrics"))[1]

    assert {name: len(shown) for name, shown in it.by.items()} == {"operator": 2, "second": 2}
    assert [(one["name"], one["state"], one["weight"]) for one in status["routes"]] == [
        ("operator", "bound", 1.0), ("second", "bound", 1.0),
    ]  # fmt: skip
    assert 'iso_alert_smsc_bound{route="second"} 1.0' in metrics
    assert 'iso_alert_submit_sm_total{route="operator",status="ESME_ROK"} 2.0' in metrics


async def test_a_command_beside_it_drains_and_resumes(tmp_path: Path) -> None:
    """The route leaves without a restart, the other takes all; called back it binds again."""
    async with running(tmp_path) as it:
        await it.until(lambda: set(it.states().values()) == {"bound"})
        away = await it.type("drain", "second", "--reason", "they mend it")
        await it.until(lambda: it.states()["second"] == "drained")
        await it.buy(1, 2, 3, 4)
        alone, metrics = len(it.by["second"]), (await it.page("metrics"))[1]
        listed = await it.type("list")
        back = await it.type("resume", "second", "--reason", "mended")
        await it.until(lambda: it.states()["second"] == "bound")
        await it.buy(5, 6, 7, 8)

    assert [run.exit_code for run in (away, listed, back)] == [0, 0, 0]
    assert (alone, len(it.by["second"])) == (0, 2)
    assert 'iso_alert_smsc_drained{route="second"} 1.0' in metrics
    assert "second  weight 1  drained  drained since" in listed.stdout
    assert "they mend it" in listed.stdout
    assert "drained since" not in back.stdout


async def test_a_drain_survives_a_restart(tmp_path: Path) -> None:
    """And nothing is sent over the route in the first moment either."""
    async with running(tmp_path) as it:
        assert (await it.type("drain", "operator", "--reason", "for good")).exit_code == 0
    async with running(tmp_path) as it:
        await it.until(lambda: it.states()["second"] == "bound")
        states = it.states()

    assert states == {"operator": "drained", "second": "bound"}


async def test_with_every_route_drained_it_is_degraded_and_ready(tmp_path: Path) -> None:
    """The links must stay up: alerts wait, and the page says why."""
    async with running(tmp_path) as it:
        for name in NAMES:
            await it.type("drain", name, "--reason", "both")
        await it.until(lambda: set(it.states().values()) == {"drained"})
        answers = await it.exchange(wire.purchase(1))
        ready, status = await it.page("readyz"), json.loads((await it.page("status"))[1])

    assert (answers[0][2], ready[0]) == ("00", 200)
    assert (status["state"], status["why"]) == ("degraded", "every route is drained: alerts wait")
    assert status["outbox"]["queued"] == 1


async def test_a_route_comes_and_goes_without_a_restart(tmp_path: Path) -> None:
    """SIGHUP reads a file without it, and one with it again; the series of its name go on."""
    async with running(tmp_path) as it:
        await it.until(lambda: set(it.states().values()) == {"bound"})
        path = it.node.config.path
        with_it = path.read_text(encoding="utf-8")
        path.write_text(with_it[: with_it.rindex("[[smsc]]")], encoding="utf-8")
        await it.node.reload()
        await it.until(lambda: it.states() == {"operator": "bound"})
        await it.buy(1, 2)
        alone = len(it.by["operator"])
        path.write_text(with_it, encoding="utf-8")
        await it.node.reload()
        await it.until(lambda: it.states() == {"operator": "bound", "second": "bound"})
        await it.buy(3, 4, 5, 6)
        metrics = (await it.page("metrics"))[1]

    assert (alone, len(it.by["operator"]), len(it.by["second"])) == (2, 4, 2)
    assert 'iso_alert_smsc_bound{route="second"} 1.0' in metrics
    assert 'iso_alert_submit_sm_total{route="second",status="ESME_ROK"} 2.0' in metrics


async def test_a_weight_changes_without_a_restart(tmp_path: Path) -> None:
    """SIGHUP reads it; neither route is bound anew."""
    async with running(tmp_path) as it:
        await it.until(lambda: set(it.states().values()) == {"bound"})
        path = it.node.config.path
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('name = "second"', 'name = "second"\nweight = 3'), encoding="utf-8")
        with capture_logs() as lines:
            await it.node.reload()
        await it.buy(*range(1, 9))

    assert {name: len(shown) for name, shown in it.by.items()} == {"operator": 2, "second": 6}
    assert not [line for line in lines if line["event"].startswith("route")]
