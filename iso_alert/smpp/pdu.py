"""One small reader and one small writer of the table of fields, and the PDU as a value.

Strings are `str` in Latin-1, which keeps any octet as it came; octets stay bytes. The table's limits bind us when we
write. When we read we take what can be told apart: operators' message ids are longer than 65 octets, and nobody is
helped by our refusing them.

A *response* is read as far as it goes and never refused: it settles a request of ours, and there is nothing one could
answer it with.
"""

import re
from collections.abc import Callable, Mapping
from struct import Struct
from struct import error as StructError  # noqa: N812  (struct's own name is no name)
from typing import Any

from attrs import field, frozen

from .command import RESPONSE, Status, command_name
from .fields import BODY, Field, Kind


class Unreadable(Exception):
    """One whole PDU with a body that is not what its header says: the peer's fault, this PDU's only.

    The remedy is a generic_nack with `status`; the session goes on.
    """

    def __init__(self, why: str, status: int = Status.ESME_RINVCMDLEN) -> None:
        super().__init__(why)
        self.status = status


@frozen
class Pdu:
    """One PDU, read. Fields that a response left out are blank."""

    command: int
    status: int
    sequence: int
    fields: Mapping[str, Any] = field(factory=dict)
    tlvs: Mapping[int, bytes] = field(factory=dict)


Frame = tuple[int, int, int, bytes]  # command, status, sequence, body: a plain tuple, since there is one per PDU
HEADER = Struct(">IIII")
_TLV = Struct(">HH")


@frozen
class _Shape:
    """A row of the table as one expression over the body in Latin-1, which the regex engine reads in one go.

    Reading submit_sm field by field takes three times as long. What the expression does not match is read again field
    by field, so as to say which field is at fault.
    """

    match: Callable[[str], re.Match[str] | None]
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    octets: str  # the field with a length of its own, always the last; empty if there is none


_EXPRESSION = {Kind.TEXT: r"([^\0]*+)\0", Kind.NUMBER: "(.)", Kind.OCTETS: ""}
_NUMBER = {chr(number): number for number in range(256)}


def _shape(fields: tuple[Field, ...]) -> _Shape:
    names = {kind: [each.name for each in fields if each.kind is kind] for kind in Kind}
    return _Shape(
        re.compile("".join(_EXPRESSION[each.kind] for each in fields), re.DOTALL).match,
        tuple(each.name for each in fields if each.kind is not Kind.OCTETS),
        tuple(names[Kind.NUMBER]),
        "".join(names[Kind.OCTETS]),
    )


_BLANK = {Kind.TEXT: "", Kind.NUMBER: 0, Kind.OCTETS: b""}
_SHAPES = {command: _shape(fields) for command, fields in BODY.items()}
_BLANKS = {command: {each.name: _BLANK[each.kind] for each in fields} for command, fields in BODY.items()}


def read(frame: Frame) -> Pdu:
    """The PDU in one frame; `Unreadable` if it is a request that cannot be read to its end."""
    command, status, sequence, body = frame
    if command not in BODY:
        raise Unreadable(f"unknown command {command_name(command)}", Status.ESME_RINVCMDID)
    fields: dict[str, Any] = {}
    tlvs: dict[int, bytes] = {}
    try:
        end = _read_at_once(_SHAPES[command], body, fields) or _read_by_field(BODY[command], body, fields)
        if end < len(body):
            _read_tlvs(body, end, tlvs)
    except Unreadable as fault:
        if not command & RESPONSE:
            raise Unreadable(f"{command_name(command)}, {fault}", fault.status) from None
        fields = _BLANKS[command] | fields
    return Pdu(command, status, sequence, fields, tlvs)


def _read_at_once(shape: _Shape, body: bytes, fields: dict[str, Any]) -> int:
    """Fill `fields` and return where they end, or 0 if the body has another shape."""
    found = shape.match(body.decode("latin-1"))
    if found is None:
        return 0
    end = found.end()
    if shape.octets:
        start = end + 1
        end = start + body[end] if end < len(body) else start
        if end > len(body):
            return 0
        fields[shape.octets] = body[start:end]
    fields.update(zip(shape.names, found.groups(), strict=True))
    for name in shape.numbers:
        fields[name] = _NUMBER[fields[name]]
    return end


def _read_by_field(table: tuple[Field, ...], body: bytes, fields: dict[str, Any]) -> int:
    """The same, a field at a time; what was read before a fault stays in `fields`."""
    at = 0
    for each in table:
        length = _length(each, body, at)
        start = at + 1 if each.kind is Kind.OCTETS else at
        if not 0 <= length <= len(body) - start:
            raise Unreadable(f"ends within {each.name}")
        fields[each.name] = _value(each.kind, body[start : start + length])
        at = start + length + (each.kind is Kind.TEXT)
    return at


def _length(each: Field, body: bytes, at: int) -> int:
    """Octets of the value itself; negative if its end is missing."""
    if each.kind is Kind.TEXT:
        return body.find(0, at) - at
    return each.limit if each.kind is Kind.NUMBER else int.from_bytes(body[at : at + 1], "big")


def _value(kind: Kind, octets: bytes) -> Any:
    if kind is Kind.TEXT:
        return octets.decode("latin-1")
    return int.from_bytes(octets, "big") if kind is Kind.NUMBER else octets


def _read_tlvs(body: bytes, at: int, tlvs: dict[int, bytes]) -> None:
    while at < len(body):
        try:
            tag, length = _TLV.unpack_from(body, at)
        except StructError:
            raise Unreadable("ends within an optional parameter's head", Status.ESME_RINVOPTPARSTREAM) from None
        end = at + 4 + length
        if end > len(body):
            raise Unreadable(f"ends within optional parameter {tag:04x}", Status.ESME_RINVOPTPARSTREAM)
        tlvs[tag] = body[at + 4 : end]
        at = end


def message_id(body: bytes) -> str:
    """The id in a submit_sm_resp's body, also where the closing zero, or the body, is missing."""
    return body.partition(b"\0")[0].decode("latin-1")


def write(pdu: Pdu) -> bytes:
    """The octets of a PDU; ValueError for what does not fit the table (that is our own fault)."""
    return write_frame(pdu.command, pdu.status, pdu.sequence, write_body(pdu.command, pdu.fields, pdu.tlvs))


def write_frame(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def write_body(command: int, fields: Mapping[str, Any], tlvs: Mapping[int, bytes] | None = None) -> bytes:
    """Fields that are not given are written blank."""
    blanks = _BLANKS[command]
    if strangers := set(fields) - set(blanks):
        raise ValueError(f"{command_name(command)} has no {', '.join(sorted(strangers))}")
    body = b"".join(_write_field(each, fields.get(each.name, blanks[each.name])) for each in BODY[command])
    return body + write_tlvs(tlvs) if tlvs else body


def _write_field(each: Field, value: Any) -> bytes:
    if each.kind is Kind.NUMBER:
        return int(value).to_bytes(each.limit, "big")
    octets = value.encode("latin-1") + b"\0" if each.kind is Kind.TEXT else bytes(value)
    if len(octets) > each.limit or (each.kind is Kind.TEXT and 0 in octets[:-1]):
        raise ValueError(f"{each.name} does not fit {each.limit} octets")
    return octets if each.kind is Kind.TEXT else bytes((len(octets),)) + octets


def write_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    return b"".join(_TLV.pack(tag, len(value)) + value for tag, value in tlvs.items())
