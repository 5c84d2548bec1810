"""A subscriber's whole life through a running node, over real sockets: from the application to the silence after."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import trio

from iso_alert.app import Addresses, Node
from iso_alert.config import load
from iso_alert.sim.smsc import Sms, SmscOptions, serve_smsc
from iso_alert.store.inquiry import Inquiry
from iso_alert.store.sqlite import Sqlite
from tests.service.enrolment_stage import file_action
from tests.support import wire
from tests.support.bank import card_line
from tests.support.deployment import deploy
from tests.support.people import AGENT

SOON = 15.0  # seconds; nothing here takes one, but the machine may be busy
ATM = """
[[link]]
name = "atm"
listen = "127.0.0.1:0"
profile = "kmalert-fa/1"
enrolment = true
"""
OLD, NEW = "66810000001", "66810000009"
PIN = "04 1"


class House:
    """A node, its payment host, its ATM switch, and two phones."""

    def __init__(self, node: Node, shown: list[Sms]) -> None:
        self.node, self.shown = node, shown
        self.addresses: Addresses
        self.stan = 0

    async def say(self, link: str, frame: bytes) -> str:
        """Say this to a link; DE39 of its answer."""
        async with await trio.open_tcp_stream(*self.addresses.links[link]) as stream:
            await stream.send_all(frame)
            data = b""
            with trio.fail_after(SOON):
                while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                    data += await stream.receive_some()
        return wire.codes(data)[0][2]

    async def ask(self, asks: str, *record: str) -> str:
        self.stan += 1
        return await self.say("atm", file_action({"asks": asks, "record": record}, self.stan))

    async def buy(self) -> str:
        self.stan += 1
        return await self.say("switch", wire.purchase(self.stan))

    async def phone(self, count: int = 1) -> list[tuple[str, str]]:
        """The next SMS: to whom, and how they begin."""
        with trio.fail_after(SOON):
            while len(self.shown) < count:
                await trio.sleep(0.01)
        taken, self.shown[:] = self.shown[:count], self.shown[count:]
        return [(sms.destination, sms.text) for sms in taken]

    async def becomes(self, state: str) -> None:
        with trio.fail_after(SOON):
            while self.state() != state:
                await trio.sleep(0.01)

    def state(self) -> str:
        with closing(sqlite3.connect(self.node.config.store)) as db:
            return str(db.execute("SELECT state FROM subscription").fetchone()[0])

    def reasons(self) -> list[str]:
        """Why each purchase was told or not."""
        inquiry = Inquiry(self.node.config.store)
        with closing(inquiry):
            return [one.reason.value for one in inquiry.decisions((0, 2**62))]


@asynccontextmanager
async def house(directory: Path, options: SmscOptions | None = None, **environ: Any) -> AsyncIterator[House]:
    shown: list[Sms] = []
    async with trio.open_nursery() as nursery:
        smsc = await nursery.start(serve_smsc, options or SmscOptions(), "127.0.0.1", 0, shown.append)
        config = load(deploy(directory, smsc, more=ATM), environ)
        it = House(Node(config), shown)
        it.node._desk.store.import_cards([card_line(1)])
        it.addresses = await nursery.start(it.node.run)
        yield it
        it.node.stop()
        with trio.fail_after(SOON):
            await it.node.stopped()
        nursery.cancel_scope.cancel()


async def test_the_whole_life(tmp_path: Path) -> None:
    """Applied, confirmed, told in two languages and at two numbers, news ended, cancelled, silent (R-01 to R-40)."""
    async with house(tmp_path) as it:
        assert await it.ask("1 KMALERT", "01 0810000001", "02 TH", PIN, "05 1", "06 ATM") == "00"
        ((to, text),) = await it.phone()
        assert (to, text) == (OLD, "ท่านได้สมัครใช้บริการแจ้งเตือนทาง SMS เมื่อใช้จ่ายผ่านบัตร (K-mAlert) เรียบร้อยแล้ว")
        await it.becomes("active")

        assert await it.buy() == "00"
        ((to, text),) = await it.phone()
        assert (to, text[:17]) == (OLD, "ชำระ 2,500.00 บ ผ")

        assert await it.ask("2 KMALERT", "02 EN", PIN) == "00"
        assert await it.buy() == "00"
        ((to, text),) = await it.phone()
        assert (to, text[:17]) == (OLD, "Paid THB 2,500.00")

        assert await it.ask("2 KMALERT", "01 0810000009", PIN) == "00"
        assert [to for to, _ in await it.phone(2)] == [NEW, OLD]
        assert await it.buy() == "00"
        assert [to for to, _ in await it.phone()] == [NEW]

        assert await it.ask("3 KMNEWS", PIN) == "00"
        assert await it.phone() == [(NEW, "Your SMS News cancellation is successful.")]
        assert await it.ask("3 KMALERT", PIN, "06 ATM") == "00"
        assert await it.phone() == [(NEW, "Your K-mAlert service cancellation is successful.")]

        assert await it.buy() == "00"
        assert it.reasons() == ["told", "told", "told", "not_active"]
        assert it.shown == []


async def test_an_sms_that_never_arrives_activates_nothing(tmp_path: Path) -> None:
    """R-35: the operator took it, the phone did not."""
    async with house(tmp_path, SmscOptions(drop_receipts=1.0)) as it:
        await it.ask("1 KMALERT", "01 0810000001", "02 TH", PIN, "05 1", "06 ATM")
        await it.phone()
        await it.buy()

        assert (it.state(), it.reasons()) == ("confirming", ["not_active"])


async def test_where_there_are_no_receipts_the_operators_word_counts(tmp_path: Path) -> None:
    """`activate = "on_accept"` of the route."""
    environ = {"ISO_ALERT__SMSC__0__ACTIVATE": "on_accept"}
    async with house(tmp_path, SmscOptions(drop_receipts=1.0), **environ) as it:
        await it.ask("1 KMALERT", "01 0810000001", "02 TH", PIN, "05 1", "06 ATM")
        await it.becomes("active")


async def test_the_kill_switch_acts_without_a_restart(tmp_path: Path) -> None:
    """R-52, T-18: also when somebody else's process turned it."""
    async with house(tmp_path) as it:
        await it.ask("1 KMALERT", "01 0810000001", "02 TH", PIN, "05 1", "06 ATM")
        await it.becomes("active")
        beside = Sqlite(it.node.config.store)
        for stopped in (True, False):
            beside.people.set_stopped(stopped, AGENT, 1.0)
            await it.buy()
        beside.close()

        assert it.reasons() == ["stopped", "told"]


async def test_a_payment_link_offers_no_enrolment(tmp_path: Path) -> None:
    """Only links that are flagged for it do."""
    async with house(tmp_path) as it:
        frame = file_action({"asks": "5 KMALERT", "record": [PIN]}, 1)

        assert await it.say("switch", frame) == "24"
