"""The state table, walked whole: every state with every input, in both roles."""

from itertools import product

import pytest

from iso_alert.smpp.command import Command, Status
from iso_alert.smpp.event import Asked, Closed, Rejected
from iso_alert.smpp.fields import BODY
from iso_alert.smpp.pdu import write_body, write_frame
from iso_alert.smpp.session import Misuse, Session
from iso_alert.smpp.state import ACCEPTED, ASKS, BOUND, PEER, TABLE, UNANSWERABLE, Input, Role, State, refusal
from iso_alert.smpp.state import permitted as permitted_to

REQUESTS = [command for command in BODY if not command & 0x8000_0000]
BINDS = {
    State.BOUND_TX: Command.BIND_TRANSMITTER,
    State.BOUND_RX: Command.BIND_RECEIVER,
    State.BOUND_TRX: Command.BIND_TRANSCEIVER,
}


def request(command: int, sequence: int = 9) -> bytes:
    return write_frame(command, 0, sequence, write_body(command, {}))


def esme(state: State) -> Session:
    session = Session(Role.ESME, 0.0)
    if state is State.OPEN:
        return session
    bind = BINDS.get(state, Command.BIND_TRANSCEIVER)
    session.bind(bind, {}, 0.0)
    if state is not State.BINDING:
        session.receive(write_frame(bind | 0x8000_0000, 0, 1, b"\0"), 0.0)
    return finish(session, state)


def smsc(state: State) -> Session:
    session = Session(Role.SMSC, 0.0)
    if state is State.OPEN:
        return session
    (asked,) = session.receive(request(BINDS.get(state, Command.BIND_TRANSCEIVER), 1), 0.0)
    if state is not State.BINDING and isinstance(asked, Asked):
        session.accept(asked.pdu, 0.0)
    return finish(session, state)


def finish(session: Session, state: State) -> Session:
    if state is State.UNBINDING:
        session.unbind(0.0)
    if state is State.CLOSED:
        session.hang_up()
    session.outgoing()
    assert session.state is state
    return session


IN_STATE = {Role.ESME: esme, Role.SMSC: smsc}
EVERYWHERE = list(product(Role, State, REQUESTS))


@pytest.mark.parametrize(("role", "state", "command"), EVERYWHERE)
def test_a_peers_request(role: Role, state: State, command: int) -> None:
    """In every state every request is heard if the table has it, and else refused with the status that says why."""
    session = IN_STATE[role](state)
    events = session.receive(request(command), 1.0)
    meaning = ASKS[PEER[role]].get(command)

    if state is State.CLOSED:
        assert (events, session.outgoing()) == ([], b"")
    elif meaning is None:
        assert [type(each) for each in events] == [Rejected]
        assert session.outgoing() == answer(command, Command.GENERIC_NACK, Status.ESME_RINVCMDID)
    elif (state, meaning) not in TABLE:
        assert [type(each) for each in events] == [Rejected]
        assert session.outgoing() == answer(command, command | 0x8000_0000, refusal(command))
    else:
        assert [type(each) for each in events] == ([] if command == Command.ENQUIRE_LINK else [kind(command)])
        assert session.state is (State.CLOSED if command == Command.UNBIND else TABLE[state, meaning])


def answer(command: int, response: int, status: int) -> bytes:
    return b"" if command in UNANSWERABLE else write_frame(response, status, 9)


def kind(command: int) -> type:
    return Closed if command == Command.UNBIND else Asked


@pytest.mark.parametrize(("role", "state"), list(product(Role, State)))
def test_our_own_messages(role: Role, state: State) -> None:
    """We may ask what the table has, and nothing else: that would be our own mistake."""
    session = IN_STATE[role](state)
    command = {Role.ESME: Command.SUBMIT_SM, Role.SMSC: Command.DELIVER_SM}[role]
    may = state in BOUND and command in permitted_to(role, state)

    if may:
        session.request(command, b"", "ref", 1.0)
        assert session.in_flight == 1
    else:
        with pytest.raises(Misuse):
            session.request(command, b"", "ref", 1.0)


@pytest.mark.parametrize(("role", "state"), list(product(Role, State)))
def test_parting(role: Role, state: State) -> None:
    """Unbind is for the bound; a drain and a hang-up are for everybody."""
    session = IN_STATE[role](state)
    session.drain(1.0)

    assert session.state is (State.UNBINDING if state in BOUND else state)

    session.hang_up()

    assert session.state is State.CLOSED


@pytest.mark.parametrize("state", [State.OPEN, State.BINDING, State.CLOSED])
def test_unbind_is_for_the_bound(state: State) -> None:
    """Before and after, it is our own mistake."""
    with pytest.raises(Misuse):
        esme(state).unbind(1.0)


def test_a_second_unbind_says_nothing() -> None:
    """Asking twice is asking once."""
    session = esme(State.UNBINDING)
    session.unbind(1.0)

    assert session.outgoing() == b""


def test_both_sides_walk_together() -> None:
    """An ESME and an SMSC that talk to each other are in the same state after every exchange."""
    for state in BOUND:
        here, there = esme(State.OPEN), smsc(State.OPEN)
        here.bind(BINDS[state], {"system_id": "bank"}, 0.0)
        (asked,) = there.receive(here.outgoing(), 0.0)
        assert isinstance(asked, Asked)
        there.accept(asked.pdu, 0.0)
        here.receive(there.outgoing(), 0.0)

        assert here.state is there.state is state


def test_every_state_can_be_left() -> None:
    """A connection may break at any time."""

    assert all(TABLE[state, Input.HANG_UP] is State.CLOSED for state in State)


def test_every_state_can_be_reached() -> None:
    """No row stands there for nobody."""

    assert {State.OPEN, *TABLE.values()} == set(State)


def test_every_input_stands_in_the_table() -> None:
    """Nor does a name."""

    assert {happened for _, happened in TABLE} == set(Input)


def test_binds_are_named_alike() -> None:
    """What is bound as a transmitter is a transmitter."""

    assert {TABLE[State.BINDING, ACCEPTED[command]]: command for command in ACCEPTED} == BINDS
