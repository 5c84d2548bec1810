"""Cut a payment host's byte stream into ISO 8583 frames, and wrap what goes back.  Bytes in, frames out; no I/O.

Binary and BCD lengths cannot be told apart from one frame, so how a link announces its lengths is configuration, and a
wrong setting shows here first.  That is why LostFraming says what the first bytes look like.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from attrs import define, field, frozen

_DIGITS, _HEX = b"0123456789", b"0123456789ABCDEFabcdef"


class LostFraming(Exception):
    """This stream can no longer be cut into frames.  The remedy is to hang up; the text is for the log."""


def _only(allowed: bytes, prefix: bytes) -> bytes:
    """The prefix as it is.  `int` alone is too kind: it takes `+214`, ` 214` and `2_14`."""
    if prefix.translate(None, allowed):
        raise ValueError
    return prefix


READ_LENGTH: dict[str, Callable[[bytes], int]] = {
    "binary": lambda prefix: int.from_bytes(prefix, "big"),
    "bcd": lambda prefix: int(_only(_DIGITS, prefix.hex().encode())),
    "ascii": lambda prefix: int(_only(_DIGITS, prefix)),
    "hex": lambda prefix: int(_only(_HEX, prefix), 16),
}
WRITE_LENGTH: dict[str, Callable[[int, int], bytes]] = {
    "binary": lambda length, size: length.to_bytes(size, "big"),
    "bcd": lambda length, size: bytes.fromhex(f"{length:0{2 * size}d}"),
    "ascii": lambda length, size: b"%0*d" % (size, length),
    "hex": lambda length, size: b"%0*X" % (size, length),
}


@frozen
class Framing:
    """How one network announces the length of a message."""

    name: str
    encoding: str = "binary"  # a key of READ_LENGTH
    size: int = 2
    counts_itself: bool = False
    zeros: int = 0  # bytes 00 between the length and the message; no length counts them
    keep_alive: bool = True  # a length of nothing is a sign of life, to be echoed
    max_length: int = 4096

    @property
    def head(self) -> int:
        """How many bytes stand before a message."""
        return self.size + self.zeros

    def length(self, head: bytes) -> int:
        """How long the message after `head` is.  Raises ValueError, with the reason, if `head` is none."""
        try:
            length = READ_LENGTH[self.encoding](head[: self.size]) - self.size * self.counts_itself
        except ValueError:
            raise ValueError(f"no {self.encoding} length") from None
        if not (0 if self.keep_alive else 1) <= length <= self.max_length:
            raise ValueError(f"a length of {length}, allowed are up to {self.max_length}")
        if any(head[self.size :]):
            raise ValueError(f"no {self.zeros} zero bytes after the length")
        return length

    def announce(self, length: int) -> bytes:
        """What stands before a message of this length."""
        return WRITE_LENGTH[self.encoding](length + self.size * self.counts_itself, self.size) + bytes(self.zeros)

    def wrap(self, body: bytes) -> bytes:
        """The frame of a message; of b"", the keep-alive."""
        return self.announce(len(body)) + body


class Heads(dict[int, bytes]):
    """`Framing.announce` of every length, worked out once: looked up, it takes a tenth of the time."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing

    def __missing__(self, length: int) -> bytes:
        head = self[length] = self._framing.announce(length)
        return head


class Lengths(dict[bytes, int]):
    """`Framing.length` of every head, likewise.  Of one length only the usual spelling is remembered."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing

    def __missing__(self, head: bytes) -> int:
        length = self._framing.length(head)
        if head == self._framing.announce(length):
            self[head] = length
        return length


@lru_cache(maxsize=64)  # all connections with a framing share them
def heads(framing: Framing) -> Heads:
    return Heads(framing)


@lru_cache(maxsize=64)
def lengths(framing: Framing) -> Lengths:
    return Lengths(framing)


PRESETS = {
    framing.name: framing
    for framing in (
        Framing("binary2"),
        Framing("binary2-inclusive", counts_itself=True),
        Framing("binary4", size=4),
        Framing("ascii4", "ascii", size=4),
        Framing("hex4", "hex", size=4),
        Framing("bcd2", "bcd"),
        Framing("binary2-zero2", zeros=2),
    )
}


@define
class FrameDecoder:
    """One direction of one link.  `receive` only stores, `cut` and `next_frame` only cut."""

    framing: Framing
    _lengths: Lengths = field(init=False, repr=False)
    _buffer: bytes = field(default=b"", init=False, repr=False)
    _start: int = field(default=0, init=False)  # frames before it are cut

    def __attrs_post_init__(self) -> None:
        self._lengths = lengths(self.framing)

    def receive(self, data: bytes) -> None:
        """Take what was read.  Cut all frames before the next read, or the buffer grows."""
        self._buffer = self._buffer[self._start :] + data
        self._start = 0

    @property
    def waiting(self) -> int:
        """How many bytes are here that no frame has taken: a partial frame, once `next_frame` said None."""
        return len(self._buffer) - self._start

    def next_frame(self) -> bytes | None:
        """The next whole frame, b"" for a keep-alive, None while more bytes are needed.  Raises LostFraming."""
        frames: list[bytes] = []
        self.cut(frames, 1)
        return frames[0] if frames else None

    def cut(self, frames: list[bytes], most: int) -> None:
        """Put whole frames into `frames`, `most` at most.  Raises LostFraming after the last good one."""
        buffer, at, size, head, known = self._buffer, self._start, len(self._buffer), self.framing.head, self._lengths
        while most and (body := at + head) <= size:
            try:
                end = body + known[buffer[at:body]]
            except ValueError as why:
                self._start = at
                raise LostFraming(describe(buffer[at:][:8], self.framing, str(why))) from None
            if end > size:
                break
            frames.append(buffer[body:end])
            at, most = end, most - 1
        self._start = at

    def frames(self) -> Iterator[bytes]:
        """Every whole frame that is here.  Raises LostFraming after the last good one."""
        while (frame := self.next_frame()) is not None:
            yield frame


# What strangers say first; a link that meets them is told so rather than shown a number.
_STRANGERS = (
    (b"\x16\x03", "like TLS; this link is set to plain TCP with"),
    (b"GET ", "like HTTP; this link is set to"),
    (b"POST", "like HTTP; this link is set to"),
    (b"SSH-", "like SSH; this link is set to"),
    (b"\x60\x00", "like a TPDU with no length before it; this link is set to"),
)
_LOOKS = {
    "ascii4": "a 4-digit ASCII length",
    "hex4": "a 4-digit hex length",
    "binary2-zero2": "a 2-byte length and 2 zero bytes",
    "binary4": "a 4-byte binary length",
    "bcd2": "a 2-byte BCD length",
    "binary2": "a 2-byte binary length",
}


def describe(first: bytes, framing: Framing, why: str) -> str:
    """What an operator should look at.  Only the length's own bytes are shown, never the message after them."""
    shown = " ".join(f"{byte:02X}" for byte in first[:4])
    for start, looks in _STRANGERS:
        if first.startswith(start):
            return f"first bytes {shown} look {looks} {framing.name}"
    likely = [name for name in _LOOKS if name != framing.name and _fits(first, PRESETS[name])]
    if likely:
        return f"first bytes {shown} look like {_LOOKS[likely[0]]}; this link is set to {framing.name}"
    return f"first bytes {shown} are {why} ({framing.name})"


def _fits(first: bytes, framing: Framing) -> bool:
    """Whether these bytes could announce a message; the shortest that means anything has 12 bytes."""
    try:
        return len(first) >= framing.head and framing.length(first[: framing.head]) >= 12
    except ValueError:
        return False
