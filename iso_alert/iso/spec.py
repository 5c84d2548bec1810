"""How the fields of a message stand on the wire: a file of specs/ as the mapping that pyiso8583 reads.

A line of the file is a row of pyiso8583's table; `content` is ours.  All of 2 to 128 must be there, because a peer may
set any bit and pyiso8583 answers a bit without a row with KeyError, which loses what was decoded so far.  For bits that
no file can name (129 and up, behind bit 65) the mapping hands out a row that always fails in pyiso8583's own way.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import asdict, field, frozen

from iso_alert import shipped
from iso_alert.iso.tables import BadTable, read_toml, structure

KEYS = ("h", "t", "p", "1", *map(str, range(2, 129)))
BINARY, BCD = "b", "bcd"

# isdecimal, not isdigit: of all latin-1 only 0-9 are decimal, while `²` is a digit too
CONTENT: dict[str, Callable[[str], object]] = {
    "n": lambda value: not value or value.isdecimal(),
    "nb": lambda value: not value.strip() or value.isdecimal(),
    "an": re.compile(r"[0-9A-Za-z ]*").fullmatch,
    "pan": re.compile(r"(?:[0-9]{12,19})?").fullmatch,
}


def _codec(*also: str) -> Callable[[Any, Any, str], None]:
    def known(_: Any, __: Any, name: str) -> None:
        try:
            if name not in also:
                codecs.lookup(name)
        except LookupError:
            raise ValueError(f"no encoding is called {name!r}") from None

    return known


def _one_of_content(_: Any, __: Any, name: str) -> None:
    if name and name not in CONTENT:
        raise ValueError(f"content {name!r} is none of {', '.join(CONTENT)}")


def _not_negative(_: Any, attribute: Any, number: int) -> None:
    if number < 0:
        raise ValueError(f"{attribute.name} is {number}")


@frozen
class Line:
    """One field: pyiso8583's words, and what its content may be."""

    data_enc: str = field(validator=_codec(BINARY))
    len_type: int = field(validator=_not_negative)
    max_len: int = field(validator=_not_negative)
    desc: str
    len_enc: str = field(default="ascii", validator=_codec(BINARY, BCD))
    len_count: Literal["bytes", "nibbles"] = "bytes"
    left_pad: str = ""
    right_pad: str = ""
    content: str = field(default="", validator=_one_of_content)


class _Rows(dict[str, dict[str, Any]]):
    """pyiso8583's mapping; see the module's head for what it says of a bit that has no row."""

    def __missing__(self, key: str) -> dict[str, Any]:
        return {"data_enc": "no such field", "len_enc": "ascii", "len_type": 0, "max_len": 1, "desc": "none"}


@frozen
class Spec:
    """A field table, ready for use."""

    name: str
    lines: Mapping[str, Line] = field(repr=False)
    rows: Mapping[str, Mapping[str, Any]] = field(init=False, repr=False)  # what iso8583.decode takes

    @rows.default
    def _rows(self) -> Mapping[str, Mapping[str, Any]]:
        return _Rows((key, asdict(line)) for key, line in self.lines.items())

    @property
    def header_bytes(self) -> int:
        """How long the fixed header before the MTI is."""
        return self.lines["h"].max_len

    def says(self, key: str) -> str:
        """What a field is called."""
        return self.lines[key].desc if key in self.lines else "no such field"


def read_spec(name: str, *before: Path, replaced: Mapping[str, Any] | None = None) -> Spec:
    """The field table `name`, with a profile's own lines in place of some.  Raises BadTable with every fault."""
    path = shipped.path(f"{name}.toml", *before)
    raw = {**read_toml(path).get("fields", {}), **(replaced or {})}
    faults = [f"{path}: field {key} has no line" for key in KEYS if key not in raw]
    faults += [f"{path}: no field is called {key!r}" for key in raw if key not in KEYS]
    lines: dict[str, Line] = {}
    for key, row in raw.items():
        try:
            lines[key] = structure(row, Line, path)
        except BadTable as bad:
            faults += [fault.replace(f"{path}: ", f"{path}: field {key}: ") for fault in bad.faults]
    if faults:
        raise BadTable(faults)
    return Spec(name, lines)
