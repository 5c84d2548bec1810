"""The whole as its users run it: a host, the real process, a foreign SMSC; killed in mid-burst, and then counted.

What is promised: an answered message is recorded, once; every SMS that it is due arrives; of those that were on their
way when the process died, at most a window comes twice.
"""

import json
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest
import trio
from attrs import define, field, frozen

from iso_alert.sim.cards import test_pan
from tests.support import wire
from tests.support.deployment import deploy, iso_alert, service, write_csv

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "smpp").is_dir(), reason="npm install was not run in tests/interop"
    ),
]
CARDS = 300
WINDOW = 50  # the configuration's default
AHEAD = 128  # messages that the host sends before it waits for answers
THAI, ENGLISH = "th", "en"
MOMENT = 0.004  # seconds
BOUND = 30.0  # seconds, for any one step


# ---- what happens, and what the cardholders should read


@frozen
class Happening:
    """One message of the host, and the SMS that it is due."""

    stan: int
    serial: int  # of the card
    mti: str
    cents: int
    due: str = ""  # empty: silence

    def frame(self, repeat: bool = False) -> bytes:
        of = self.stan - self.stan % 10  # the card's first sale: a reversal names it, and comes from the same shop
        changed = {"f90": f"0200{of:06d}" + "0" * 32} if self.mti == "0400" else {}
        merchant = f"SHOP {of}".ljust(25) + "BANGKOK".ljust(13) + "TH"
        return wire.purchase(
            self.stan, pan=test_pan(self.serial), mti=self.mti[:3] + "1" if repeat else self.mti,
            f4=f"{self.cents:012d}", f43=merchant, f54=f"3002764C{self.stan:012d}", **changed,
        )  # fmt: skip


def language(serial: int) -> str:
    return THAI if serial % 2 else ENGLISH


def text(stan: int, serial: int, cents: int, cancel: bool) -> str:
    """The published texts once more, by hand."""
    amount, last4 = f"{cents // 100:,}.{cents % 100:02d}", test_pan(serial)[-4:]
    left, shop = f"{stan // 100:,}.{stan % 100:02d}", f"SHOP {stan - stan % 10}"
    if language(serial) == THAI:
        paid, unit = ("คืนเงิน", "") if cancel else ("ชำระ", " น.")
        return f"{paid} {amount} บ ผ่านบัตร x-{last4} @ {shop} 15:15{unit} เหลือ {left} บ"
    paid, way = ("Reversed", "to card") if cancel else ("Paid", "by card")
    return f"{paid} THB {amount} {way} no. x-{last4} @ {shop} 15:15 Balance THB {left}"


def life(serial: int) -> Iterator[Happening]:
    """A card's day: a sale that is taken back, and one too small to be told.  STANs end in 0, 1 and 2."""
    stan, cents = 1000 * serial, 250_000 + serial
    yield Happening(stan, serial, "0200", cents, text(stan, serial, cents, False))
    yield Happening(stan + 2, serial, "0200", 99_999)
    yield Happening(stan + 1, serial, "0400", cents, text(stan + 1, serial, cents, True))


DAY = [happening for serial in range(1, CARDS + 1) for happening in life(serial)]


# ---- the host


@define(eq=False)
class Host:
    """It sends its day, in order, a chunk at a time, and knows what was sent and what was answered."""

    sent: set[int] = field(factory=set)
    answered: dict[int, str] = field(factory=dict)

    async def play(self, address: tuple[str, int], kill: Callable[[], None] | None = None, at: int = 0) -> None:
        """Send what is not answered, and what was sent before as a repeat; after chunk `at` the line may be cut."""
        waiting = [happening for happening in DAY if happening.stan not in self.answered]
        chunks = [waiting[n : n + AHEAD] for n in range(0, len(waiting), AHEAD)]
        async with await trio.open_tcp_stream(*address) as stream:
            for number, chunk in enumerate(chunks):
                await stream.send_all(b"".join(each.frame(each.stan in self.sent) for each in chunk))
                self.sent |= {each.stan for each in chunk}
                if kill and number == at:
                    await trio.sleep(MOMENT)  # so that some of the chunk is recorded, and not answered yet
                    kill()
                if not await self._hear(stream, {each.stan for each in chunk}):
                    return
        if kill and at >= len(chunks):
            kill()

    async def _hear(self, stream: trio.abc.Stream, wanted: set[int]) -> bool:
        """Take answers until these are there; False if the line is cut first."""
        rest = b""
        while not wanted <= set(self.answered):
            try:
                data = await stream.receive_some()
            except trio.BrokenResourceError:
                return False
            if not data:
                return False
            rest += data
            whole = _whole(rest)
            self.answered |= {int(stan): code for _, stan, code in wire.codes(rest[:whole])}
            rest = rest[whole:]
        return True


def _whole(data: bytes) -> int:
    """How many bytes of this are whole frames."""
    at = 0
    while len(data) >= at + 2 and len(data) >= (end := at + 2 + int.from_bytes(data[at : at + 2], "big")):
        at = end
    return at


# ---- the operator, and the phones


@define(eq=False)
class Operator:
    """The foreign SMSC, and what it wrote down."""

    port: int
    out: Path

    def parts(self) -> list[tuple[str, str]]:
        """Each submit_sm: to whom, and its octets."""
        lines = [json.loads(line) for line in self.out.read_text("utf-8").splitlines()]
        return [(line["destination"], line["short_message"]) for line in lines]

    def messages(self) -> list[tuple[str, str]]:
        """What the phones show, in the order in which it was whole."""
        shown: list[tuple[str, str]] = []
        halves: dict[tuple[str, int], dict[int, bytes]] = {}
        for line in map(json.loads, self.out.read_text("utf-8").splitlines()):
            octets, to = bytes.fromhex(line["short_message"]), line["destination"]
            if not line["esm_class"] & 0x40:
                shown.append((to, line["text"]))
                continue
            assert octets[:3] == b"\x05\x00\x03"
            reference, total, number = octets[3:6]
            parts = halves.setdefault((to, reference), {})
            parts[number] = octets[6:]
            if len(parts) == total:
                shown.append((to, b"".join(parts[n] for n in sorted(parts)).decode("utf-16-be")))
        return shown


@asynccontextmanager
async def operator(out: Path) -> AsyncIterator[Operator]:
    arguments = ["node", str(HERE / "smsc.js"), "--port", "0", "--out", str(out), "--latency", "60"]
    async with trio.open_nursery() as nursery:
        process = await nursery.start(partial(trio.run_process, arguments, stdout=subprocess.PIPE))
        with trio.fail_after(BOUND):
            yield Operator(json.loads(await process.stdout.receive_some())["port"], out)
            process.terminate()
            await process.wait()


def mobile(serial: int) -> str:
    return f"08{serial:08d}"


def customers(directory: Path, config: Path) -> None:
    """Import the card file and the subscriptions as a bank does."""
    rows = [(f"C{n}", test_pan(n), "credit", "yes") for n in range(1, CARDS + 1)]
    cards = write_csv(directory / "cards.csv", [("customer", "pan", "kind", "primary"), *rows])
    people = [(f"C{n}", mobile(n), language(n)) for n in range(1, CARDS + 1)]
    subscriptions = write_csv(directory / "people.csv", [("customer", "mobile", "language"), *people])
    for command, file in (("cards", cards), ("subscriptions", subscriptions)):
        done = iso_alert(command, "import", "-c", config, file)
        assert done.returncode == 0, done.stderr


def recorded(directory: Path) -> Counter[int]:
    """How often each STAN stands in the store."""
    with closing(sqlite3.connect(directory / "alerts.db")) as db:
        return Counter(int(stan) for (stan,) in db.execute("SELECT stan FROM txn"))


CHUNKS = -(-len(DAY) // AHEAD)
MOMENTS = {"in the first messages": 0, "in mid-burst": CHUNKS // 2, "when all is answered": CHUNKS}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_killed_service_loses_nothing(tmp_path: Path, moment: str) -> None:
    """SIGKILL in mid-burst: what was answered is recorded once, and every SMS comes, few of them twice."""
    host = Host()
    async with operator(tmp_path / "seen.jsonl") as smsc:
        config = deploy(tmp_path, smsc.port)
        await trio.to_thread.run_sync(customers, tmp_path, config)
        async with service(config) as first:
            with trio.fail_after(BOUND):
                await host.play(first.link, lambda: first.process.send_signal(signal.SIGKILL), MOMENTS[moment])
                await first.process.wait()
        answered, kept, gone = set(host.answered), recorded(tmp_path), len(smsc.parts())
        async with service(config) as second:
            with trio.fail_after(BOUND):
                await host.play(second.link)
            await second.emptied(BOUND)
            second.process.terminate()
            with trio.fail_after(BOUND):
                assert await second.process.wait() == 0, second.text

    assert first.process.returncode == -signal.SIGKILL
    assert gone < len(smsc.parts()), "it was killed when everything was done"
    assert answered <= set(kept)
    assert recorded(tmp_path) == Counter(happening.stan for happening in DAY)
    assert set(host.answered.values()) == {"00"}
    check_phones(smsc)


def check_phones(smsc: Operator) -> None:
    """Every SMS that is due, none that is not, each card's in order, and few parts twice."""
    due = [(f"66{mobile(each.serial)[1:]}", each.due) for each in DAY if each.due]
    shown = list(dict.fromkeys(smsc.messages()))  # the first time that each was shown
    by_phone = [[text for to, text in shown if to == phone] for phone, _ in due]

    assert (Counter(due) - Counter(shown), Counter(shown) - Counter(due)) == (Counter(), Counter())
    assert by_phone == [[text for to, text in due if to == phone] for phone, _ in due]
    assert sum(Counter(smsc.parts()).values()) - len(set(smsc.parts())) <= WINDOW
