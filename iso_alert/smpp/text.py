"""Turn an SMS's text into what `submit_sm` carries: choose the encoding, count, and cut into parts.

Two costs are kept apart. A *unit* is what the radio counts: a GSM septet (two for an escape pair), or a UCS-2 code
unit. The *octets* are what this SMSC wants to see: an SMSC that reads data_coding 0 as Latin-1 sends the same 160
septets on, so the units stay those of GSM 03.38 and only the octets differ.

A cut falls only between *clusters*: a character and what is written over or under it. So no escape pair, no surrogate
pair and no Thai vowel or tone mark is parted from its base. Sara am (U+0E33) is a letter to Unicode, but half of it
sits on the consonant before, so it stays too.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import accumulate
from typing import Literal
from unicodedata import category

from attrs import field, frozen

from .alphabet import SEPTETS
from .fields import Tag

LongMessages = Literal["udh8", "udh16", "sar", "payload"]
Gsm = Literal["gsm0338", "ascii", "latin1"]

SARA_AM = "\u0e33"
ZERO_WIDTH_JOINER = "\u200d"
MARKS = frozenset({"Mn", "Me"})
MOST_PARTS = 255  # one octet counts them


class Encoding(Enum):
    """How a text travels; the value is its data_coding."""

    GSM = 0
    UCS2 = 8


@frozen
class Room:
    """Units that fit: alone, and in a part beside a header of six or seven octets."""

    single: int
    part: int
    part_udh16: int


# 140 octets are 160 septets or 70 units; a header takes 6 octets (7 septets, with its fill bits) or 7 (8 septets).
ROOM: Mapping[Encoding, Room] = {Encoding.GSM: Room(160, 153, 152), Encoding.UCS2: Room(70, 67, 66)}


@frozen
class Part:
    """What one submit_sm carries of a message."""

    data_coding: int
    short_message: bytes
    udh: bool = False  # short_message begins with a user data header
    tlvs: Mapping[int, bytes] = field(factory=dict)
    number: int = 1
    total: int = 1

    @property
    def esm_class(self) -> int:
        return 0x40 if self.udh else 0x00


# What each reading of data_coding 0 can say: never more than the radio can carry, so GSM 03.38 bounds them all.
_OCTETS: Mapping[Gsm, Mapping[str, bytes]] = {
    "gsm0338": SEPTETS,
    "ascii": {char: char.encode() for char in SEPTETS if ord(char) < 0x80},
    "latin1": {char: char.encode("latin-1") for char in SEPTETS if ord(char) < 0x100},
}
# The same as tables that C goes by: a text is looked at for every alert, and not a character at a time.
_WRITTEN = {
    name: str.maketrans({char: of.decode("latin-1") for char, of in each.items()}) for name, each in _OCTETS.items()
}
_SAID = {name: re.compile(f"[{re.escape(''.join(each))}]*").fullmatch for name, each in _OCTETS.items()}
_ESCAPED = re.compile(f"[{re.escape(''.join(char for char, octets in SEPTETS.items() if len(octets) > 1))}]").search
_BEYOND = re.compile("[\U00010000-\U0010ffff]").search  # a surrogate pair in UCS-2


def choose(text: str, gsm: Gsm = "gsm0338") -> Encoding:
    """The cheapest encoding that says the text whole; nothing is ever replaced by a look-alike."""
    return Encoding.GSM if _SAID[gsm](text) else Encoding.UCS2


def units(text: str, encoding: Encoding) -> int:
    """The septets or UCS-2 code units of a text that `choose` gave this encoding."""
    return (_ends(text, encoding) or (0,))[-1]


def part_count(text: str, gsm: Gsm = "gsm0338", long_messages: LongMessages = "udh8") -> int:
    """How many SMS the text is on the radio, whatever the number of PDUs."""
    return len(_cuts(text, choose(text, gsm), long_messages))


def _cuts(text: str, encoding: Encoding, long_messages: LongMessages) -> tuple[str, ...]:
    room, ends = ROOM[encoding], _ends(text, encoding)
    if not ends or ends[-1] <= room.single:
        return (text,)
    return tuple(_filled(text, ends, room.part_udh16 if long_messages == "udh16" else room.part))


def _ends(text: str, encoding: Encoding) -> Sequence[int]:
    """How many units the text takes up to and with each character; hardly any text has one that takes two."""
    gsm = encoding is Encoding.GSM
    if not (_ESCAPED if gsm else _BEYOND)(text):
        return range(1, len(text) + 1)
    return list(accumulate(len(SEPTETS[char]) if gsm else 1 + (char > "\uffff") for char in text))


def _filled(text: str, ends: Sequence[int], room: int) -> Iterator[str]:
    """Fill parts of `room` units; `ends` as `_ends` gives them."""
    start = 0
    while start < len(text):
        before = ends[start - 1] if start else 0
        stop = _gap(text, start, bisect_right(ends, before + room))
        yield text[start:stop]
        start = stop


def _gap(text: str, start: int, furthest: int) -> int:
    """The last gap between clusters up to `furthest`; that itself if one cluster fills the part (nobody writes one)."""
    at = furthest
    while start < at < len(text) and _leans(text[at], text[at - 1]):
        at -= 1
    return at if at > start else furthest


def _leans(char: str, before: str) -> bool:
    """True if `char` is drawn on the character before it."""
    if before == ZERO_WIDTH_JOINER:
        return True
    return char in (SARA_AM, ZERO_WIDTH_JOINER) or category(char) in MARKS


def cut(
    text: str, *, reference: int = 0, long_messages: LongMessages = "udh8", gsm: Gsm = "gsm0338"
) -> tuple[Part, ...]:
    """The parts of a text, in order; `reference` tells one long message to a number from the next (8 or 16 bits of it).

    ValueError if it would take more than 255 parts, or more than one message_payload.
    """
    encoding = choose(text, gsm)
    pieces = [_octets(piece, encoding, gsm) for piece in _cuts(text, encoding, long_messages)]
    if len(pieces) == 1:
        return (Part(encoding.value, pieces[0]),)
    if len(pieces) > MOST_PARTS:
        raise ValueError(f"a text of {len(pieces)} parts")
    if long_messages == "payload":
        return (Part(encoding.value, b"", tlvs={Tag.MESSAGE_PAYLOAD: b"".join(pieces)}),)
    dress = _DRESS[long_messages]
    return tuple(dress(encoding.value, piece, reference, n, len(pieces)) for n, piece in enumerate(pieces, 1))


def _octets(text: str, encoding: Encoding, gsm: Gsm) -> bytes:
    if encoding is Encoding.UCS2:
        return text.encode("utf-16-be", "surrogatepass")  # a lone surrogate is nonsense, but no reason to fall
    return text.translate(_WRITTEN[gsm]).encode("latin-1")


def _udh8(data_coding: int, octets: bytes, reference: int, number: int, total: int) -> Part:
    header = bytes((5, 0x00, 3, reference & 0xFF, total, number))
    return Part(data_coding, header + octets, udh=True, number=number, total=total)


def _udh16(data_coding: int, octets: bytes, reference: int, number: int, total: int) -> Part:
    header = bytes((6, 0x08, 4, reference >> 8 & 0xFF, reference & 0xFF, total, number))
    return Part(data_coding, header + octets, udh=True, number=number, total=total)


def _sar(data_coding: int, octets: bytes, reference: int, number: int, total: int) -> Part:
    tlvs = {
        Tag.SAR_MSG_REF_NUM: (reference & 0xFFFF).to_bytes(2, "big"),
        Tag.SAR_TOTAL_SEGMENTS: bytes((total,)),
        Tag.SAR_SEGMENT_SEQNUM: bytes((number,)),
    }
    return Part(data_coding, octets, tlvs=tlvs, number=number, total=total)


_DRESS = {"udh8": _udh8, "udh16": _udh16, "sar": _sar}
