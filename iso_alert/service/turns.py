"""What a host says on one connection, and what it is answered: frames in, answers out, and nothing waits here.

Between the two stands the journal, so it is done in two halves: `hear` says what must be recorded, `say` makes the
answers once that is known to have gone well or not.  Usual messages, which most are, take a shorter way: their plan
cuts the answer while it reads, so of each there is nothing to remember but its two pieces.
"""

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

import structlog
from attrs import define, field

from iso_alert.domain.transaction import Transaction
from iso_alert.iso.answering import reply, said_to
from iso_alert.iso.codec import Codec
from iso_alert.iso.framing import heads
from iso_alert.iso.kept import Back
from iso_alert.iso.message import Message, Sealed, Unreadable
from iso_alert.iso.payment import transaction
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import Action, FileAction, NetworkManagement, Reading, read
from iso_alert.service.enrolment import Reply
from iso_alert.service.link_rules import LinkRules, Watch
from iso_alert.store.bundle import Batch

log = structlog.get_logger()


@define(eq=False)
class Turn:
    """A message and what we say to it."""

    message: Message | Unreadable
    said: Said | None
    asks: FileAction | None = None  # what the enrolment must say something to
    reply: Reply | None = None  # and what it said


Usual: TypeAlias = tuple[str, Sealed[Back]]  # the MTI, and the answer but for its code


@define(eq=False)
class Heard:
    """The frames of one read: turns in their order (None: a keep-alive), and the messages that must be recorded."""

    turns: list[Turn | Usual | None] = field(factory=list)
    batch: Batch = field(factory=Batch)
    recording: list[Turn] = field(factory=list)
    asking: list[Turn] = field(factory=list)
    usual: Said = Said.RECORDED  # what is said to all usual messages

    def recorded(self, said: Said) -> None:
        """Whether it went well is the same for all that had to be recorded."""
        self.usual = said
        for turn in self.recording:
            turn.said = said


@define(eq=False)
class Turns:
    """The host's and ours, on one connection."""

    rules: LinkRules
    watch: Watch
    codec: Codec
    signed_on: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.signed_on = not self.rules.sign_on

    def hear(self, frames: Iterable[bytes], now: float) -> Heard:
        """What these frames say; `now` is when they came, in seconds since 1970."""
        heard, codec = Heard(), self.codec
        for frame in frames:
            if not frame:
                heard.turns.append(None)
            elif not self.signed_on or (of := codec.usual(frame)) is None:
                self._understand(frame, now, heard)
            else:
                given, fields, back = of
                try:
                    heard.batch.append(transaction(given, fields, codec.dialect, now))
                except Exception:
                    self._understand(frame, now, heard)  # which tells what is wrong
                else:
                    heard.turns.append((given[0], back))
        return heard

    def _understand(self, frame: bytes, now: float, heard: Heard) -> None:
        message = self.codec.decode(frame)
        if isinstance(message, Unreadable):
            self.watch.unreadable(self.rules.name, message.fault.name.lower())
            log.debug("unreadable", link=self.rules.name, what=str(message))
            heard.turns.append(Turn(message, Said.FORMAT_ERROR))
            return
        try:
            reading = read(message, self.codec.dialect, now)
        except Exception as bug:  # ours; this message must not take the others with it
            log.error(
                "a message could not be understood: please report it", link=self.rules.name, fault=type(bug).__name__
            )
            heard.turns.append(Turn(message, Said.NOT_RECORDED))
            return
        heard.turns.append(self._react(message, reading, heard))

    def _react(self, message: Message, reading: Reading, heard: Heard) -> Turn:
        if isinstance(reading, NetworkManagement):
            self._sign(reading.action)
            return Turn(message, Said.RECORDED)
        if not self.signed_on:
            return Turn(message, Said.NOT_SIGNED_ON)
        if isinstance(reading, Transaction):
            heard.batch.append(reading)
            heard.recording.append(turn := Turn(message, None))
            return turn
        if isinstance(reading, FileAction):
            heard.asking.append(turn := Turn(message, Said.NO_ENROLMENT, reading))
            return turn
        self.watch.ignored(self.rules.name, reading.why.value)
        return Turn(message, said_to(reading))

    def _sign(self, action: Action) -> None:
        if self.rules.sign_on and action in (Action.SIGN_ON, Action.SIGN_OFF):
            self.signed_on = action is Action.SIGN_ON

    def say(self, heard: Heard) -> bytes:
        """The answers, in the order of what was heard."""
        pieces: list[bytes] = []
        head = heads(self.codec.dialect.framing)
        codes = self.codec.codes(heard.usual)
        for turn in heard.turns:
            if isinstance(turn, tuple):
                before, after = turn[1].open()
                code = codes[turn[0][1]]
                pieces += (head[len(before) + len(code) + len(after)], before, code, after)
            else:
                pieces.append(self._say(turn))
        usual = Counter([turn[0] for turn in heard.turns if isinstance(turn, tuple)])
        for mti, count in usual.items():
            self.watch.answered(self.rules.name, mti, heard.usual.value, count)
        return b"".join(pieces)

    def _say(self, turn: Turn | None) -> bytes:
        wrap = self.codec.dialect.framing.wrap
        if turn is None:
            return wrap(b"")
        said, more = (turn.reply.code, dict(turn.reply.more)) if turn.reply else (turn.said, None)
        try:
            body = reply(self.codec, turn.message, said, more) if said else None
        except Exception as bug:  # ours too: the host repeats this one message, and the others are answered
            log.error(
                "an answer could not be written: please report it", link=self.rules.name, fault=type(bug).__name__
            )
            body = None
        message = turn.message.partial if isinstance(turn.message, Unreadable) else turn.message
        word = said.value if isinstance(said, Said) else said
        self.watch.answered(self.rules.name, message.mti, word if body and word else "none")
        return wrap(body) if body else b""
