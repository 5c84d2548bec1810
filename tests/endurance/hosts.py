"""Bad hosts: the real service between one host that behaves and many that do not; then a look at what it cost.

The good host keeps its one connection on the very link that is attacked.  What is promised: nothing crashes, nothing
leaks, memory stays bounded, the good host is answered promptly and rightly, and every frame is accounted for.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio
from attrs import define, field

from tests.endurance.attacks import ATTACKS
from tests.endurance.barrage import barrage
from tests.endurance.gauge import Look, look
from tests.endurance.noise import Noise
from tests.endurance.report import Report
from tests.endurance.scrape import Scrape
from tests.endurance.steady import Steady, milliseconds
from tests.iso.messages import PROFILES
from tests.support import wire
from tests.support.authority import authority
from tests.support.deployment import Service, deploy, service
from tests.support.scanner import passing

RATE = 50.0  # messages of the good host a second
CALM = 0.5  # seconds before the first attack
PROMPT = 2.0  # seconds; no answer to it takes longer
PARTIAL, IDLE = 2.0, 5.0  # the link's time-outs
NOTICED = 2.0  # seconds until a slow host sees that it was hung up: it looks once a second
EVERY = 0.2  # seconds from one look at its memory to the next
GONE = 15.0  # seconds until nothing is left of an attack
MORE_MEMORY = 102.0  # MB beyond what the idle service has, at any time; 16 of them are the writer's page cache
LEAKED = 5.0  # MB that a second round of attacks may leave beyond the first: allocators do not give back all
_TLS = """
[[link]]
name = "tls"
listen = "127.0.0.1:0"
partial_timeout = 2.0
tls = { certificate = "localhost.pem", key = "localhost.key" }
"""
_IMPATIENT = f'name = "switch"\npartial_timeout = {PARTIAL}\nidle_timeout = {IDLE}'


def run(*, seed: int, frames: int = 1_000_000, seconds: float = 10.0, rounds: int = 2) -> Report:
    """`seconds` for each attack, in each of the rounds, and `frames` that are broken."""
    report = Report()
    with TemporaryDirectory(prefix="endurance-") as directory:
        trio.run(_campaign, Path(directory), report, seed, frames, seconds, rounds)
    return report


async def _campaign(directory: Path, report: Report, seed: int, frames: int, seconds: float, rounds: int) -> None:
    async with trio.open_nursery() as nursery, service(_deploy(directory)) as running:
        with _attackers() as pool:
            host = Steady(running.link, partial(wire.purchase, f4="000000001000"), RATE)
            noise = Noise(directory)
            nursery.start_soon(noise.listen)
            await nursery.start(host.run)
            await trio.sleep(CALM)
            noise.calm = host.longest()
            scene = _Scene(running, host, noise, pool, report)
            await scene.fire(seed, frames)
            for round_ in range(rounds):
                for name, each in ATTACKS.items():
                    deed = partial(each.deed, seed + round_, scene.link(each.link), seconds)
                    await scene.attack(name, deed, str(round_ + 1))
            await host.stop(patience=10.0)
            await scene.reckon()
        nursery.cancel_scope.cancel()


def _deploy(directory: Path) -> Path:
    links = [f'[[link]]\nname = "{name}"\nprofile = "{name}"\nlisten = "127.0.0.1:0"\n' for name in PROFILES]
    authority().issue(directory, "localhost")
    config = deploy(directory, more="".join([*links, _TLS]))
    config.write_text(config.read_text("utf-8").replace('name = "switch"', _IMPATIENT), "utf-8")
    return config


@contextmanager
def _attackers() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(len, ()).result()  # started, and its first second is over
        yield pool


@define(eq=False)
class _Scene:
    """The service, the host that behaves, and what was seen so far."""

    running: Service
    host: Steady
    noise: Noise
    pool: ProcessPoolExecutor
    report: Report
    looks: list[Look] = field(factory=list)  # after each attack
    most: float = 0.0  # MB at any time
    fired: Counter[str] = field(factory=Counter)
    held: list[float] = field(factory=list)  # seconds for which a slow host was waited for, at most
    _before: Look = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._before = self._look()

    async def attack(self, name: str, deed: Callable[[], Counter[str]], round_: str) -> Counter[str]:
        """Let the attackers do it, wait until they are gone, and tell what it was like."""
        began, before = trio.current_time(), (await self._scrape()).total("messages")
        done = await self._watched(deed)
        over, after = trio.current_time(), (await self._scrape()).total("messages")
        await self._calm()
        self.looks.append(self._look())
        self.held.append(done["longest in ms"] / 1000)
        told = ", ".join(f"{what} {number:,}" for what, number in done.items())
        rate = f"{(after - before) / (over - began):,.0f} messages/s dealt with"
        took = f"the good host {milliseconds(self.host.seconds(began, over))} ms"
        memory = f"then {self.looks[-1].memory:.0f} MB, of these {_own(self.looks[-1]):.0f} its own"
        self.report.figure(f"{name} {round_}".strip(), "; ".join((told, rate, took, memory)))
        return done

    async def _watched(self, deed: Callable[[], Counter[str]]) -> Counter[str]:
        async with trio.open_nursery() as watching:
            watching.start_soon(self._watch)
            done = await trio.to_thread.run_sync(self.pool.submit(deed).result)
            watching.cancel_scope.cancel()
        return done

    async def _watch(self) -> None:
        while True:
            self.most = max(self.most, self._look().memory)
            await trio.sleep(EVERY)

    async def fire(self, seed: int, frames: int) -> None:
        """Broken frames, as many to each profile's link."""
        for profile in PROFILES:
            deed = partial(barrage, seed, self.link(profile), profile, frames // len(PROFILES))
            self.fired += await self.attack(profile, deed, "")

    def link(self, name: str) -> tuple[str, int]:
        (address,) = (
            line["address"] for line in self.running.lines if line["event"] == "link open" and line["link"] == name
        )
        host, _, port = address.rpartition(":")
        return host, int(port)

    async def _calm(self) -> None:
        """Until nobody but the good host is connected, or it takes too long.

        A page that was just asked for and a call to the SMSC that is away have descriptors of their own for a moment.
        """
        with trio.move_on_after(GONE):
            while (await self._scrape()).total("connections") > 1:
                await trio.sleep(0.1)
            while self._look().descriptors > self._before.descriptors:
                await trio.sleep(0.1)

    async def _scrape(self) -> Scrape:
        return Scrape(await self.running.ask("metrics"))

    def _look(self) -> Look:
        return look(self.running.process.pid, trio.current_time())

    # ---- what must hold

    async def reckon(self) -> None:
        await self._calm()
        scrape, pages = await self._scrape(), [await self.running.ask(page) for page in ("metrics", "status")]
        self._of_the_host()
        self._of_memory()
        self._of_frames(scrape)
        self._of_hang_ups(scrape)
        self.report.fact("nobody is left on the links", scrape.total("connections") == 1, scrape.all("connections"))
        self.report.fact("the process lives", self.running.process.returncode is None, self.running.process.returncode)
        self.running.process.terminate()
        with trio.move_on_after(30):
            await self.running.process.wait()
        log = self.running.text
        self.report.figure("lines of the log", len(self.running.lines))
        self.report.fact("it leaves in order", self.running.process.returncode == 0, self.running.process.returncode)
        self.report.none("nothing in its log asks for a report", _bugs(self.running.lines, log))
        self.report.none("no card number is in its log or on its pages", passing("\n".join([log, *pages]).encode()))

    def _of_the_host(self) -> None:
        host, report = self.host, self.report
        report.figure(
            "the good host, all the time", f"{host.sent:,} messages, {milliseconds(host.seconds(0, 1e12))} ms"
        )
        longest = max(host.took, key=lambda one: one.seconds)
        report.fact("the good host's connection stands", not host.lost, host.lost)
        report.fact("each of its messages is answered 00", host.codes == {"00": host.sent}, (host.codes, host.missing))
        report.figure("noise of the machine in ms, at most", str(self.noise))
        prompt = longest.seconds <= self.noise.allows(PROMPT)
        report.fact(f"none of its answers takes longer than {PROMPT:.0f} s and the machine's noise", prompt, longest)

    def _of_memory(self) -> None:
        before, last, report = self._before, self.looks[-1], self.report
        shown = f"{before.memory:.0f} before, {self.most:.0f} at most, {last.memory:.0f} after"
        report.figure("MB of memory, the writer's too", shown)
        report.figure("MB without the writer's", f"{_own(before):.0f} before, {_own(last):.0f} after")
        report.figure(
            "descriptors, threads",
            f"{before.descriptors}, {before.threads} before; {last.descriptors}, {last.threads} after",
        )
        report.fact("no descriptor stays", last.descriptors <= before.descriptors, last.descriptors)
        report.fact("memory is bounded", self.most <= before.memory + MORE_MEMORY, shown)
        if len(self.looks) > len(PROFILES) + len(ATTACKS):
            grown = _own(last) - _own(self.looks[-len(ATTACKS) - 1])
            report.figure("MB that the last round left with the links", round(grown, 1))
            report.fact(f"the last round leaves no more than {LEAKED:.0f} MB there", grown <= LEAKED, f"{grown:.1f} MB")

    def _of_frames(self, scrape: Scrape) -> None:
        """Mutants arrive whole, so that each can be counted; of the rest it is known how each was dealt with."""
        report, fates = self.report, scrape.fates(PROFILES)
        report.figure("broken frames", ", ".join(f"{what} {int(n):,}" for what, n in fates.items()))
        report.fact("every broken frame is counted", fates["messages"] == self.fired["frames"], (fates, self.fired))
        answers = fates["messages"] - fates["none"]
        report.fact("every answer that is counted came", answers == self.fired["answers"], (fates, self.fired))
        excused = fates["unreadable"] + fates["ignored"]
        report.fact("what is not answered is unreadable or not ours", fates["none"] <= excused, fates)
        left = scrape.unaccounted()
        report.fact("every message is decided on, or counted with the reason why not", not left, left)

    def _of_hang_ups(self, scrape: Scrape) -> None:
        """Every connection that ended did so for a reason that somebody can read."""
        reasons = {have["reason"]: n for have, n in scrape.all("hang_ups") if have["link"] == "switch"}
        self.report.figure("hung up", ", ".join(f"{why} {int(n):,}" for why, n in reasons.items()))
        longest = max(self.held, default=0.0)
        in_time = longest <= self.noise.allows(PARTIAL + NOTICED)
        self.report.fact(f"half a frame is waited for {PARTIAL:.0f} s and the machine's noise", in_time, longest)
        guessed = any("look like TLS" in str(line.get("what")) for line in self.running.lines)
        self.report.fact("the log guesses that it was TLS", guessed, "it does not")


def _own(of: Look) -> float:
    """MB without those of the writer, which may keep pages of the store."""
    return of.memory - of.started


def _bugs(lines: Sequence[Mapping[str, Any]], log: str) -> list[str]:
    found = [str(line) for line in lines if line["level"] not in ("info", "warning")]
    return found + (["a traceback"] if "Traceback" in log else [])
