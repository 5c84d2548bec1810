"""Write the function that makes a frame of one set of fields.  See `plan` for why and when.

The bitmap is known.  What stands side by side in one encoding is put together as text and encoded at once; what is
packed two digits to a byte is put together as hex.  The function takes the values in the order of the keys it was
written for; what it does not like it leaves to the library, by None or by an `ANOMALY`.
"""

from binascii import a2b_hex
from collections.abc import Iterable, Iterator
from itertools import groupby

from attrs import frozen

from iso_alert.iso.compiler import Source, capacity, one_to_one, written
from iso_alert.iso.layout import BITMAPS, Slot, View
from iso_alert.iso.returning import bitmaps
from iso_alert.iso.spec import BCD, BINARY, Line, Spec

ANOMALY = ValueError
_HEX = "hex"
_BITS = 64  # of one bitmap
_AND = "\n        and "
_REFUSED = (*BITMAPS, "65")  # the library makes bitmaps by itself, and has its own thoughts on who names one


@frozen
class _Piece:
    """A bit of an f-string, and in which encoding it goes."""

    encoding: str
    text: str


def packing(spec: Spec, keys: Iterable[str]) -> Source | None:
    """The function `*values -> bytes | None` for these fields (h, t, 2 ...); None where the library must do it."""
    keys = tuple(keys)
    order = _wire_order(spec, keys)
    if not set(order) <= {*keys, *BITMAPS} or not all(key in spec.lines and key not in _REFUSED for key in keys):
        return None
    slots = [Slot(key, spec.lines[key], 0, View.of(spec.lines[key])) for key in order]
    if not all(_simple(slot.line) for slot in slots):
        return None
    tests = (test for slot in slots if slot.key not in BITMAPS for test in _tests(slot))
    pieces = [piece for slot in slots for piece in _pieces(slot)]
    body = [*_bitmaps(keys), f"if not ({_AND.join(tests)}):", "    return None", f"return {_joined(pieces)}"]
    arguments = ", ".join(f"field{key}" for key in keys)
    return Source("pack", written("pack", arguments, f"{spec.name}: {', '.join(order)}", body), {"a2b_hex": a2b_hex})


def _wire_order(spec: Spec, keys: Iterable[str]) -> list[str]:
    numbers = sorted(int(key) for key in keys if key.isdecimal())
    header = ["h"] if spec.header_bytes > 0 else []
    second = ["1"] if numbers and numbers[-1] > _BITS else []
    return [*header, "t", "p", *second, *map(str, numbers)]


def _simple(line: Line) -> bool:
    """Whether a value has as many characters as bytes (or nibbles), and can stand in an f-string."""
    packed = line.data_enc == BINARY
    pads = set(line.left_pad[:1] + line.right_pad[:1]) <= set("0123456789ABCDEFabcdef")
    text = line.len_count == "bytes" and _one_to_one(line.data_enc)
    return ((packed and pads) or text) and (line.len_enc in (BINARY, BCD) or _one_to_one(line.len_enc))


def _one_to_one(encoding: str) -> bool:
    return encoding == "ascii" or one_to_one(encoding)


def _bitmaps(keys: Iterable[str]) -> Iterator[str]:
    """The bitmaps in groups of four digits: sixteen in a row could be taken for a card number."""
    for key, each in zip(BITMAPS, bitmaps(keys), strict=False):
        yield f"field{key} = " + " ".join(repr(each[at : at + 4]) for at in range(0, 16, 4))


def _tests(slot: Slot) -> Iterator[str]:
    """What must be true of a value, so that it is as long as it says and fits."""
    line, value = slot.line, f"len(field{slot.key})"
    packed, nibbles = line.data_enc == BINARY, slot.nibbles
    unit = 2 if packed and not nibbles else 1
    if slot.varies:
        yield f"{value} <= {unit * min(line.max_len, capacity(line.len_enc, line.len_type))}"
        if packed and (not nibbles or slot.pad == ("", "")):
            yield f"not {value} & 1"
    else:
        yield f"{value} == {unit * slot.size if not nibbles else line.max_len}"


def _pieces(slot: Slot) -> Iterator[_Piece]:
    line, value = slot.line, f"field{slot.key}"
    if slot.varies:
        yield _length(line, value)
    if line.data_enc != BINARY:
        yield _Piece(line.data_enc, f"{{{value}}}")
        return
    left, right = slot.pad if slot.nibbles else ("", "")
    before, after = (f"{{{pad!r}[:len({value}) & 1]}}" if pad else "" for pad in (left, right))
    yield _Piece(_HEX, f"{before}{{{value}}}{after}")


def _length(line: Line, value: str) -> _Piece:
    counted = f"len({value}) // 2" if line.data_enc == BINARY and line.len_count == "bytes" else f"len({value})"
    if line.len_enc in (BINARY, BCD):
        return _Piece(_HEX, f"{{{counted}:0{2 * line.len_type}{'x' if line.len_enc == BINARY else 'd'}}}")
    same = line.data_enc != BINARY and _digits(line.data_enc) == _digits(line.len_enc)
    return _Piece(line.data_enc if same else line.len_enc, f"{{{counted}:0{line.len_type}d}}")


def _digits(encoding: str) -> bytes:
    return "0123456789".encode(encoding)


def _joined(pieces: Iterable[_Piece]) -> str:
    """The source of the whole frame: a string for each run of one encoding."""
    runs = groupby(pieces, lambda piece: piece.encoding)
    return " + ".join(_encoded(encoding, "".join(piece.text for piece in run)) for encoding, run in runs)


def _encoded(encoding: str, text: str) -> str:
    return f'a2b_hex(f"{text}")' if encoding == _HEX else f'f"{text}".encode({encoding!r})'
