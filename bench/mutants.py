"""Break frames at random, and see whether plans and pyiso8583 say the same of them.

A seed makes the same mutants again.  Test cards only: the frames are those of fixtures/.
"""

from pathlib import Path
from random import Random
from typing import Any

from attrs import fields

from iso_alert.iso.answering import reply
from iso_alert.iso.codec import Codec
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.payment import transaction
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import read
from iso_alert.sim.fixture import read_fixtures

FIXTURES = Path(__file__).parents[1] / "fixtures" / "iso8583"
ARRIVED = 1_795_421_703.0  # seconds since 1970
LIKELY = b"0123456789 +-_ABCDEFabcdef=\x00\x01\x10\x99\xa0\xf0\xff"  # what lengths, digits and pads are made of


def compare(ours: Codec, judge: Codec, mutants: int, seed: int) -> dict[str, Any]:
    """How many mutants of the profile's fixtures were refused, were usual messages, and told differently by the two."""
    profile, dice = ours.dialect.profile.name, Random(seed)
    frames = [each.frame() for each in read_fixtures([FIXTURES]) if each.profile == profile and not each.lost]
    for frame in frames:
        ours.decode(frame)  # from now on there is a plan
    counts = {"mutants": mutants, "refused": 0, "usual": 0, "different": 0}
    for _ in range(mutants):
        frame = mutant(dice.choice(frames), dice)
        said, due = told(ours, frame), told(judge, frame)
        short = shortly(ours, frame)
        counts["refused"] += due[0] is not None
        counts["usual"] += short is not None
        counts["different"] += said != due or (short is not None and short != at_length(judge, frame))
    return counts


def mutant(frame: bytes, dice: Random) -> bytes:
    """The frame with one to three changes."""
    wire = bytearray(frame)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        _change(wire, dice.randrange(len(wire) + 1), dice)
    return bytes(wire)


def _change(wire: bytearray, at: int, dice: Random) -> None:
    match dice.choice(("put",) * 6 + ("flip", "flip", "cut", "insert", "end")):
        case "put":
            wire[at : at + 1] = bytes((dice.choice(LIKELY),))
        case "flip" if at < len(wire):
            wire[at] ^= 1 << dice.randrange(8)
        case "cut":
            del wire[at : at + dice.randrange(1, 4)]
        case "insert":
            wire[at:at] = dice.randbytes(dice.randrange(1, 4))
        case "end":
            del wire[at:]


def told(codec: Codec, frame: bytes) -> tuple[Any, ...]:
    """All that a result says, seals broken, and what would be answered; the fault first."""
    result = codec.decode(frame)
    message = result.partial if isinstance(result, Unreadable) else result
    fault = (result.fault, result.field, result.position) if isinstance(result, Unreadable) else None
    said = [getattr(message, each.name) for each in fields(Message) if each.name not in ("pan", "back")]
    return fault, said, message.pan and message.pan.open(), reply(codec, result, Said.RECORDED)


def shortly(codec: Codec, frame: bytes) -> tuple[Any, ...] | None:
    """What is made of a usual message the short way, with both answers; None for any other."""
    if (usual := codec.usual(frame)) is None:
        return None
    of, fields, back = usual
    before, after = back.open()
    answers = [before + codec.codes(said)[of[0][1]] + after for said in (Said.RECORDED, Said.NOT_RECORDED)]
    return transaction(of, fields, codec.dialect, ARRIVED), answers


def at_length(codec: Codec, frame: bytes) -> tuple[Any, ...]:
    """The same, by way of a message; of a frame that cannot be read, its fault."""
    result = codec.decode(frame)
    if isinstance(result, Unreadable):
        return (result.fault,)
    answers = [reply(codec, result, said) for said in (Said.RECORDED, Said.NOT_RECORDED)]
    return read(result, codec.dialect, ARRIVED), answers
