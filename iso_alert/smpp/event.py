"""What a session tells whoever runs it: facts, in the order in which they happened."""

from collections.abc import Hashable
from enum import Enum

from attrs import frozen

from .pdu import Pdu
from .state import State


class Reason(Enum):
    """Why a session ended; a closed set, since it ends up in labels."""

    UNBOUND = "unbound"  # we asked, and the peer agreed
    PEER_UNBOUND = "peer_unbound"
    SILENT = "silent"  # an enquire_link was not answered
    UNBIND_UNANSWERED = "unbind_unanswered"
    NOT_BOUND = "not_bound"  # the bind timer rang
    LOST_FRAMING = "lost_framing"


@frozen
class Bound:
    """The session may carry messages now."""

    state: State


@frozen
class BindRefused:
    """Our bind was refused; the session is open, and may ask again."""

    status: int


@frozen
class Answered:
    """One of our messages was answered. `message_id` is empty where the peer left it out."""

    ref: Hashable
    status: int
    message_id: str


@frozen
class Unanswered:
    """One of our messages was not answered in time: it may have been taken, or not."""

    ref: Hashable


@frozen
class AnsweredLate:
    """One of our messages that was `Unanswered` is answered after all: it was taken, or was not."""

    ref: Hashable
    status: int
    message_id: str


@frozen
class Late:
    """A response to nothing that is outstanding or remembered: much too late, or nonsense."""

    sequence: int


@frozen
class Asked:
    """The peer's request. Unless it is unanswerable, `respond` (or `accept`, `refuse` for a bind) is due."""

    pdu: Pdu


@frozen
class Rejected:
    """A PDU of the peer's that we have refused ourselves: unreadable, unknown, or out of turn."""

    command: int
    status: int
    why: str


@frozen
class Closed:
    """The session is over; hang up once its last octets are out."""

    reason: Reason


Event = Bound | BindRefused | Answered | Unanswered | AnsweredLate | Late | Asked | Rejected | Closed
