"""Where the fields of one bitmap stand in a frame, as far as the bitmap tells.

Between two fields of variable length every place is known: that is a `Stretch`, its places counted from its own first
byte.  A field is cut from a `View`: the whole frame in a form in which a field is a slice.
"""

from collections.abc import Iterable, Iterator

from attrs import frozen

from iso_alert.iso.compiler import one_to_one
from iso_alert.iso.spec import BINARY, Line, Spec

BITMAPS = ("p", "1")
KNOWN = ("t", *BITMAPS)  # what a plan is found by


@frozen
class View:
    """The whole frame in another form, or as it came where that form could not be cut."""

    name: str = "frame"
    opened: str = ""  # the source that makes it
    per_byte: int = 1  # characters
    then: str = ""  # what is still to be done with a slice of it

    @classmethod
    def of(cls, line: Line) -> "View":
        """The view that fields with such a line are cut from."""
        if line.data_enc == BINARY:
            return cls("packed", "frame.hex().upper()", per_byte=2)
        if one_to_one(line.data_enc):
            name = "".join(each if each.isalnum() else "_" for each in line.data_enc)
            return cls(name, f"frame.decode({line.data_enc!r})")
        return cls(then=f".decode({line.data_enc!r})")


@frozen
class Slot:
    """A field in its stretch."""

    key: str
    line: Line
    at: int  # bytes from the stretch's first
    view: View

    @property
    def size(self) -> int:
        """Bytes of a field of fixed length; those of MTI and bitmaps pyiso8583 knows by heart."""
        if self.key == "t":
            return 2 if self.line.data_enc == BINARY else 4
        if self.key in BITMAPS:
            return 8 if self.line.data_enc == BINARY else 16
        return (self.line.max_len + 1) // 2 if self.nibbles else self.line.max_len

    @property
    def varies(self) -> bool:
        return bool(self.line.len_type) and self.key not in KNOWN

    @property
    def nibbles(self) -> bool:
        return self.line.len_count == "nibbles" and self.key != "t"

    @property
    def pad(self) -> tuple[str, str]:
        """What stands before and after an odd number of nibbles; pyiso8583 tries the left one first."""
        left = self.line.left_pad[:1]
        return left, "" if left else self.line.right_pad[:1]


@frozen
class Stretch:
    """Fields of fixed length in a row, and the one of variable length that ends it."""

    origin: str  # the variable that holds where it begins; "" is the frame's first byte
    fixed: tuple[Slot, ...]
    last: Slot | None
    size: int  # bytes of the fixed ones


def stretches(spec: Spec, keys: Iterable[str]) -> Iterator[Stretch]:
    """The fields of a frame (h, t, p, 1, 2 ... as pyiso8583 lists them) as stretches; the last one has no `last`."""
    origin, at, fixed = "", 0, list[Slot]()
    for key in keys:
        slot = Slot(key, spec.lines[key], at, View.of(spec.lines[key]))
        if slot.varies:
            yield Stretch(origin, tuple(fixed), slot, at)
            origin, at, fixed = f"end{key}", 0, []
        else:
            fixed.append(slot)
            at += slot.size
    yield Stretch(origin, tuple(fixed), None, at)


@frozen
class Mark:
    """Which bytes of a frame tell its kind: MTI and bitmaps, raw.  With the same ones come the same fields."""

    start: int = 0
    bitmap: int = 0
    short: int = 0  # where they end, with one bitmap and with two
    long: int = 0
    second: frozenset[bytes] = frozenset()  # a bitmap that begins so announces another

    @classmethod
    def of(cls, spec: Spec) -> "Mark":
        """The mark of a field table; an empty one, that fits no frame, after a header of no fixed length."""
        header, mti, first, second = (Slot(key, spec.lines[key], 0, View()) for key in ("h", "t", "p", "1"))
        if header.varies:
            return cls()
        bitmap = header.size + mti.size
        short = bitmap + first.size
        return cls(header.size, bitmap, short, short + second.size, _announcing(first.line))

    def key(self, frame: bytes) -> bytes:
        """The bytes that tell."""
        two = frame[self.bitmap : self.bitmap + 1] in self.second
        return frame[self.start : self.long if two else self.short]

    def fits(self, frame: bytes, fields: Iterable[str]) -> bool:
        """Whether the mark saw in this frame what was found in it."""
        return len(self.key(frame)) == (self.long if "1" in fields else self.short) - self.start > 0


def _announcing(line: Line) -> frozenset[bytes]:
    """The bytes with which a bitmap begins whose first bit is set."""
    if line.data_enc == BINARY:
        return frozenset(bytes((byte,)) for byte in range(128, 256))
    if not (line.data_enc == "ascii" or one_to_one(line.data_enc)):
        return frozenset()
    return frozenset(digit.encode(line.data_enc) for digit in "89ABCDEFabcdef")
