"""Play a story in one manner of several: as written, repeated, restarted, in one batch."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from attrs import Factory, define, frozen

from iso_alert.domain.transaction import Transaction
from iso_alert.store.port import Recorded
from tests.threads.promise import book_of
from tests.threads.stage import Stage, Texts
from tests.threads.story import Step, Story
from tests.threads.wire import Host, link_of

LONG = 60.0  # seconds that a story goes on after its last step: what still waits must leave
BACKLOG = 3600.0  # seconds of messages that a host may bring at once after it was cut off


@frozen
class Manner:
    """How a story is played."""

    room: int = 50  # alerts that a commit may lease
    copies: bool = False  # every message comes again at once: byte for byte, and with the MTI of a repeat
    late_copies: bool = False  # they come when everything is over
    restart_before: Sequence[int] = ()  # messages, counted from 0
    killed_after: Sequence[int] = ()  # the commit was made, and nothing of it was sent
    batched: bool = False  # messages between which nothing else happens come in one batch


@define
class Played:
    """What came of it: the decisions in the order of the messages, and the SMS."""

    decided: list[Recorded] = Factory(list)
    repeats: list[Recorded] = Factory(list)
    counts: list[int] = Factory(list)  # SMS that had left, where the story asks
    reasons: list[str] = Factory(list)  # as they stand in the journal at the end
    sms: Texts = Factory(dict)
    read: Texts = Factory(dict)  # the same, each once
    withdrawn: Texts = Factory(dict)
    open: int = 0
    told_twice: int = 0
    in_order: bool = True


def play(story: Story, path: Path, manner: Manner = Manner()) -> Played:
    """The whole story on a new store at `path`."""
    link = link_of(story)
    stage = Stage(path, book_of(link, story.policy), story.begins, manner.room)
    with closing(stage):
        return _Play(manner, stage, Host(link)).whole(story)


@define
class _Play:
    manner: Manner
    stage: Stage
    host: Host
    played: Played = Factory(Played)
    frames: list[tuple[Step, bytes]] = Factory(list)  # said so far
    read: list[Transaction] = Factory(list)

    def whole(self, story: Story) -> Played:
        for steps in _together(story.steps) if self.manner.batched else [[step] for step in story.steps]:
            self.stage.move(steps[-1].at)
            self._do(steps)
        if self.manner.late_copies:
            for step, frame in self.frames:
                self._copies(step, frame)
        self.stage.smsc = "back" if self.stage.smsc == "throttles" else self.stage.smsc
        self.stage.move(self.stage.now + LONG)
        return self._seen()

    def _do(self, steps: Sequence[Step]) -> None:
        if steps[0].send:
            self._record(steps)
        for step in steps:
            self._happens(step)

    def _happens(self, step: Step) -> None:
        if step.change:
            self.stage.subscribe(**step.change)
        if step.restart:
            self.stage.restart()
        if step.smsc:
            self.stage.smsc = step.smsc
            self.stage.deliver()
        if step.left is not None:
            self.played.counts.append(len(self.stage.sent))

    def _record(self, steps: Sequence[Step]) -> None:
        at = len(self.frames)
        if at in self.manner.restart_before:
            self.stage.restart()
        frames = [(step, self.host.frame(step)) for step in steps]
        self.frames += frames
        batch = [self.host.read(frame, step.at) for step, frame in frames]
        self.read += batch
        self.played.decided += self.stage.record(batch, killed=at in self.manner.killed_after)
        if self.manner.copies:
            for step, frame in frames:
                self._copies(step, frame)

    def _copies(self, step: Step, frame: bytes) -> None:
        both: list[Transaction] = [
            self.host.read(each, step.at) for each in (frame, self.host.frame(step, repeat=True))
        ]
        self.played.repeats += [self.stage.record([one])[0] for one in both]

    def _seen(self) -> Played:
        seen, stage = self.played, self.stage
        seen.reasons = [stage.reason(of) for of in self.read]
        seen.sms, seen.withdrawn, seen.open = stage.left(), stage.withdrawn(), stage.open_alerts()
        seen.read = stage.read()
        seen.told_twice, seen.in_order = len(stage.told_twice()), stage.in_order()
        return seen


def _together(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Runs of messages between which nothing else happens, none longer than a host's backlog."""
    run: list[Step] = []
    for step in steps:
        if run and not (step.send and run[0].send and step.at - run[0].at < BACKLOG):
            yield run
            run = []
        run.append(step)
    yield run
