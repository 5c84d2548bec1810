"""Bad SMSCs: the real service between a host that behaves and an SMSC that does not, spell by spell; then all is well.

What is promised: nothing is lost, nothing comes twice that was not in doubt, a card's SMS come in order, no answer to
the host waits for any of it, and the service comes back by itself.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import trio
from attrs import define, evolve, field

from tests.endurance.misdeeds import GOOD, SPELLS, Spell
from tests.endurance.noise import Noise
from tests.endurance.report import Report
from tests.endurance.rogue import Rogue
from tests.endurance.steady import Steady, milliseconds
from tests.endurance.witness import Witness
from tests.support.cardholders import Happening, sale, subscribe, taken_back
from tests.support.deployment import Service, deploy, service
from tests.support.scanner import passing

CARDS = 37
FIRST = 100_001  # STANs of six digits, and sums so large that a Thai text has two parts, each like no other one
CENTS = 123_000_000
CALM = 10.0  # seconds before the first spell: what answers take when all is well
SETTLED = 400.0  # seconds; an alert that was put off eight times waits for 300
PROMPT = 1.0  # seconds; no answer takes longer, whatever the SMSC does

_ANOTHER = """
[[smsc]]
name = "operator-{n}"
operator = "operator"
connect = "127.0.0.1:{port}"
system_id = "alerts"
password_file = "smsc.password"
source = "KBANK"
"""


def run(*, seed: int, seconds: float = 240.0, rate: float = 40.0, calm: float = CALM, routes: int = 2) -> Report:
    """`seconds` of misdeeds, `rate` messages a second, so many routes to the one operator."""
    report = Report()
    with TemporaryDirectory(prefix="endurance-") as directory:
        trio.run(_campaign, Path(directory), Plan(seed, seconds, rate, calm), routes, report)
    return report


@define(eq=False)
class Plan:
    """What happens: spells of the SMSC, and messages of the host; the same seed makes the same."""

    seed: int
    seconds: float
    rate: float
    calm: float
    happenings: dict[int, Happening] = field(factory=dict)  # by STAN
    _dice: Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._dice = Random(f"{self.seed} host")

    def spells(self) -> Iterator[Spell]:
        """All of them in some order, again and again, shortened so that each comes at least once."""
        dice, left = Random(f"{self.seed} spells"), self.seconds
        shorter = min(1.0, self.seconds / sum(spell.seconds for spell in SPELLS))
        while left > 0.01:
            for spell in dice.sample(SPELLS, len(SPELLS)):
                length, (least, most) = min(left, spell.seconds * shorter), spell.every
                left -= length
                yield evolve(spell, seconds=length, every=(least * shorter, most * shorter))

    def message(self, stan: int) -> bytes:
        """A sale; or what takes back the sale before it."""
        before = self.happenings.get(stan - 1)
        if before and not before.of and self._dice.random() < 0.05:
            one = taken_back(stan, before)
        else:
            one = sale(stan, 1 + self._dice.randrange(CARDS), CENTS + stan, told=True)
        self.happenings[stan] = one
        return one.frame()


async def _campaign(directory: Path, plan: Plan, routes: int, report: Report) -> None:
    async with trio.open_nursery() as nursery:
        rogue = Rogue(plan.seed, nursery)
        port = await rogue.open()
        more = "".join(_ANOTHER.format(n=n, port=port) for n in range(2, routes + 1))
        config = deploy(directory, port, drain_timeout=30.0, more=more)
        await trio.to_thread.run_sync(subscribe, directory, config, CARDS)
        async with service(config) as running:
            host, noise = Steady(running.link, plan.message, plan.rate, FIRST), Noise(directory)
            nursery.start_soon(noise.listen)
            await nursery.start(host.run)
            await _weather(plan, rogue, host, noise, report)
            await _settle(running, rogue, report)
            _tell_of_the_host(host, noise, report)
            await _leave(running, report)
        recorded = [plan.happenings[one.n] for one in host.took]
        Witness(directory / "alerts.db", rogue.ledger).tell(report, recorded)
        report.figures["misdeeds"] = ", ".join(f"{name} {count:,}" for name, count in rogue.ledger.done.most_common())
        nursery.cancel_scope.cancel()


async def _weather(plan: Plan, rogue: Rogue, host: Steady, noise: Noise, report: Report) -> None:
    began = trio.current_time()
    await trio.sleep(plan.calm)
    bad, noise.calm = trio.current_time(), host.longest()
    for spell in plan.spells():
        rogue.spell = spell
        if spell.begins_with_a_break:
            rogue.hang_up()
        await trio.sleep(spell.seconds)
    rogue.spell = GOOD
    rogue.hang_up()  # what was to be answered late, or never, is in doubt now
    until = trio.current_time()
    await host.stop(patience=30.0)
    report.figure("answers in ms, the SMSC good", milliseconds(host.seconds(began, bad)))
    report.figure("answers in ms, the SMSC bad", milliseconds(host.seconds(bad, until)))


async def _settle(running: Service, rogue: Rogue, report: Report) -> None:
    began = trio.current_time()
    try:
        await running.emptied(SETTLED)
    except trio.TooSlowError:
        report.fact("the outbox empties once the SMSC is well", False, (await running.status())["outbox"])
    with trio.move_on_after(60):  # late answers' receipts are later still
        while rogue.receipts_open:
            await trio.sleep(0.05)
    report.figure("seconds until all was settled", trio.current_time() - began)
    status = await running.status()
    report.fact("the service is bound again, and well", status["state"] == "ok", status)


async def _leave(running: Service, report: Report) -> None:
    running.process.terminate()
    with trio.move_on_after(60):
        await running.process.wait()
    report.fact("the service leaves in order", running.process.returncode == 0, running.process.returncode)
    report.fact("there is no traceback in its log", "Traceback" not in running.text, running.text[-2000:])
    report.none("there is no card number in its log", passing(running.text.encode()))


def _tell_of_the_host(host: Steady, noise: Noise, report: Report) -> None:
    report.figure("messages", host.sent)
    report.figure("noise of the machine in ms, at most", str(noise))
    longest = max(host.took, key=lambda one: one.seconds)
    report.fact("the link stands all the time", not host.lost, host.lost)
    report.fact("every message is answered 00", host.codes == {"00": host.sent}, f"{host.codes}, {host.missing} never")
    prompt = longest.seconds <= noise.allows(PROMPT)
    report.fact(f"no answer takes longer than {PROMPT:.0f} s and the machine's noise", prompt, (longest, noise))
