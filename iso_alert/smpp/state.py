"""What may happen in an SMPP session, and when: one table for both roles (SMPP 3.4, section 2.2).

Inputs are named by what goes over the wire, whoever sends it, so that an ESME and an SMSC walk the same table side by
side. What is not in the table must not happen: our own code gets `Misuse`, a peer gets a status.

A side that hears `unbind` answers at once, so it passes through UNBINDING to CLOSED within one call. In UNBINDING
messages still cross on the wire, and are heard.
"""

from collections.abc import Mapping
from enum import Enum

from .command import Command, Status


class Role(Enum):
    ESME = "esme"
    SMSC = "smsc"


class State(Enum):
    """The standard's names; BINDING and UNBINDING stand for a question that is not answered yet."""

    OPEN = "open"
    BINDING = "binding"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBINDING = "unbinding"
    CLOSED = "closed"


class Input(Enum):
    """What happens to a session."""

    BIND = "an ESME asks to be bound"
    REFUSE = "the SMSC refuses the bind"
    BOUND_TX = "the SMSC accepts a transmitter"
    BOUND_RX = "the SMSC accepts a receiver"
    BOUND_TRX = "the SMSC accepts a transceiver"
    OUTBIND = "the SMSC asks to be bound to"
    UP = "a message, or a question about one, from ESME to SMSC"
    DOWN = "a message from SMSC to ESME"
    ENQUIRE = "either asks whether the other is there"
    UNBIND = "either asks to part"
    UNBOUND = "the other agrees to part"
    HANG_UP = "the connection is gone, or must go"


TABLE: Mapping[tuple[State, Input], State] = {
    (State.OPEN, Input.BIND): State.BINDING,
    (State.OPEN, Input.OUTBIND): State.OPEN,
    (State.OPEN, Input.ENQUIRE): State.OPEN,
    (State.OPEN, Input.HANG_UP): State.CLOSED,
    (State.BINDING, Input.REFUSE): State.OPEN,
    (State.BINDING, Input.BOUND_TX): State.BOUND_TX,
    (State.BINDING, Input.BOUND_RX): State.BOUND_RX,
    (State.BINDING, Input.BOUND_TRX): State.BOUND_TRX,
    (State.BINDING, Input.ENQUIRE): State.BINDING,
    (State.BINDING, Input.HANG_UP): State.CLOSED,
    (State.BOUND_TX, Input.UP): State.BOUND_TX,
    (State.BOUND_TX, Input.ENQUIRE): State.BOUND_TX,
    (State.BOUND_TX, Input.UNBIND): State.UNBINDING,
    (State.BOUND_TX, Input.HANG_UP): State.CLOSED,
    (State.BOUND_RX, Input.DOWN): State.BOUND_RX,
    (State.BOUND_RX, Input.ENQUIRE): State.BOUND_RX,
    (State.BOUND_RX, Input.UNBIND): State.UNBINDING,
    (State.BOUND_RX, Input.HANG_UP): State.CLOSED,
    (State.BOUND_TRX, Input.UP): State.BOUND_TRX,
    (State.BOUND_TRX, Input.DOWN): State.BOUND_TRX,
    (State.BOUND_TRX, Input.ENQUIRE): State.BOUND_TRX,
    (State.BOUND_TRX, Input.UNBIND): State.UNBINDING,
    (State.BOUND_TRX, Input.HANG_UP): State.CLOSED,
    (State.UNBINDING, Input.UP): State.UNBINDING,
    (State.UNBINDING, Input.DOWN): State.UNBINDING,
    (State.UNBINDING, Input.ENQUIRE): State.UNBINDING,
    (State.UNBINDING, Input.UNBIND): State.UNBINDING,  # both asked at once
    (State.UNBINDING, Input.UNBOUND): State.CLOSED,
    (State.UNBINDING, Input.HANG_UP): State.CLOSED,
    (State.CLOSED, Input.HANG_UP): State.CLOSED,
}
BOUND = frozenset({State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX})

_EITHER: Mapping[int, Input] = {Command.ENQUIRE_LINK: Input.ENQUIRE, Command.UNBIND: Input.UNBIND}
# What each role may ask of the other, and what it is to the table. data_sm goes both ways.
ASKS: Mapping[Role, Mapping[int, Input]] = {
    Role.ESME: {
        **_EITHER,
        Command.BIND_TRANSMITTER: Input.BIND, Command.BIND_RECEIVER: Input.BIND, Command.BIND_TRANSCEIVER: Input.BIND,
        Command.SUBMIT_SM: Input.UP, Command.DATA_SM: Input.UP, Command.QUERY_SM: Input.UP,
        Command.CANCEL_SM: Input.UP, Command.REPLACE_SM: Input.UP,
    },
    Role.SMSC: {
        **_EITHER,
        Command.OUTBIND: Input.OUTBIND, Command.DELIVER_SM: Input.DOWN, Command.DATA_SM: Input.DOWN,
        Command.ALERT_NOTIFICATION: Input.DOWN,
    },
}  # fmt: skip
ACCEPTED: Mapping[int, Input] = {
    Command.BIND_TRANSMITTER: Input.BOUND_TX,
    Command.BIND_RECEIVER: Input.BOUND_RX,
    Command.BIND_TRANSCEIVER: Input.BOUND_TRX,
}
UNANSWERABLE = frozenset({Command.OUTBIND, Command.ALERT_NOTIFICATION})  # the standard has no response to these
PEER = {Role.ESME: Role.SMSC, Role.SMSC: Role.ESME}


def permitted(role: Role, state: State) -> frozenset[int]:
    """The commands that `role` may ask in `state`."""
    return frozenset(command for command, meaning in ASKS[role].items() if (state, meaning) in TABLE)


def refusal(command: int) -> Status:
    """The status for a peer that asks out of turn."""
    return Status.ESME_RALYBND if command in ACCEPTED else Status.ESME_RINVBNDSTS
