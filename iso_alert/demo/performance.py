"""The demo from beginning to end: raise the stage, play the day, stay up if wanted, leave on a signal."""

import signal
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio
from attrs import frozen

from iso_alert.demo.day import Day
from iso_alert.demo.ears import Arrived, Heard
from iso_alert.demo.face import Face
from iso_alert.demo.play import Outcome, Scene, play
from iso_alert.demo.stage import Stage, raised
from iso_alert.demo.words import INTRODUCTION, REPEAT, Fact, Words, addresses, caption, read_words, summary, to_try
from iso_alert.iso.moments import BANGKOK
from iso_alert.store.port import Recorded

A_SECOND = 1.0
AT_MOST = 5  # of each kind are shown in a second while it stays up: of a burst the rest is counted
T = TypeVar("T")


@frozen
class Performance:
    """How the day is to be played and shown."""

    day: Day
    face: Face
    pause: float  # seconds between messages
    once: bool
    program: str  # how this program is called from another terminal

    async def run(self, directory: Path) -> Outcome | None:
        """What came of the day, None if a signal came first.  A second signal takes everything down at once."""
        outcome: Outcome | None = None
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            async with trio.open_nursery() as nursery:
                playing = trio.CancelScope()
                nursery.start_soon(_leave_on, signals, playing, nursery.cancel_scope)
                async with raised(self.day, directory) as stage:
                    with playing:
                        outcome = await self._play(stage)
                        if not self.once:
                            await self._stay_up(stage, outcome)
                nursery.cancel_scope.cancel()
        return outcome

    async def _play(self, stage: Stage) -> Outcome:
        words = read_words(stage.config)
        self.face.headline("iso-alert demo: a day of card payments", INTRODUCTION)
        outcome = await play(stage, lambda scene: self._show(words, scene), self.pause)
        self.face.headline("The day in figures", "")
        for fact in summary(outcome):
            self.face.fact(fact)
        return outcome

    def _show(self, words: Words, scene: Scene) -> None:
        self.face.scene(scene.message.at, scene.message.say)
        for fact in words.scene(scene):
            self.face.fact(fact)
        for shown in scene.shown:
            self.face.sms(caption(shown.sms, shown.after), shown.sms.text)

    async def _stay_up(self, stage: Stage, outcome: Outcome) -> None:
        """Until cancelled, show what others send."""
        self.face.headline("All of it is still up", "")
        for fact in addresses(stage):
            self.face.fact(fact)
        self.face.headline("Try from another terminal", "")
        for line in to_try(stage, outcome, self.program):
            self.face.verbatim(line)
        self.face.headline("What is decided and what arrives is shown here. Ctrl-C ends it.", "")
        words = read_words(stage.config)
        async with trio.open_nursery() as nursery:
            decisions, phones = stage.heard.decisions, stage.heard.phones
            nursery.start_soon(follow, decisions, partial(self._show_decision, words), self._skipped("decisions"))
            nursery.start_soon(follow, phones, self._show_arrived, self._skipped("SMS"))

    def _show_decision(self, words: Words, recorded: Recorded) -> None:
        decision = recorded.decision
        self.face.scene(_now(), "Another host sends a message")
        for fact in words.decision(decision) if decision else (Fact("decision", REPEAT),):
            self.face.fact(fact)

    def _show_arrived(self, arrived: Arrived) -> None:
        self.face.sms(caption(arrived.sms), arrived.sms.text)

    def _skipped(self, what: str) -> Callable[[int], None]:
        return lambda count: self.face.scene(_now(), f"and {count} more {what}, not shown")


def _now() -> str:
    return f"{datetime.now(BANGKOK):%H:%M}"


async def follow(heard: Heard[T], show: Callable[[T], None], show_skipped: Callable[[int], None]) -> None:
    """Show what is heard as it comes, a few in a second; of a burst, how many more there were."""
    while True:
        show(await heard.next())
        with trio.move_on_after(A_SECOND):
            for _ in range(AT_MOST - 1):
                show(await heard.next())
            await trio.sleep(A_SECOND)
        if skipped := heard.skip():
            show_skipped(skipped)


async def _leave_on(signals: AsyncIterator[int], first: trio.CancelScope, second: trio.CancelScope) -> None:
    await anext(signals)
    first.cancel()
    await anext(signals)
    second.cancel()
