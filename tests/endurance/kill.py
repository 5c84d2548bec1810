"""SIGKILL at random moments under load, and then count.

What is promised: an answered message is recorded, once; every SMS that it is due arrives; of those that were on their
way when the process died, at most a window comes twice, each marked as in doubt.  A killed process loses nothing that
it had given to the kernel, so this says nothing of power cuts: `synchronous=FULL` is for those.  The seed fixes what is
said and when it is killed; what the machine does meanwhile is its own affair.
"""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic

import trio

from tests.endurance.books import Books, audit
from tests.endurance.lives import Lives
from tests.endurance.payments import SUBSCRIBED, payments
from tests.endurance.report import Report
from tests.endurance.till import Till
from tests.endurance.verdict import judge
from tests.support.cardholders import subscribe
from tests.support.deployment import deploy
from tests.support.foreign_smsc import foreign_smsc, phones

RATE = 500.0  # messages a second, a quarter of which is told
LATENCY = 120  # milliseconds that the SMSC takes: what is sent in that time is in doubt when we die
LOOK_EVERY = 10  # lives between two looks at what a killed process has left


async def _campaign(directory: Path, seed: int, times: int, run: str) -> tuple[Lives, Books]:
    async with foreign_smsc(directory / "seen.jsonl", "--latency", str(LATENCY)) as smsc:
        config, till = deploy(directory, smsc.port, more=run), Till(payments(seed), RATE)
        await trio.to_thread.run_sync(subscribe, directory, config, SUBSCRIBED)
        lives = Lives(directory / "alerts.db", config, smsc, till, Random(seed))
        for number in range(times):
            await lives.live()
            if number % LOOK_EVERY == 0:
                await lives.look()
        await lives.live_on()
    return lives, audit(lives.store)


def run(*, seed: int, times: int = 300, writer: str = "process", speakers: int = 0) -> Report:
    """Kill so many times, let one life settle everything, and compare the host, the store and the phones.

    `writer` is who has the store: a process, which may be killed alone, or a thread.  So may one of the `speakers`.
    """
    report, began = Report(), monotonic()
    with TemporaryDirectory(prefix="iso-alert-kill-") as name:
        lives, books = trio.run(_campaign, Path(name), seed, times, f'writer = "{writer}"\nspeakers = {speakers}\n')
        shown = phones(lives.smsc.lines())
    report.figure("kills", times)
    judge(report, lives, books, shown)
    report.figure("seconds", monotonic() - began)
    return report
