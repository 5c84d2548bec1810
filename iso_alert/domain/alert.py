"""One SMS to one person, from the decision to the phone: its states as a table, and when to try again.

*accepted* is the operator's word that it took the message; *delivered* is the phone's.  They are never confused.
"""

from collections.abc import Mapping
from enum import Enum


class AlertState(Enum):
    """Where an alert is."""

    QUEUED = "queued"  # waits for its turn
    SENDING = "sending"  # taken by a courier: it may be on the wire
    ACCEPTED = "accepted"  # every part is with the operator
    DELIVERED = "delivered"  # every part is on the phone
    UNDELIVERED = "undelivered"  # the operator gave up on a part
    REFUSED = "refused"  # the operator will never take it
    GIVEN_UP = "given_up"  # it could not be sent for so long that it is of no use
    WITHDRAWN = "withdrawn"  # what it would have said is no longer true
    UNKNOWN = "unknown"  # written twice, answered never


class Happening(Enum):
    """What can happen to an alert."""

    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    AGAIN_LATER = "again later"  # the operator asks for patience, or it was not written at all
    IN_DOUBT = "in doubt"  # written, and the session ended before the answer
    DOUBTED_TWICE = "doubted twice"
    REFUSED = "refused"
    TOO_OLD = "too old"
    WITHDRAWN = "withdrawn"
    DELIVERED = "delivered"
    FAILED = "failed"


_S, _H = AlertState, Happening
TRANSITIONS: Mapping[tuple[AlertState, Happening], AlertState] = {
    (_S.QUEUED, _H.CLAIMED): _S.SENDING,
    (_S.QUEUED, _H.ACCEPTED): _S.ACCEPTED,  # in doubt, and the answer came late
    (_S.QUEUED, _H.WITHDRAWN): _S.WITHDRAWN,
    (_S.QUEUED, _H.TOO_OLD): _S.GIVEN_UP,
    (_S.SENDING, _H.ACCEPTED): _S.ACCEPTED,
    (_S.SENDING, _H.AGAIN_LATER): _S.QUEUED,
    (_S.SENDING, _H.IN_DOUBT): _S.QUEUED,
    (_S.SENDING, _H.DOUBTED_TWICE): _S.UNKNOWN,
    (_S.SENDING, _H.REFUSED): _S.REFUSED,
    (_S.SENDING, _H.TOO_OLD): _S.GIVEN_UP,
    (_S.ACCEPTED, _H.DELIVERED): _S.DELIVERED,
    (_S.ACCEPTED, _H.FAILED): _S.UNDELIVERED,
    (_S.UNDELIVERED, _H.DELIVERED): _S.DELIVERED,  # a second receipt that knows better
    (_S.UNKNOWN, _H.ACCEPTED): _S.ACCEPTED,  # the same
    (_S.UNKNOWN, _H.DELIVERED): _S.DELIVERED,
    (_S.UNKNOWN, _H.FAILED): _S.UNDELIVERED,
}

OPEN = frozenset({_S.QUEUED, _S.SENDING})  # the next alert of the lane waits for these
NEVER_SENT = frozenset({_S.REFUSED, _S.GIVEN_UP, _S.WITHDRAWN})  # nobody was told by these

VALID_FOR = 24 * 3600.0  # seconds; the operator and we give up together
_PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
FEW = 4  # attempts where the status says that trying is of little use


SHORT, SHORT_IN_LATIN = 70, 160  # characters of one SMS (3GPP TS 23.038: 140 octets, of 16 and of 7 bits)


def parts(text: str) -> int:
    """How many SMS a text makes: what room it takes among those that wait for an answer.

    Two for all that may be longer than one; how it is really cut depends on the operator.
    """
    return 1 if len(text) <= SHORT or (len(text) <= SHORT_IN_LATIN and text.isascii()) else 2


def after(state: AlertState, happening: Happening) -> AlertState:
    """The state that follows.  KeyError: that cannot happen to an alert in this state."""
    return TRANSITIONS[state, happening]


def pause(attempts: int) -> float:
    """Seconds to wait after the `attempts`-th failed attempt (1 is the first)."""
    return _PAUSES[min(attempts, len(_PAUSES)) - 1]
