"""The whole as its users run it: a host, the real process, a foreign SMSC; killed in mid-burst, and then counted.

What is promised: an answered message is recorded, once; every SMS that it is due arrives; of those that were on their
way when the process died, at most a window comes twice.
"""

import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trio
from attrs import define, field

from tests.support import wire
from tests.support.cardholders import Happening, sale, subscribe, taken_back
from tests.support.deployment import deploy, service
from tests.support.foreign_smsc import ForeignSmsc, foreign_smsc, missing, phones

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
CARDS = 300
WINDOW = 50  # the configuration's default
AHEAD = 128  # messages that the host sends before it waits for answers
MOMENT = 0.004  # seconds
BOUND = 30.0  # seconds, for any one step


# ---- what happens, and what the cardholders should read


def life(serial: int) -> Iterator[Happening]:
    """A card's day: a sale that is taken back, and one too small to be told.  STANs end in 0, 1 and 2."""
    stan, cents = 1000 * serial, 250_000 + serial
    yield (first := sale(stan, serial, cents, told=True))
    yield sale(stan + 2, serial, 99_999, told=False)
    yield taken_back(stan + 1, first)


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


# ---- the store, and the phones


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
    async with foreign_smsc(tmp_path / "seen.jsonl", "--latency", "60") as smsc:
        config = deploy(tmp_path, smsc.port)
        await trio.to_thread.run_sync(subscribe, tmp_path, config, CARDS)
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


def check_phones(smsc: ForeignSmsc) -> None:
    """Every SMS that is due, none that is not, each card's in order, and few parts twice."""
    due: list[tuple[str, str | None]] = [(each.to, each.due) for each in DAY if each.due]
    shown = [(sms.to, sms.text) for sms in phones(smsc.lines())]
    by_phone = [[text for to, text in shown if to == phone] for phone, _ in due]

    assert (Counter(due) - Counter(shown), Counter(shown) - Counter(due)) == (Counter(), Counter())
    assert by_phone == [[text for to, text in due if to == phone] for phone, _ in due]
    assert sum(Counter(smsc.parts()).values()) - len(set(smsc.parts())) <= WINDOW
