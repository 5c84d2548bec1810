"""One connection of a payment host: frames in, answers out, each answer after its message is durable.

A read takes what the socket has, at most a window of messages is dealt with at once, and their answers leave as one
write.  What is not read yet waits in the host's socket.  Cancelling a connection loses nothing: an answer that was not
sent is asked for again, and the journal knows the message.
"""

from collections.abc import Callable, Iterable
from math import inf

import structlog
import trio
from attrs import define, field

from iso_alert.iso.codec import Codec
from iso_alert.iso.framing import FrameDecoder, LostFraming
from iso_alert.iso.profile import Said
from iso_alert.service.echo import Echo
from iso_alert.service.enrolment import Enrolment
from iso_alert.service.link_rules import LinkRules, Record, Watch
from iso_alert.service.plain import Plain
from iso_alert.service.tls import broken_by
from iso_alert.service.turns import Turns
from iso_alert.smpp.pace import Bucket
from iso_alert.store.port import StoreUnavailable

__all__ = ["Connection", "LinkRules", "Record", "Watch"]

READ = 65_536  # bytes
FAREWELL = 2.0  # seconds
LINGER = 0.2  # seconds that a host has to hear that we leave
MOMENT = 0.01  # seconds that a link waits at least that is too fast: a commit a message would slow all others
log = structlog.get_logger()


@define(eq=False)
class Connection:
    """One connection.  `run` closes the stream, whatever ends it."""

    rules: LinkRules
    codec: Codec
    journal: Record
    watch: Watch
    clock: Callable[[], float]
    enrolment: Enrolment | None = None
    pace: Bucket = field(factory=Bucket)  # all connections of a link draw from one
    _turns: Turns = field(init=False)
    _decoder: FrameDecoder = field(init=False)
    _echo: Echo = field(init=False)
    _reading: trio.CancelScope = field(factory=trio.CancelScope, init=False)
    _closing: bool = field(default=False, init=False)
    _begun_at: float | None = field(default=None, init=False)  # when the frame began that is not whole yet

    def __attrs_post_init__(self) -> None:
        self._decoder = FrameDecoder(self.codec.dialect.framing)
        self._turns = Turns(self.rules, self.watch, self.codec)
        self._echo = Echo(self.rules.echo_interval)

    def close(self) -> None:
        """Read no more, answer what is in hand, hang up."""
        self._closing = True
        self._reading.cancel()

    def renew(self, codec: Codec) -> None:
        """Speak so from the next batch on; the framing must be the same."""
        self.codec = codec

    async def run(self, stream: trio.abc.Stream, peer: str) -> None:
        """Carry the connection until either side hangs up; a bad one harms no other."""
        self.watch.connected(self.rules.name, +1)
        why = "cancelled"
        try:
            try:
                why = await self._talk(stream)
                if self._closing:
                    await self._say_farewell(stream)
            finally:
                with trio.move_on_after(FAREWELL):  # TLS has a last word, which the host may not take
                    await stream.aclose()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as broken:
            why = "broken"
            if word := broken_by(broken):
                log.warning("broken by TLS", link=self.rules.name, peer=peer, why=word)
        except trio.TooSlowError:
            why = "does not read"
        except LostFraming as lost:
            why = "lost framing"
            log.warning("lost framing: hung up", link=self.rules.name, peer=peer, what=str(lost))
        finally:
            self.watch.connected(self.rules.name, -1)
            self.watch.hung_up(self.rules.name, why)

    async def _talk(self, stream: trio.abc.Stream) -> str:
        """Take in and answer until there is a reason to stop, and return that."""
        while not self._closing:
            data, why = await self._receive(stream)
            if not data:
                return why
            self._decoder.receive(data)
            cut = await self._answer_all(stream)
            if not self._decoder.waiting:
                self._begun_at = None
            elif cut or self._begun_at is None:
                self._begun_at = trio.current_time()
        return "closing"

    async def _say_farewell(self, stream: trio.abc.Stream) -> None:
        """Let the host hear that we are done, and throw away what it sent meanwhile.

        To close while that is unread would be a reset, which may take the last answers from the host.
        """
        if not isinstance(stream, trio.abc.HalfCloseableStream):
            return  # TLS says goodbye by itself
        with trio.move_on_after(LINGER):
            await stream.send_eof()
            while await stream.receive_some(READ):
                pass

    async def _receive(self, stream: trio.abc.Stream) -> tuple[bytes, str]:
        begun, rules, since = self._begun_at, self.rules, trio.current_time()
        until = since + rules.idle_timeout if begun is None else begun + rules.partial_timeout
        while True:
            due = inf if begun is not None else self._echo.due(since)
            with trio.move_on_at(min(until, due)) as self._reading:
                data = bytes(await stream.receive_some(READ))
                self._echo.heard()
                return data, "hung up by the host"
            if self._closing:
                return b"", "closing"
            if trio.current_time() >= until:
                return b"", "half a frame" if begun is not None else "idle"
            if (echo := self._echo.next(self.codec, self.clock())) is None:
                return b"", "echo not answered"
            await self._send(stream, echo)

    async def _send(self, stream: trio.abc.Stream, data: bytes) -> None:
        rest = stream.send_now(data) if isinstance(stream, Plain) else data
        if rest:
            with trio.fail_after(self.rules.idle_timeout):
                await stream.send_all(rest)

    async def _answer_all(self, stream: trio.abc.Stream) -> bool:
        """Deal with every whole frame that is here, a window at a time; whether there was any.

        Raises LostFraming once what came before the fault is answered.
        """
        any_cut = False
        while True:
            frames, lost, more = self._cut(await self._allowed())
            any_cut = any_cut or bool(frames)
            if frames and (answers := await self._deal_with(frames)):
                await self._send(stream, answers)
            if lost:
                try:
                    raise lost
                finally:
                    del lost  # its traceback holds this frame: a ring that only the collector would open
            if not more:
                return any_cut
            await trio.lowlevel.checkpoint()  # a read may hold thousands of frames that need no journal: others first

    async def _allowed(self) -> int:
        """How many messages may be dealt with now: a window, or less where the rate has no more room."""
        while not self._closing:
            if (room := self.pace.available(now := trio.current_time())) >= 1:
                return int(min(self.rules.window, room))
            self.watch.slowed(self.rules.name)
            with trio.move_on_at(max(self.pace.next_at(now), now + MOMENT)) as self._reading:
                await trio.sleep_forever()
        return self.rules.window  # what is in hand is answered

    def _cut(self, most: int) -> tuple[list[bytes], LostFraming | None, bool]:
        """Frames, what is wrong with those after them, and whether there may be more."""
        self._turns.codec = self.codec  # here no message is half dealt with
        frames: list[bytes] = []
        try:
            self._decoder.cut(frames, most)
        except LostFraming as lost:
            return frames, lost, False
        finally:
            self.pace.take(len(frames), trio.current_time())
        return frames, None, len(frames) == most and self._decoder.waiting > 0

    async def _deal_with(self, frames: Iterable[bytes]) -> bytes:
        """The answers to these frames, in their order, once all of them are durable."""
        heard = self._turns.hear(frames, self.clock())
        if heard.batch:
            try:
                await self.journal.record(heard.batch)
                heard.recorded(Said.RECORDED)
            except StoreUnavailable:
                heard.recorded(Said.NOT_RECORDED)
        for turn in heard.asking:
            if turn.asks and self.enrolment:
                turn.reply = await self.enrolment.answer(turn.asks, self._turns.codec.dialect)
        return self._turns.say(heard)
