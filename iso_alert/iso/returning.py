"""What of a request goes back with its answer, and how it is cut out of the frame while the frame is read.

An answer is mostly the request itself: the same STAN, the same terminal, the same card number where the host wants it.
So a plan (see `plan`) cuts the echoed bytes as they stand, with their lengths and pads, and puts another MTI, another
bitmap and DE39 to them; nothing is taken apart and encoded again.  They are the bytes that encoding would make, for a
plan accepts only the one way in which a field may be written.
"""

from collections.abc import Iterable
from functools import lru_cache

from attrs import define, field, frozen

from iso_alert.iso.compiler import one_to_one
from iso_alert.iso.spec import BINARY, Line, Spec

CODE = "39"
_BITS = 64  # of one bitmap
_RESPONSE = {"0": "1", "2": "3"}  # MTI digit 3: a request's response, an advice's; all others are not answered
_BASE = {"1": "0", "3": "2", "5": "4"}  # MTI digit 4: a repeat is answered as the first was
_FILE_ACTION = "30"  # digits 2 and 3 of the MTI
_TPDU = 10  # hex digits: 60, destination 4, source 4


@lru_cache(maxsize=256)  # asked for every message
def response_mti(mti: str) -> str | None:
    """0201 → 0210; None for what is not answered: responses, notifications, no MTI at all."""
    if len(mti) != 4 or mti[2] not in _RESPONSE:
        return None
    return mti[:2] + _RESPONSE[mti[2]] + _BASE.get(mti[3], mti[3])


def names_card(mti: str) -> bool:
    """Whether an answer to this may tell the card number back: not to file actions, which never name it."""
    return mti[1:3] != _FILE_ACTION


def header(received: str, kind: str, length: int) -> str:
    """The header of an answer: a TPDU turned round, what follows it (and any other header) as it came.  All in hex."""
    whole = received.ljust(2 * length, "0")
    if kind == "copied" or length < _TPDU // 2:
        return whole
    return whole[:2] + whole[6:10] + whole[2:6] + whole[_TPDU:]


def bitmaps(keys: Iterable[str]) -> tuple[str, ...]:
    """The bitmap of these fields in hex, and the second one if a field is in it."""
    bits = sum(1 << (2 * _BITS - int(key)) for key in keys if key.isdecimal())
    second = bits % (1 << _BITS) != 0
    digits = f"{bits | second << (2 * _BITS - 1):032X}"
    return (digits[:16], digits[16:]) if second else (digits[:16],)


@frozen
class Echoed:
    """What goes back, whatever is answered."""

    fields: frozenset[str]
    header: str  # what is done with it, as `header` calls that

    @classmethod
    def of(cls, spec: Spec, echo: Iterable[str], kind: str) -> "Echoed | None":
        """None where answers are encoded: DE39 or what stands before it is not simply text or packed digits."""
        code, header = spec.lines[CODE], spec.lines["h"]
        simple = all(_simple(spec.lines[key]) for key in ("t", "p", "1")) and (
            not spec.header_bytes or header.data_enc == BINARY  # `header` turns hex round
        )
        plain = simple and not code.len_type and code.data_enc != BINARY and _simple(code)
        return cls(frozenset(echo) - {CODE}, kind) if plain else None


@define
class Returning:
    """The lines of a plan that cut the answer.  `cut` is told each field's place in the order of the wire."""

    spec: Spec
    mti: str
    echoed: Echoed | None
    _runs: dict[bool, list[list[str]]] = field(factory=lambda: {False: [], True: []})
    _keys: list[str] = field(factory=lambda: [CODE])
    _last: str = ""  # where the last echoed field ended, if nothing has come since

    def cut(self, key: str, start: str, end: str) -> None:
        """A field stands between these places of the frame, which are source."""
        if self.echoed is None or key not in self.echoed.fields or (key == "2" and not names_card(self.mti)):
            return
        runs = self._runs[int(key) > int(CODE)]
        self._keys.append(key)
        if runs and self._last == start:
            runs[-1][1] = end
        else:
            runs.append([start, end])
        self._last = end

    @property
    def cuts(self) -> bool:
        """Whether there is an answer that can be cut."""
        return self._head() is not None

    def lines(self) -> list[str]:
        """`before` and `after`: the answer's bytes on both sides of DE39."""
        if not self.cuts:
            return ["back = None"]
        before = " + ".join([*self._header(), "head", *_slices(self._runs[False])])
        after = " + ".join(_slices(self._runs[True])) or "b''"
        return [f"# the answer, without {CODE}", f"back = ({before}, {after})"]

    def uses(self) -> dict[str, bytes]:
        """What `head` means: MTI and bitmap."""
        head = self._head()
        return {} if head is None else {"head": head}

    def _head(self) -> bytes | None:
        to = response_mti(self.mti)
        if self.echoed is None or to is None:
            return None
        texts = zip(("t", "p", "1"), (to, *bitmaps(self._keys)), strict=False)
        return b"".join(_bytes(text, self.spec.lines[key]) for key, text in texts)

    def _header(self) -> list[str]:
        size = self.spec.header_bytes
        if not size or self.echoed is None:
            return []
        if self.echoed.header == "copied" or size < _TPDU // 2:
            return [f"frame[:{size}]"]
        return ["frame[:1]", "frame[3:5]", "frame[1:3]"] + ([f"frame[5:{size}]"] if size > _TPDU // 2 else [])


def _slices(runs: Iterable[Iterable[str]]) -> list[str]:
    return [f"frame[{':'.join(run)}]" for run in runs]


def _simple(line: Line) -> bool:
    return line.data_enc in (BINARY, "ascii") or one_to_one(line.data_enc)


def _bytes(text: str, line: Line) -> bytes:
    return bytes.fromhex(text) if line.data_enc == BINARY else text.encode(line.data_enc)
