"""A message encoded once, with holes: filling a hole is some bytes copied, where encoding is forty microseconds.

A field can be a hole if its value always has the same length.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import iso8583
from attrs import frozen

from iso_alert.iso.spec import BINARY, Spec


@frozen
class _Hole:
    key: str
    start: int
    end: int
    encoding: str

    def encode(self, value: str) -> bytes:
        return bytes.fromhex(value) if self.encoding == BINARY else value.encode(self.encoding)


@frozen
class Stencil:
    """One message of one field table.  `fill` does not check: the values are the simulator's own."""

    _wire: bytes
    _holes: tuple[_Hole, ...]

    @classmethod
    def of(cls, spec: Spec, fields: Mapping[str, str], holes: Iterable[str]) -> "Stencil":
        """The message with these fields; a hole that it has no field for is none."""
        wire, encoded = iso8583.encode(dict(fields), spec.rows)
        return cls(bytes(wire), tuple(_find(set(holes), spec, encoded)))

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The frame with these values; a hole without one stays as it was."""
        wire = bytearray(self._wire)
        for hole in self._holes:
            if hole.key in values:
                wire[hole.start : hole.end] = hole.encode(values[hole.key])
        return bytes(wire)


def _find(wanted: set[str], spec: Spec, encoded: Mapping[str, Mapping[str, Any]]) -> Iterable[_Hole]:
    at = 0
    for key, parts in encoded.items():
        start, at = at + len(parts["len"]), at + len(parts["len"]) + len(parts["data"])
        if key in wanted:
            yield _Hole(key, start, at, spec.lines[key].data_enc)
