"""Everything that the bad SMSC does to us, as tables; the dice choose among the rows by weight.

A *spell* is like weather: for a while, some misdeeds are frequent.  A row's name is what the campaign counts.
"""

from collections.abc import Mapping
from random import Random

from attrs import frozen

from iso_alert.smpp.command import Status

Span = tuple[float, float]  # seconds, from and to
VENDORS_OWN = 0x0401


@frozen
class Answer:
    """What becomes of a submit_sm.  `status` None: nothing is ever said of it, though it was taken."""

    status: int | None = Status.ESME_ROK
    after: Span = (0.0, 0.03)
    times: int = 1
    nack: bool = False
    names_it: bool = True  # whether a yes says the message id

    @property
    def taken(self) -> bool:
        return not self.status


ANSWERS: Mapping[str, Answer] = {
    "well": Answer(),
    "out of order": Answer(after=(0.0, 2.0)),
    "late": Answer(after=(31.0, 36.0)),
    "never": Answer(None),
    "twice": Answer(times=2),
    "without an id": Answer(names_it=False),
    "throttled": Answer(Status.ESME_RTHROTTLED),
    "queue full": Answer(Status.ESME_RMSGQFUL),
    "own fault": Answer(Status.ESME_RSYSERR),
    "vendor's status": Answer(VENDORS_OWN),
    "not bound, it says": Answer(Status.ESME_RINVBNDSTS),
    "refused": Answer(Status.ESME_RINVDSTADR),
    "nacked": Answer(Status.ESME_RSYSERR, nack=True),
}


@frozen
class Way:
    """How the receipt of a message comes."""

    after: Span = (0.05, 1.0)
    before_the_answer: bool = False
    next_bind: bool = False
    times: int = 1  # none: it never comes
    in_text: str = "{:08X}"  # how the id is spelled; empty: it is not there
    in_tlv: str = "{:08X}"
    words: tuple[str, ...] = ("DELIVRD",)


WAYS: Mapping[str, Way] = {
    "well": Way(),
    "before the answer": Way(before_the_answer=True),
    "on another bind": Way(next_bind=True),
    "twice": Way(times=2),
    "never": Way(times=0),
    "late": Way(after=(2.0, 4.0)),
    "in hex": Way(in_text="{:x}", in_tlv="{:x}"),
    "in decimal": Way(in_text="{}", in_tlv="{}"),
    "with zeros": Way(in_text="{:016X}", in_tlv="{:012d}"),
    "in the text only": Way(in_text="{:010d}", in_tlv=""),
    "in the TLV only": Way(in_text="", in_tlv="{:x}"),
    "undelivered": Way(words=("UNDELIV",)),
    "on its way first": Way(words=("ENROUTE", "DELIVRD")),
    "failed, then there": Way(words=("UNDELIV", "DELIVRD")),
}


BINDS: Mapping[str, int | None] = {  # what a bind is told; None: something else happens
    "bound": Status.ESME_ROK,
    "refused: already bound": Status.ESME_RALYBND,
    "refused: too often": Status.ESME_RTHROTTLED,
    "refused: own fault": Status.ESME_RSYSERR,
    "refused: vendor's status": VENDORS_OWN,
    "never answered": None,
    "hung up": None,
    "answered with noise": None,
}

Weights = Mapping[str, float]
_WELL: Weights = {"well": 1}
_BOUND: Weights = {"bound": 1}
_NONE: Weights = {}


@frozen
class Spell:
    """How often what happens, and for how long."""

    name: str
    seconds: float
    answers: Weights = _WELL
    ways: Weights = _WELL
    mischief: Weights = _NONE  # what is done to a connection: rows of mischief.MISCHIEF
    every: Span = (1.0, 4.0)  # seconds from one mischief to the next
    binds: Weights = _BOUND
    begins_with_a_break: bool = False


GOOD = Spell("good", 0.0)
_ODD_WAYS = dict.fromkeys(WAYS, 1.0)
_ODD_ANSWERS = {
    "well": 40, "out of order": 20, "twice": 3, "without an id": 1, "throttled": 1, "queue full": 1, "own fault": 1,
    "vendor's status": 1, "not bound, it says": 0.2, "refused": 1, "nacked": 1, "never": 1, "late": 1,
}  # fmt: skip
_BREAKS = {"drop": 3, "half a PDU, then gone": 2, "unbind": 1}
_NOISE = {
    "noise": 1, "length 0": 1, "length 15": 1, "length 4 GiB": 1, "length too long": 1, "unknown command": 3,
    "broken deliver_sm": 3, "answer to nothing": 3, "half a PDU, then the rest": 3, "enquire_links": 1,
    "receipts of others": 1,
}  # fmt: skip
SPELLS = (
    Spell("throttling", 15.0, answers={"throttled": 6, "queue full": 1, "well": 3}),
    Spell("silence", 50.0, answers={"well": 90, "never": 5, "late": 5}),
    Spell("breaks", 20.0, answers={"well": 8, "out of order": 2}, mischief=_BREAKS),
    Spell("noise", 20.0, mischief=_NOISE, every=(0.2, 2.0)),
    Spell("deafness", 45.0, mischief={"deaf for a moment": 3, "deaf for long": 1, "hangs": 1}, every=(3.0, 6.0)),
    Spell("closed doors", 20.0, binds=dict.fromkeys(BINDS, 1), begins_with_a_break=True, mischief={"drop": 1}),
    Spell("odd receipts", 15.0, answers={"well": 5, "out of order": 5}, ways=_ODD_WAYS),
    Spell("everything", 45.0, _ODD_ANSWERS, _ODD_WAYS, {**_BREAKS, **_NOISE, "deaf for a moment": 1}, (0.5, 5.0),
          dict.fromkeys(BINDS, 1) | {"bound": 8}),
)  # fmt: skip


def choose(weights: Weights, dice: Random) -> str:
    return dice.choices([*weights], [*weights.values()])[0]
