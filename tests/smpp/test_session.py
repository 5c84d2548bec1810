"""Whatever a peer says and whatever the clock does, a session does not fall, and no message is lost between two."""

from random import Random
from typing import Any

from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.smpp.command import Command
from iso_alert.smpp.event import Answered, Asked, Event, Unanswered
from iso_alert.smpp.fields import BODY
from iso_alert.smpp.pdu import Pdu, write_body, write_frame
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import ACCEPTED, Role, State
from iso_alert.smpp.timers import Timers

TIMERS = Timers(bind=10.0, response=20.0, enquire_link=30.0, inactivity=200.0)
WELL_FORMED = st.builds(
    lambda command, status, sequence: write_frame(command, status, sequence, write_body(command, {})),
    st.sampled_from(list(BODY)), st.sampled_from([0, 0, 0x58]), st.integers(0, 6) | st.just(0xFFFF_FFFF),
)  # fmt: skip
ANY_BODY = st.builds(write_frame, st.sampled_from(list(BODY)), st.just(0), st.integers(0, 6), st.binary(max_size=40))
SPEECH = st.lists(st.tuples(st.floats(0, 40), WELL_FORMED | ANY_BODY | st.binary(max_size=40)), max_size=30)


@given(st.sampled_from(Role), SPEECH)
def test_nothing_a_peer_says_makes_it_fall(role: Role, speech: list[tuple[float, bytes]]) -> None:
    """Any octets at any time, in either role; and once it is closed it stays so, and wants no more of the clock."""
    session, now = Session(role, 0.0, TIMERS), 0.0
    if role is Role.ESME:
        session.bind(Command.BIND_TRANSCEIVER, {}, 0.0)
    for wait, octets in speech:
        now += wait
        heard = session.tick(now) + session.receive(octets, now)
        _answer_binds(session, heard, now)
        session.outgoing()
        assert session.deadline() > now - 40 or session.state is not State.CLOSED
    session.hang_up()

    assert (session.state, session.room, session.deadline()) == (State.CLOSED, 0, float("inf"))
    assert session.receive(b"anything", now) == session.tick(now + 1000) == []


def _answer_binds(session: Session, events: list[Event], now: float) -> None:
    for event in events:
        if isinstance(event, Asked) and event.pdu.command in ACCEPTED:
            session.accept(event.pdu, now)


@given(st.floats(0, 1000), st.integers(1, 5))
def test_a_tick_is_never_due_again_at_once(start: float, messages: int) -> None:
    """Whoever sleeps until `deadline` and calls `tick` does not spin."""
    session = _bound(start)
    for number in range(messages):
        session.request(Command.SUBMIT_SM, b"", number, start)
        session.outgoing()
    now = start
    while session.state is not State.CLOSED:
        now = session.deadline()
        session.tick(now)
        session.outgoing()
        assert session.deadline() > now
    assert now <= start + 100


def _bound(now: float) -> Session:
    session = Session(Role.ESME, now, TIMERS)
    session.bind(Command.BIND_TRANSCEIVER, {}, now)
    session.receive(write_frame(Command.BIND_TRANSCEIVER_RESP, 0, 1, b"\0"), now)
    session.outgoing()
    return session


@define
class Pair:
    """An ESME and an SMSC with a wire between them that can be cut; the SMSC answers when it likes."""

    dice: Random
    esme: Session = field(factory=lambda: Session(Role.ESME, 0.0, window=5))
    smsc: Session = field(factory=lambda: Session(Role.SMSC, 0.0, window=5))
    asked: list[Pdu] = field(factory=list)
    taken: set[int] = field(factory=set)
    fates: dict[int, str] = field(factory=dict)
    sent: int = 0

    def bind(self) -> None:
        self.esme.bind(Command.BIND_TRANSCEIVER, {}, 0.0)
        self.to_smsc()
        self.smsc.accept(self.asked.pop(), 0.0)
        self.to_esme()

    def to_smsc(self) -> None:
        events = self.smsc.receive(self.esme.outgoing(), 0.0)
        self.asked += [each.pdu for each in events if isinstance(each, Asked)]
        self.taken |= {int(each.fields["source_addr"]) for each in self.asked if "short_message" in each.fields}

    def to_esme(self) -> None:
        for event in self.esme.receive(self.smsc.outgoing(), 0.0):
            if isinstance(event, Answered):
                self._tell(event.ref, "answered")

    def submit(self) -> None:
        if self.esme.room:
            body = write_body(Command.SUBMIT_SM, {"source_addr": str(self.sent)})
            self.esme.request(Command.SUBMIT_SM, body, self.sent, 0.0)
            self.sent += 1

    def answer(self) -> None:
        if self.asked:
            self.smsc.respond(self.asked.pop(self.dice.randrange(len(self.asked))), 0.0)

    def tick(self) -> None:
        for event in self.esme.tick(0.0):
            if isinstance(event, Unanswered):
                self._tell(event.ref, "unanswered")

    def cut(self) -> None:
        left = self.esme.hang_up()
        for ref in left.unsent:
            self._tell(ref, "unsent")
        for ref in left.in_doubt:
            self._tell(ref, "in doubt")

    def _tell(self, ref: Any, fate: str) -> None:
        assert ref not in self.fates
        self.fates[ref] = fate


DEEDS = st.lists(st.sampled_from(["submit", "submit", "submit", "to_smsc", "answer", "answer", "to_esme", "tick"]))


@given(DEEDS, st.randoms(use_true_random=False))
def test_every_message_has_one_fate(deeds: list[str], dice: Random) -> None:
    """Answered, unsent or in doubt, and only one of these; and what is unsent the SMSC has not taken."""
    pair = Pair(dice)
    pair.bind()
    for deed in deeds:
        getattr(pair, deed)()
    pair.cut()

    assert set(pair.fates) == set(range(pair.sent))
    assert not {ref for ref, fate in pair.fates.items() if fate == "unsent"} & pair.taken
    assert {ref for ref, fate in pair.fates.items() if fate == "answered"} <= pair.taken
