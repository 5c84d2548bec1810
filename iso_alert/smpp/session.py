"""One SMPP session without I/O: octets and the time go in, events and octets come out. One class for both roles.

    events = session.receive(data, now)      what the peer said
    events = session.tick(now)               what the passing of time did; due at session.deadline()
    data = session.outgoing()                everything to be written now, joined: one write for a whole batch

Nothing here waits and nothing here fails because of the peer: its nonsense is answered, or ends the session with a
`Closed` event. `Misuse` is our own fault. The busiest path (a submit_sm_resp in) is written out in `receive`; all other
PDUs take the table's way.
"""

from collections.abc import Hashable, Mapping
from math import inf
from typing import Any

from attrs import define, field

from .command import RESPONSE, Command, Status, command_name
from .event import Answered, AnsweredLate, Asked, BindRefused, Bound, Closed, Event, Late, Reason, Rejected, Unanswered
from .pdu import HEADER, Frame, Pdu, Unreadable, message_id, read, write_body, write_frame
from .pulse import Pulse
from .state import ACCEPTED, ASKS, BOUND, PEER, TABLE, UNANSWERABLE, Input, Role, State, permitted, refusal
from .timers import Timers
from .window import Leftovers, Window
from .wire import FramingError, Wire

_SUBMIT_SM_RESP = Command.SUBMIT_SM_RESP.value  # comparing with a plain int is several times as fast as with an Enum
_MESSAGES = frozenset({Command.SUBMIT_SM, Command.DELIVER_SM, Command.DATA_SM})  # answered with a message_id


class Misuse(Exception):
    """Our own code asked for what the session cannot do now. A bug: let it fall."""


@define(eq=False)
class Session:
    """A session from the moment the connection stands until it is closed."""

    role: Role
    _since: float  # when the connection was made
    timers: Timers = field(factory=Timers)
    window: int = 50
    state: State = field(default=State.OPEN, init=False)
    _pending: Window = field(init=False)
    _wire: Wire = field(factory=Wire, init=False)
    _out: list[bytes] = field(factory=list, init=False)
    _owed: set[int] = field(factory=set, init=False)  # sequence numbers of the peer's requests that wait for us
    _pulse: Pulse = field(init=False)
    _active: float = field(init=False)
    _draining: bool = field(default=False, init=False)
    _known: Mapping[int, Input] = field(init=False)  # what a peer in its role may ask in some state
    _may_ask: frozenset[int] = field(init=False)
    _may_hear: frozenset[int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._pending = Window(self.window)
        self._known = ASKS[PEER[self.role]]
        self._pulse, self._active = Pulse(self.timers, self._since), self._since
        self._learn()

    # ---- what we ask

    @property
    def room(self) -> int:
        """How many messages may be asked now."""
        if self.state not in BOUND or self._draining or self._pulse.weak:
            return 0
        return max(0, self._pending.room)

    @property
    def in_flight(self) -> int:
        return self.window - self._pending.room

    @property
    def _closed(self) -> bool:
        return self.state is State.CLOSED

    def bind(self, command: int, fields: Mapping[str, Any], now: float) -> None:
        """Ask to be bound, as an ESME; the answer is a `Bound` or `BindRefused`."""
        self._ask(command, now, write_body(command, fields))

    def request(self, command: int, body: bytes, ref: Hashable, now: float) -> int:
        """Ask the peer to take a message; `ref` comes back with its answer, or from `hang_up`. The sequence number."""
        if command not in self._may_ask or command not in _MESSAGES or self._draining or self._pending.room <= 0:
            raise Misuse(f"{command_name(command)} while {self.state.value}, with room for {self.room}")
        sequence = self._pending.message(command, ref, now)
        self._out += HEADER.pack(16 + len(body), command, 0, sequence), body
        self._active = now
        return sequence

    def drain(self, now: float) -> None:
        """Ask nothing more; unbind by itself once everything asked, on either side, is answered."""
        self._draining = True
        self._part_if_drained(now)

    def unbind(self, now: float) -> None:
        """Part now, whatever is outstanding; asking twice is asking once."""
        self._draining = True
        if self.state is not State.UNBINDING:
            self._ask(Command.UNBIND, now)

    def hang_up(self) -> Leftovers:
        """The connection is gone: hand back what was never answered. Octets not yet fetched are dropped."""
        self._move(Input.HANG_UP)
        self._out.clear()
        return self._pending.give_up()

    # ---- what we answer

    def respond(self, request: Pdu, now: float, status: int = 0, body: bytes = b"\0") -> None:
        """Answer a request that was `Asked`; in vain, and silently so, if the session has closed since."""
        if self._closed:
            return
        self._owed.discard(request.sequence)
        self._out.append(write_frame(request.command | RESPONSE, status, request.sequence, b"" if status else body))
        self._part_if_drained(now)

    def accept(self, bind: Pdu, now: float, system_id: str = "") -> None:
        """Answer an `Asked` bind, as an SMSC: it is bound."""
        self.respond(bind, now, body=write_body(bind.command | RESPONSE, {"system_id": system_id}))
        if not self._closed:
            self._move(ACCEPTED[bind.command])

    def refuse(self, bind: Pdu, now: float, status: int) -> None:
        """Answer an `Asked` bind, as an SMSC: not so."""
        self.respond(bind, now, status)
        if not self._closed:
            self._move(Input.REFUSE)

    def outgoing(self) -> bytes:
        """Everything to be written now. What was asked in it counts as sent from here on."""
        data = b"".join(self._out)
        self._out.clear()
        self._pending.fetched()
        return data

    # ---- what we hear

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what came over the wire; events in the order of the PDUs. A closed session is deaf."""
        events: list[Event] = []
        if self._closed:
            return events
        self._pulse.beat(now, self._pending.missed)
        append, settle = events.append, self._pending.settle
        try:
            for frame in self._wire.frames(data):
                if frame[0] == _SUBMIT_SM_RESP and (entry := settle(frame[2], _SUBMIT_SM_RESP)) is not None:
                    append(Answered(entry[1], frame[1], message_id(frame[3])))
                elif not self._closed:
                    self._hear(frame, events)
        except FramingError:
            self._out.append(write_frame(Command.GENERIC_NACK, Status.ESME_RINVCMDLEN, 0))
            self._close(Reason.LOST_FRAMING, events)
        if events:
            self._active = now
        self._part_if_drained(now)
        return events

    def _hear(self, frame: Frame, events: list[Event]) -> None:
        if frame[0] & RESPONSE:
            self._hear_response(frame, events)
            return
        try:
            self._hear_request(frame, events)
        except Unreadable as fault:
            self._reject(frame, Command.GENERIC_NACK, fault.status, str(fault), events)

    def _hear_response(self, frame: Frame, events: list[Event]) -> None:
        self._pending.forget(self._pulse.heard - self.timers.late)
        response, status, sequence, body = frame
        if response == Command.GENERIC_NACK and not status:
            status = Status.ESME_RUNKNOWNERR  # a nack is never a yes
        named = "" if response == Command.GENERIC_NACK else message_id(body)
        if (entry := self._pending.settle(sequence, response)) is not None:
            events.append(Answered(entry[1], status, named))
        elif (entry := self._pending.settle_overdue(sequence, response)) is not None:
            events.append(AnsweredLate(entry[1], status, named))
        elif (asked := self._pending.settle_housekeeping(sequence, response)) is None:
            events.append(Late(sequence))
        elif asked in ACCEPTED:
            self._hear_bind_answer(asked, status, events)
        elif asked == Command.UNBIND:
            self._close(Reason.UNBOUND, events, Input.UNBOUND)
        # and an enquire_link_resp has done its work by being heard

    def _hear_bind_answer(self, asked: int, status: int, events: list[Event]) -> None:
        self._move(Input.REFUSE if status else ACCEPTED[asked])
        events.append(BindRefused(status) if status else Bound(self.state))

    def _hear_request(self, frame: Frame, events: list[Event]) -> None:
        command, _, sequence, _ = frame
        if command not in self._known:
            raise Unreadable(f"no {command_name(command)} is taken here", Status.ESME_RINVCMDID)
        if command not in self._may_hear:
            why = f"{command_name(command)} while {self.state.value}"
            self._reject(frame, command | RESPONSE, refusal(command), why, events)
        elif command == Command.ENQUIRE_LINK:
            self._out.append(write_frame(Command.ENQUIRE_LINK_RESP, 0, sequence))
        elif command == Command.UNBIND:
            self._move(Input.UNBIND)
            self._out.append(write_frame(Command.UNBIND_RESP, 0, sequence))
            self._close(Reason.PEER_UNBOUND, events, Input.UNBOUND)
        else:
            self._hear_message(read(frame), events)

    def _hear_message(self, pdu: Pdu, events: list[Event]) -> None:
        if pdu.command in ACCEPTED:
            self._move(Input.BIND)
        if pdu.command not in UNANSWERABLE:
            self._owed.add(pdu.sequence)
        events.append(Asked(pdu))

    def _reject(self, frame: Frame, answer: int, status: int, why: str, events: list[Event]) -> None:
        if frame[0] not in UNANSWERABLE:
            self._out.append(write_frame(answer, status, frame[2]))
        events.append(Rejected(frame[0], status, why))

    # ---- what time does

    def deadline(self) -> float:
        """When `tick` is next due; inf if never."""
        if self._closed:
            return inf
        if self.state in (State.OPEN, State.BINDING):
            return self._since + self.timers.bind
        waiting = min(self._pending.oldest(), self._pending.oldest_housekeeping()) + self.timers.response
        return min(waiting, self._enquire_at(), self._unbind_at(), self._pulse.listening_until)

    def tick(self, now: float) -> list[Event]:
        """Do what is due by now; calling too early or too often does no harm."""
        events: list[Event] = []
        if now < self.deadline():
            return events
        if self.state in (State.OPEN, State.BINDING):
            self._close(Reason.NOT_BOUND, events)
            return events
        self._pulse.tick(now)
        events += map(Unanswered, self._pending.overdue(self.timers.response, now))
        if now >= self._pending.oldest_housekeeping() + self.timers.response:
            unbinding = self.state is State.UNBINDING
            self._close(Reason.UNBIND_UNANSWERED if unbinding else Reason.SILENT, events)
        elif now >= self._enquire_at() or (events and not self._draining):
            self._enquire(now)
        if now >= self._unbind_at():
            self._draining = True
        self._part_if_drained(now)
        return events

    def _enquire(self, now: float) -> None:
        """Ask once: after a silence, and when an answer did not come, before anything is asked again."""
        if self.state in BOUND and not self._pending.asks(Command.ENQUIRE_LINK):
            self._ask(Command.ENQUIRE_LINK, now)
            self._pulse.enquired(now)

    def _enquire_at(self) -> float:
        asked = self.state not in BOUND or self._pending.asks(Command.ENQUIRE_LINK)
        return inf if asked else self._pulse.heard + self.timers.enquire_link

    def _unbind_at(self) -> float:
        return inf if self._draining else self._active + self.timers.inactivity

    # ---- moving

    def _ask(self, command: int, now: float, body: bytes = b"") -> None:
        if command not in self._may_ask:
            raise Misuse(f"{command_name(command)} while {self.state.value}")
        sequence = self._pending.housekeeping(command, now)
        self._out.append(write_frame(command, 0, sequence, body))
        self._move(ASKS[self.role][command])

    def _part_if_drained(self, now: float) -> None:
        if self._draining and self.state in BOUND and self._pending.empty and not self._owed:
            self._ask(Command.UNBIND, now)

    def _close(self, reason: Reason, events: list[Event], how: Input = Input.HANG_UP) -> None:
        self._move(how)
        events.append(Closed(reason))

    def _move(self, happened: Input) -> None:
        if (self.state, happened) not in TABLE:
            raise Misuse(f"{happened.value}, while {self.state.value}")
        self.state = TABLE[self.state, happened]
        self._learn()

    def _learn(self) -> None:
        """Look up the table once a state, not once a PDU."""
        self._may_ask = permitted(self.role, self.state)
        self._may_hear = permitted(PEER[self.role], self.state)
