"""What the courier hands to a route, and what a route tells the courier. Facts only; no tasks live here."""

from collections.abc import Hashable

from attrs import field, frozen

from iso_alert.smpp.command import Action
from iso_alert.smpp.pdu import Pdu
from iso_alert.smpp.receipt import Receipt
from iso_alert.smpp.text import Part

from .dialogue import Dialogue


@frozen
class Submission:
    """One part of a message, to be one submit_sm."""

    ref: Hashable  # the courier's own; it comes back with the outcome
    destination: str  # E.164 digits, without `+`
    part: Part
    validity: float  # seconds for which the message is worth delivering


@frozen
class Accepted:
    """The SMSC took it. `message_id` is empty where the SMSC gave none: no receipt will be matched then."""

    ref: Hashable
    message_id: str
    at: float


@frozen
class Refused:
    """The SMSC answered with a status; `action` is what the status table makes of it."""

    ref: Hashable
    status: int
    action: Action
    at: float


@frozen
class InDoubt:
    """Written and never answered: the SMSC has it, or has not."""

    ref: Hashable
    at: float


@frozen
class Belated:
    """What was told as InDoubt is answered after all, on the same connection: the SMSC took it, or did not."""

    ref: Hashable
    status: int
    message_id: str
    at: float


@frozen
class Unsent:
    """Handed over, and certainly not written: to be sent again without a second thought."""

    ref: Hashable
    at: float


@frozen
class Receipted:
    """A delivery receipt came. `acknowledge` it once it is durable; until then the SMSC keeps it."""

    receipt: Receipt
    at: float
    operator: str  # whose: it may come on another bind than the one that the message went by
    dialogue: Dialogue = field(repr=False, eq=False)  # with `request`, what `acknowledge` answers
    request: Pdu = field(repr=False, eq=False)


Outcome = Accepted | Refused | InDoubt | Belated | Unsent | Receipted
