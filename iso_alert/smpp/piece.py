"""A received part of a message, and how parts become text again.

Octets are joined before they are decoded: a foreign sender may have cut through a surrogate pair or an escape pair.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from . import alphabet
from .fields import Tag
from .text import Gsm

UDH_INDICATOR = 0x40
_CONCATENATION = {0x00: 1, 0x08: 2}  # information element -> octets of its reference


@frozen
class Piece:
    """One part as it came. `reference` is None for a message that stands alone."""

    data_coding: int
    octets: bytes
    reference: int | None = None
    number: int = 1
    total: int = 1


def piece(fields: Mapping[str, Any], tlvs: Mapping[int, bytes]) -> Piece:
    """The part in a submit_sm, deliver_sm or data_sm. What looks like a header but is none stays text."""
    coding = fields["data_coding"]
    octets = tlvs.get(Tag.MESSAGE_PAYLOAD) or fields.get("short_message", b"")
    header = b""
    if fields["esm_class"] & UDH_INDICATOR and octets and octets[0] < len(octets):
        header, octets = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
    reference, number, total = _concatenation(header) or _sar(tlvs) or (None, 1, 1)
    return Piece(coding, octets, reference, number, total)


def _concatenation(header: bytes) -> tuple[int, int, int] | None:
    while len(header) >= 2:
        element, size = header[0], header[1]
        value, header = header[2 : 2 + size], header[2 + size :]
        width = _CONCATENATION.get(element)
        if width and len(value) == size == width + 2 and 1 <= value[-1] <= value[-2]:
            return int.from_bytes(value[:width], "big"), value[-1], value[-2]
    return None


def _sar(tlvs: Mapping[int, bytes]) -> tuple[int, int, int] | None:
    number = int.from_bytes(tlvs.get(Tag.SAR_SEGMENT_SEQNUM, b""), "big")
    total = int.from_bytes(tlvs.get(Tag.SAR_TOTAL_SEGMENTS, b""), "big")
    if Tag.SAR_MSG_REF_NUM not in tlvs or not 1 <= number <= total <= 0xFF:
        return None
    return int.from_bytes(tlvs[Tag.SAR_MSG_REF_NUM], "big"), number, total


# data_coding -> codec (5.2.19); what stands in neither table reads as hex.
_CODECS = {0: "gsm", 1: "ascii", 3: "latin-1", 6: "iso8859-5", 7: "iso8859-8", 8: "utf-16-be"}
_GENERAL = {0x00: "gsm", 0x08: "utf-16-be"}  # GSM 03.38, section 4: bits 3 and 2 of the groups 00xx


def codec(data_coding: int) -> str:
    """What the octets are: `gsm`, `binary`, or the name of a Python codec."""
    if data_coding < 0x10:
        return _CODECS.get(data_coding, "binary")
    if data_coding & 0xC0 == 0x00:
        return _GENERAL.get(data_coding & 0x0C, "binary")
    return "gsm" if data_coding & 0xF4 == 0xF0 else "binary"  # a message class: bit 2 tells octets from septets


def decode(octets: bytes, data_coding: int, gsm: Gsm = "gsm0338") -> str:
    """The text, whatever the octets are; binary reads as hex. `gsm` is what this route means by data_coding 0."""
    name = codec(data_coding)
    if name == "binary":
        return octets.hex()
    if name == "gsm" and gsm == "gsm0338":
        return alphabet.decode(octets)
    return octets.decode({"ascii": "ascii", "latin1": "latin-1"}[gsm] if name == "gsm" else name, "replace")


def joined(pieces: Iterable[Piece], gsm: Gsm = "gsm0338") -> str:
    """The text of all parts of one message, in whatever order they came."""
    ordered = sorted(pieces, key=lambda each: each.number)
    return decode(b"".join(each.octets for each in ordered), ordered[0].data_coding, gsm)
