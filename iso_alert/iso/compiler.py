"""From source text to a function, and the facts about encodings that both kinds of generated source rely on.

What is compiled here was written by `unpacking` or `packing` out of a field table; names of encodings and pads go in as
quoted literals, and nothing of a message ever does.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from attrs import field, frozen

from iso_alert.iso.spec import BCD, BINARY

LONGEST = 4096  # lengths that a table knows; what is longer is left to the library
_BYTES = bytes(range(256))


@frozen
class Source:
    """A function as text: readable, and all that its author wanted to say."""

    name: str
    text: str
    uses: Mapping[str, Any] = field(factory=dict, repr=False)  # what its global names mean

    def function(self) -> Callable[..., Any]:
        """The function itself."""
        namespace = dict(self.uses)
        exec(compile(self.text, f"<{self.name}>", "exec"), namespace)
        made: Callable[..., Any] = namespace[self.name]
        return made


def written(name: str, arguments: str, says: str, body: Iterable[str]) -> str:
    """A function's text from the lines of its body."""
    return "\n".join((f"def {name}({arguments}):", f'    """{says}"""', *(f"    {line}" for line in body), ""))


@lru_cache(maxsize=64)
def one_to_one(encoding: str) -> bool:
    """Whether each byte is a character and each character a byte: such a text can be cut where its bytes would be."""
    try:
        each = "".join(bytes((byte,)).decode(encoding) for byte in _BYTES)
        return len(each) == 256 and _BYTES.decode(encoding) == each and each.encode(encoding) == _BYTES
    except (LookupError, UnicodeError):
        return False


@lru_cache(maxsize=64)
def lengths(encoding: str, size: int, most: int) -> dict[bytes, int]:
    """Each length that a field may announce, by the bytes that say so: what is not in it is an anomaly.

    One look finds a letter, a sign, a blank, a length beyond the maximum and the end of the frame.
    """
    most = min(most, LONGEST, capacity(encoding, size))
    return {_length(encoding, size, number): number for number in range(most + 1)}


def capacity(encoding: str, size: int) -> int:
    """The greatest length that so many bytes can say."""
    per_byte = {BINARY: 256, BCD: 100}.get(encoding, 10)
    return int(per_byte**size) - 1


def _length(encoding: str, size: int, number: int) -> bytes:
    if encoding == BINARY:
        return number.to_bytes(size, "big")
    if encoding == BCD:
        return bytes.fromhex(f"{number:0{2 * size}d}")
    return f"{number:0{size}d}".encode(encoding)
