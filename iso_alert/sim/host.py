"""A payment host: connects links, sends messages at a rate or as fast as a window lets it, and judges every answer.

An answer that is word for word what it should be costs one look-up; any other is decoded and compared.  One writer and
one reader a link, no task per message.  All links draw from one source, so the rate is that of the host.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Protocol

import trio
from attrs import define, field, frozen

from iso_alert.iso.answering import reply
from iso_alert.iso.codec import Codec
from iso_alert.iso.framing import FrameDecoder, LostFraming
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.profile import Said
from iso_alert.iso.returning import response_mti
from iso_alert.sim.tally import Tally
from iso_alert.sim.wire import Connect
from iso_alert.sim.workload import Shot

READ = 65_536


class Watch(Protocol):
    """Told of each answer as it comes; `fault` is "" for a good one, `seconds` None where none was due."""

    def __call__(self, shot: Shot, seconds: float | None, fault: str) -> None: ...


def _nobody(shot: Shot, seconds: float | None, fault: str) -> None:
    """The watch of a play that only counts."""


@frozen
class Pace:
    """How fast and how long."""

    rate: float | None = None  # messages a second, all links together; None: as the windows let
    seconds: float | None = None
    count: int | None = None
    window: int = 64  # unanswered messages a link
    patience: float = 10.0  # seconds for the last answers


@define
class Source:
    """Where links draw their shots.  Finished when the pace says so, or when there are no more."""

    _shots: Iterator[Shot]
    pace: Pace
    tally: Tally
    _finished: bool = field(default=False, init=False)

    async def take(self, most: int) -> list[Shot]:
        """What is due now, `most` at the most; waits for the next one; empty at the end."""
        if self.pace.rate is not None:
            await trio.sleep_until(self.tally.started + self.tally.sent / self.pace.rate)
            due = int((trio.current_time() - self.tally.started) * self.pace.rate) - self.tally.sent + 1
            most = max(1, min(most, due))
        batch = [] if self._over() else list(islice(self._shots, self._left(most)))
        self._finished = not batch
        self.tally.sent += len(batch)
        self.tally.kinds.update(shot.name for shot in batch)
        return batch

    def _over(self) -> bool:
        seconds = self.pace.seconds
        return self._finished or (seconds is not None and trio.current_time() - self.tally.started >= seconds)

    def _left(self, most: int) -> int:
        return most if self.pace.count is None else min(most, self.pace.count - self.tally.sent)


@define(eq=False)
class _Link:
    """One connection of the host.  `run` closes nothing: the stream belongs to the caller."""

    stream: trio.abc.Stream
    codec: Codec
    tally: Tally
    watch: Watch
    _waiting: dict[bytes, tuple[float, Shot]] = field(factory=dict, init=False)
    _changed: trio.Event = field(factory=trio.Event, init=False)

    async def run(self, source: Source) -> None:
        """Send and judge until the source is finished and all is answered, or patience ends, or the peer hangs up."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read, nursery.cancel_scope)
            try:
                await self._write(source)
            except trio.BrokenResourceError:
                self.tally.fault("the connection broke while we sent")
            await self._fewer_than(1, source.pace.patience)
            nursery.cancel_scope.cancel()
        self._miss()

    async def _write(self, source: Source) -> None:
        window, wrap = source.pace.window, self.codec.dialect.framing.wrap
        while batch := await source.take(window - len(self._waiting)):
            now = trio.current_time()
            for shot in batch:
                if shot.answer is None:
                    self.watch(shot, None, "")
                else:
                    self._waiting[shot.answer] = (now, shot)
            await self.stream.send_all(b"".join([wrap(shot.frame) for shot in batch]))
            if not await self._fewer_than(window, source.pace.patience):
                return  # the peer has fallen silent

    async def _fewer_than(self, most: int, patience: float) -> bool:
        """Wait until fewer answers are due; False if none comes for so long."""
        while len(self._waiting) >= most:
            self._changed = trio.Event()
            with trio.move_on_after(patience):
                await self._changed.wait()
            if not self._changed.is_set():
                return False
        return True

    async def _read(self, link: trio.CancelScope) -> None:
        decoder = FrameDecoder(self.codec.dialect.framing)
        try:
            while data := await self.stream.receive_some(READ):
                decoder.receive(bytes(data))
                now = trio.current_time()
                for frame in decoder.frames():
                    await self._judge(frame, now)
                self._changed.set()
        except trio.BrokenResourceError:
            self.tally.fault("the connection broke")
        except LostFraming as lost:
            self.tally.fault(f"the answers cannot be cut: {lost}")
        link.cancel()  # the peer hung up: nothing more will come

    async def _judge(self, frame: bytes, now: float) -> None:
        due = self._waiting.pop(frame, None)
        if due is not None:
            self._good(due[1], now - due[0], now)
        elif frame:
            await self._look_closer(self.codec.decode(frame), now)

    def _good(self, shot: Shot, seconds: float, now: float) -> None:
        self.tally.answered += 1
        self.tally.latencies.append(seconds)
        self.tally.ended = now
        self.watch(shot, seconds, "")

    async def _look_closer(self, message: Message | Unreadable, now: float) -> None:
        """An answer that is not word for word what was due: perhaps other fields come back, perhaps it is wrong."""
        if isinstance(message, Unreadable):
            self.tally.fault(f"an answer that cannot be decoded: {message}")
        elif response_mti(message.mti) is not None:
            if greeting := reply(self.codec, message, Said.RECORDED):  # the service asks whether we are alive
                await self.stream.send_all(self.codec.dialect.framing.wrap(greeting))
        else:
            self._compare(message, now)

    def _compare(self, message: Message, now: float) -> None:
        """The STAN and the MTI find the question; the MTI alone is wrong in an answer to another kind of message."""
        stan = message.get("11")
        asked = [frame for frame, (_, shot) in self._waiting.items() if shot.stan == stan and shot.mti == message.mti]
        asked = asked or [frame for frame, (_, shot) in self._waiting.items() if shot.stan == stan]
        if not asked:
            self.tally.fault(f"an answer to nothing we asked: {message}")
            return
        sent, shot = self._waiting.pop(asked[0])
        came = (message.mti, message.get("39"))
        if came == (shot.mti, shot.code):
            self._good(shot, now - sent, now)
            return
        fault = (
            f"{shot.name}, STAN {stan}: {shot.mti} with {shot.code} was due, {came[0]} with {came[1] or 'none'} came"
        )
        self.tally.fault(fault)
        self.watch(shot, now - sent, fault)

    def _miss(self) -> None:
        for _, shot in self._waiting.values():
            self.tally.missing += 1
            self.watch(shot, None, "no answer")
        self._waiting.clear()


async def play(
    connect: Connect, codec: Codec, shots: Iterator[Shot], pace: Pace, links: int = 1, watch: Watch = _nobody
) -> Tally:
    """Send the shots over so many links and judge the answers.  Cancelled, it hangs up and tells nothing."""
    tally = Tally()
    async with _connected(connect, links) as streams, trio.open_nursery() as nursery:
        tally.started = tally.ended = trio.current_time()
        source = Source(shots, pace, tally)
        for stream in streams:
            nursery.start_soon(_Link(stream, codec, tally, watch).run, source)
    return tally


@asynccontextmanager
async def _connected(connect: Connect, links: int) -> AsyncIterator[list[trio.abc.Stream]]:
    streams: list[trio.abc.Stream] = []
    try:
        for _ in range(links):
            streams.append(await connect())
        yield streams
    finally:
        for stream in streams:
            await trio.aclose_forcefully(stream)
