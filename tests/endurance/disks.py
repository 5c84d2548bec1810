"""Full, read-only, locked and slow disks under load.

What is promised: what cannot be made durable is answered 96 at once, and nobody hangs; /readyz is red meanwhile and
green again by itself; then everything goes on, and nothing that was answered is lost.  A disk that is only slow refuses
nothing.  Each fault strikes twice: one service outlives it, one is killed in the middle of it and started again before
it is over.
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic

import trio
from attrs import frozen

from bench.report import percentile
from iso_alert.service.desk import PROBE_EVERY
from tests.endurance.books import Books, audit
from tests.endurance.bout import REFUSED
from tests.endurance.faults import FAULTS, Disk, Fault, Impossible, Way, prepared
from tests.endurance.lives import Life, Lives
from tests.endurance.ordeal import Born, Ordeal, Outlived
from tests.endurance.payments import SUBSCRIBED, payments
from tests.endurance.report import Report
from tests.endurance.till import RECORDED, Till
from tests.endurance.verdict import judge_books, judge_phones
from tests.support.cardholders import subscribe
from tests.support.deployment import deploy
from tests.support.foreign_smsc import Sms, foreign_smsc, missing, phones

RATE = 300.0  # messages a second
LATENCY = 20  # milliseconds that the SMSC takes
AT_ONCE = 1.5  # seconds for a 96, and to be red: SQLite waits for one for whoever holds the lock
PATIENCE = 5.0  # seconds that no host must wait for an answer, also on a slow disk
SOON = 5.0  # seconds to be green again, and to record


@frozen
class Trial:
    """What became of one fault."""

    fault: Fault
    way: Way
    outlived: Outlived
    born: Born
    last: Life
    till: Till
    books: Books
    shown: Sequence[Sms]


async def _try(fault: Fault, way: Way, disk: Disk, seen: Path, seed: int, hold: float) -> Trial:
    async with foreign_smsc(seen, "--latency", str(LATENCY)) as smsc:
        config, till = deploy(disk.place, smsc.port), Till(payments(seed), RATE, patient=True)
        await trio.to_thread.run_sync(subscribe, disk.place, config, SUBSCRIBED)
        ordeal = Ordeal(way, disk, config, till, hold)
        outlived, born = await ordeal.outlive(), await ordeal.die_and_be_born()
        rest = Lives(disk.place / "alerts.db", config, smsc, till, Random(seed))
        await rest.live_on()
    return Trial(fault, way, outlived, born, rest.lived[-1], till, audit(rest.store), phones(smsc.lines()))


def run(*, seed: int, hold: float = 4.0, only: str = "", slack: float = 1.0) -> Report:
    """Let each fault last for `hold` seconds and a bit; `only` one of them, by its name.

    `slack` is by how much everything may take longer here: bounds of time are for a machine that does nothing else.
    """
    report, bit = Report(), Random(seed).uniform(0, PROBE_EVERY)  # so that its end is not that of a probe
    for fault in FAULTS:
        if only and only != fault.name:
            continue
        try:
            _run(report.about(fault.name), fault, seed, hold + bit, slack)
        except Impossible as why:
            report.skip(fault.name, str(why))
    return report


def _run(report: Report, fault: Fault, seed: int, hold: float, slack: float) -> None:
    """Raises Impossible."""
    if missing():
        raise Impossible(missing())
    began = monotonic()
    with TemporaryDirectory(prefix="iso-alert-disks-") as name:
        (home := Path(name) / "home").mkdir()
        with prepared(fault, home) as (way, disk):
            report.figure("brought about by", way.says)
            trial = trio.run(_try, fault, way, disk, Path(name) / "seen.jsonl", seed, hold)
    _judge(report, trial, slack)
    report.figure("seconds, all lives", monotonic() - began)


def _judge(report: Report, trial: Trial, slack: float) -> None:
    (_judge_slow if trial.fault.slow else _judge_refusals)(report, trial, slack)
    left = trial.outlived.code, trial.last.code
    report.fact("who outlives it leaves with 0", left == (0, 0), f"{left} {trial.last.log[-500:]}")
    report.fact("who is started meanwhile is not stuck afterwards", not trial.born.stuck)
    judge_books(report, trial.till, trial.books)
    judge_phones(report, trial.till, trial.books, trial.shown)


def _judge_refusals(report: Report, trial: Trial, slack: float) -> None:
    bout = trial.outlived.bout
    longest = max(each.waited for each in bout.during)
    report.figure("first 96 after, s", bout.refusing)
    report.figure("longest wait for an answer, s", longest)
    report.figure("answered 96", sum(each.code == REFUSED for each in bout.during))
    report.figure("red after, s", bout.red)
    report.figure("green again after, s", bout.green)
    report.figure("recording again after, s", bout.recording)
    report.fact(
        "96 at once", max(bout.refusing, longest) <= AT_ONCE * slack, f"{bout.refusing:.3f} s, then {longest:.3f} s"
    )
    report.fact("red meanwhile", bout.red <= AT_ONCE * slack, bout.red)
    report.fact(
        "green again by itself", trial.outlived.mended and max(bout.green, bout.recording) <= SOON * slack, bout.green
    )
    if not trial.way.of_process:
        report.fact("who is started meanwhile is not green", not trial.born.green)


def _judge_slow(report: Report, trial: Trial, slack: float) -> None:
    """It must show in the waits, or the fault was none: an answer follows its commit."""
    answers = trial.outlived.bout.during
    waits = sorted(each.waited for each in answers)
    report.figure("answers", len(answers))
    report.figure("answer after, p50, s", percentile(waits, 0.5))
    report.figure("answer after, p99, s", percentile(waits, 0.99))
    report.figure("longest wait for an answer, s", waits[-1])
    report.fact("nothing is refused", {each.code for each in answers} == {RECORDED}, trial.till.codes)
    report.fact("green all the time", all(green for _, green in trial.outlived.bout.looks))
    report.fact("nobody hangs", waits[-1] <= PATIENCE * slack, waits[-1])
    report.fact("an answer follows its commit", percentile(waits, 0.5) >= (trial.fault.slow or 0), waits[0])
