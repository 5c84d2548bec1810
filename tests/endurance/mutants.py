"""Good frames, broken at random: bits turned, ends cut off, pieces doubled, lengths changed, two messages spliced."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import iso8583

from iso_alert.iso.codec import Codec
from iso_alert.sim.cards import test_pan
from iso_alert.sim.fixture import Fixture, read_fixtures

FIXTURES = Path(__file__).parents[2] / "fixtures" / "iso8583"
CARDS = 100  # for each fixture
MOST = 4096  # bytes of a frame that a link takes
Change = Callable[[bytearray, int, Random], None]  # a frame, a place in it, the dice


def good_frames(codec: Codec) -> Sequence[bytes]:
    """What a profile's fixtures hold, without their lengths, each for many cards: thousands of messages of one card are
    another kind of attack.
    """
    profile = codec.dialect.profile
    found = [one.frame() for one in _fixtures() if one.profile == profile.name and not one.lost]
    whole = [frame for frame in found if frame]  # a keep-alive cannot be broken
    serials = count(crc32(profile.name.encode()) % 1_000_000)
    return [_for_card(frame, next(serials), profile.spec.rows) for _ in range(CARDS) for frame in whole]


def _for_card(frame: bytes, serial: int, rows: Any) -> bytes:
    """The same message, of another card and with another STAN; what is broken already is left as it is."""
    try:
        fields, _ = iso8583.decode(frame, rows)
        fields |= {key: write(fields[key], serial) for key, write in _OF_A_CARD.items() if key in fields}
        return bytes(iso8583.encode(fields, rows)[0])
    except (iso8583.DecodeError, iso8583.EncodeError, KeyError, StopIteration):  # KeyError: bit 65
        return frame


def _track(track: str, serial: int) -> str:
    pan = track.replace("D", "=").partition("=")[0]
    return test_pan(serial, len(pan)) + track[len(pan) :]


_OF_A_CARD: Mapping[str, Callable[[str, int], str]] = {
    "2": lambda pan, serial: test_pan(serial, len(pan)),
    "11": lambda _, serial: f"{serial % 1_000_000:06d}",
    "35": _track,
}


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
