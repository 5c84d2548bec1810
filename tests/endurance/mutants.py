"""Good frames, broken at random: bits turned, ends cut off, pieces doubled, lengths changed, two messages spliced."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random

from iso_alert.iso.codec import Codec
from iso_alert.sim.fixture import Fixture, read_fixtures

FIXTURES = Path(__file__).parents[2] / "fixtures" / "iso8583"
MOST = 4096  # bytes of a frame that a link takes
Change = Callable[[bytearray, int, Random], None]  # a frame, a place in it, the dice


def good_frames(codec: Codec) -> Sequence[bytes]:
    """What a profile's fixtures hold, without their lengths."""
    profile = codec.dialect.profile.name
    found = [one.frame() for one in _fixtures() if one.profile == profile and not one.lost]
    return [frame for frame in found if frame]  # a keep-alive cannot be broken


@cache
def _fixtures() -> Sequence[Fixture]:
    return read_fixtures([FIXTURES])


def mutant(frames: Sequence[bytes], dice: Random) -> bytes:
    """One of these frames after one to three changes; never empty, never longer than a link takes."""
    wire = bytearray(dice.choice(frames))
    if dice.random() < 0.1:
        other = dice.choice(frames)
        wire[dice.randrange(len(wire)) :] = other[dice.randrange(len(other)) :]
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        change = dice.choices(_CHANGES, _WEIGHTS)[0]
        change(wire, dice.randrange(len(wire)) if wire else 0, dice)
    return bytes(wire[:MOST]) or b"\0"


def _flip(wire: bytearray, at: int, dice: Random) -> None:
    if wire:
        wire[at] ^= 1 << dice.randrange(8)


def _put(wire: bytearray, at: int, dice: Random) -> None:
    wire[at : at + 1] = bytes((dice.choice(_LIKELY),))


def _cut_out(wire: bytearray, at: int, dice: Random) -> None:
    del wire[at : at + dice.randrange(1, 9)]


def _end(wire: bytearray, at: int, _: Random) -> None:
    del wire[at:]


def _double(wire: bytearray, at: int, dice: Random) -> None:
    wire[at:at] = wire[at : at + dice.randrange(1, 60)]


def _again(wire: bytearray, _: int, __: Random) -> None:
    wire += bytes(wire)


def _length(wire: bytearray, at: int, dice: Random) -> None:
    """What may be the length of a field, as digits, says something else."""
    wire[at : at + 2] = b"%02d" % dice.randrange(100)


def _bitmap(wire: bytearray, _: int, dice: Random) -> None:
    """Bits of the bitmaps, which stand near the beginning."""
    if len(wire) > 30:
        wire[dice.randrange(2, 30)] ^= 1 << dice.randrange(8)


_LIKELY = b"0123456789 +-_ABCDEFabcdef=\x00\x01\x10\x99\xa0\xf0\xff"  # what lengths, digits and pads are made of
_TABLE: Mapping[Change, int] = {
    _flip: 6, _put: 6, _cut_out: 2, _end: 2, _double: 2, _again: 1, _length: 3, _bitmap: 3,
}  # fmt: skip
_CHANGES, _WEIGHTS = list(_TABLE), list(_TABLE.values())
