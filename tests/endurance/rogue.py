"""An SMSC that behaves badly, by a plan that a seed reproduces.  It cuts and writes its octets itself.

What it takes it remembers in a ledger, and it keeps a receipt until that is acknowledged, as every SMSC does.
"""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random

import trio
from attrs import define, field, frozen

from iso_alert.smpp.command import Command
from iso_alert.smpp.pdu import read, write_frame
from tests.endurance.ledger import Connection, Copy, Ledger
from tests.endurance.line import Line
from tests.endurance.mischief import MISCHIEF
from tests.endurance.misdeeds import ANSWERS, BINDS, GOOD, WAYS, Answer, Spell, Way, choose
from tests.endurance.slips import receipt

_USUAL = 2.0  # seconds; a receipt does not wait for an answer that is later
_BUFFER = 4096  # octets that the kernel takes for us: when we do not read, the window soon closes


@frozen(eq=False)
class Slip:
    """One receipt until it is acknowledged."""

    copy: Copy
    body: bytes
    word: str


@define(eq=False)
class Rogue:
    """The SMSC.  `spell` may be changed at any time."""

    seed: int
    nursery: trio.Nursery
    spell: Spell = GOOD
    ledger: Ledger = field(factory=Ledger)
    lines: list[Line] = field(factory=list)
    _promised: int = 0  # receipts that are not due yet
    _held: list[Slip] = field(factory=list)  # receipts that wait for the next bind
    _dice: dict[str, Random] = field(factory=dict)

    async def open(self) -> int:
        """Listen in the nursery; the port."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        listeners[0].socket.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, _BUFFER)
        self.nursery.start_soon(trio.serve_listeners, self._carry, listeners)
        return int(listeners[0].socket.getsockname()[1])

    @property
    def receipts_open(self) -> int:
        """Receipts that were promised and are not acknowledged."""
        return self._promised + len(self._held) + sum(len(line.owed) for line in self.lines)

    def hang_up(self) -> None:
        for line in [*self.lines]:
            line.drop()

    def dice(self, what: str) -> Random:
        """Dice for each purpose: what one message meets does not depend on when another came."""
        return self._dice.setdefault(what, Random(f"{self.seed} {what}"))

    async def _carry(self, stream: trio.SocketStream) -> None:
        line = Line(stream, Connection())
        self.lines.append(line)
        try:
            await line.run(partial(self._hear, line), partial(self._be_bad, line))
        finally:
            self.lines.remove(line)
            line.connection.ended = line.since  # while it was deaf it did not notice
            self._held += line.owed.values()

    async def _be_bad(self, line: Line) -> None:
        """Do something to the connection now and then, as the spell wants it."""
        dice = self.dice("mischief")
        while True:
            spell = self.spell
            await trio.sleep(dice.uniform(*spell.every))
            if line.bound and not line.deaf and spell.mischief and spell is self.spell:
                name = choose(spell.mischief, dice)
                self.ledger.done[name] += 1
                await MISCHIEF[name](line, dice)

    # ---- what the ESME says

    def _hear(self, line: Line, command: int, status: int, sequence: int, body: bytes) -> None:
        if command == Command.BIND_TRANSCEIVER:
            self._bind(line, sequence)
        elif command == Command.SUBMIT_SM:
            self._submit(line, sequence, body)
        elif command == Command.DELIVER_SM_RESP:
            self._acknowledged(line, sequence, status)
        elif (answer := _SIMPLE.get(command)) is not None:
            line.say(write_frame(answer, 0, sequence))

    def _bind(self, line: Line, sequence: int) -> None:
        name = choose(self.spell.binds, self.dice("binds"))
        self.ledger.done[f"bind {name}" if name != "bound" else name] += 1
        status = BINDS[name]
        if status is not None:
            line.say(write_frame(Command.BIND_TRANSCEIVER_RESP, status, sequence, b"" if status else b"bad\0"))
            line.bound = not status
        elif name == "hung up":
            line.drop()
        elif name == "answered with noise":
            line.say(self.dice("binds").randbytes(40))
        if line.bound:
            held, self._held = self._held, []
            for slip in held:
                line.tell(slip.body, slip)

    def _submit(self, line: Line, sequence: int, body: bytes) -> None:
        fields = read((Command.SUBMIT_SM, 0, sequence, body)).fields
        name, way = choose(self.spell.answers, self.dice("answers")), choose(self.spell.ways, self.dice("receipts"))
        answer = ANSWERS[name]
        key = fields["destination_addr"], fields["short_message"]
        copy = self.ledger.came(trio.current_time(), key, line.connection, answer.status, line.since)
        self.ledger.done[f"answer {name}"] += 1
        after = self.dice("answers").uniform(*answer.after)
        if answer.status is not None:
            self._later(after, partial(self._answer, line, sequence, copy, answer))
        if copy.taken:
            self.ledger.done[f"receipt {way}"] += 1
            self._promise(line, copy, WAYS[way], after if answer.status is not None else 0.0)

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        async def wait() -> None:
            await trio.sleep(seconds)
            what()

        self.nursery.start_soon(wait)

    def _answer(self, line: Line, sequence: int, copy: Copy, answer: Answer) -> None:
        command = Command.GENERIC_NACK if answer.nack else Command.SUBMIT_SM_RESP
        said = b"%08X\0" % copy.number if answer.names_it and not answer.status else b""
        for _ in range(answer.times):
            if line.say(write_frame(command, answer.status or 0, sequence, said)):
                copy.answered = trio.current_time()

    # ---- its receipts

    def _promise(self, line: Line, copy: Copy, way: Way, answered_after: float) -> None:
        slips = [Slip(copy, receipt(copy, way, word), word) for word in way.words for _ in range(way.times)]
        if way.before_the_answer:
            self._deliver(line, slips)
        elif way.next_bind:
            self._deliver_elsewhere(line, slips)
        else:
            self._promised += len(slips)
            later = min(answered_after, _USUAL) + self.dice("receipts").uniform(*way.after)
            self._later(later, partial(self._keep_promise, line, slips))

    def _keep_promise(self, line: Line, slips: list[Slip]) -> None:
        self._promised -= len(slips)
        self._deliver(line, slips)

    def _deliver_elsewhere(self, line: Line, slips: list[Slip]) -> None:
        """On another connection that is there, else on the next."""
        others = [other for other in self.lines if other.bound and other is not line]
        if others:
            self._deliver(self.dice("receipts").choice(others), slips)
        else:
            self._held += slips

    def _deliver(self, line: Line, slips: list[Slip]) -> None:
        """On the connection that the message came over, or on any other if that has ended."""
        to = line if line in self.lines else next((other for other in self.lines if other.bound), None)
        for slip in slips:
            if to is None:
                self._held.append(slip)
            else:
                to.tell(slip.body, slip)

    def _acknowledged(self, line: Line, sequence: int, status: int) -> None:
        slip = line.owed.pop(sequence, None)
        if slip and not status:
            self.ledger.words[slip.copy.number].append(slip.word)
        elif slip:
            self._held.append(slip)


_SIMPLE: Mapping[int, int] = {
    Command.ENQUIRE_LINK: Command.ENQUIRE_LINK_RESP,
    Command.UNBIND: Command.UNBIND_RESP,
}
