"""Cut an SMPP byte stream into PDUs. Bytes in, frames out; no I/O."""

from collections.abc import Iterator

from attrs import define, field

from .pdu import HEADER, Frame

HEADER_SIZE = HEADER.size


class FramingError(Exception):
    """This stream can no longer be cut: the peer spoke nonsense. The remedy is to hang up."""


@define
class Wire:
    """The receiving half of a connection.

    Frames before a false length are still handed out; the error comes after them, and again on every later call.
    """

    # A whole message_payload (64 KiB) fits; more than that is a length nobody meant.
    max_length: int = 0x11000
    _rest: bytearray = field(factory=bytearray, init=False)
    _needed: int = field(default=HEADER_SIZE, init=False)

    def frames(self, data: bytes) -> Iterator[Frame]:
        """The PDUs that `data` completes. Take them all before the next call."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:  # a PDU that drips in is joined once, not once per drip
                return
            data = bytes(self._rest)
            self._rest.clear()
        at, end, unpack = 0, len(data), HEADER.unpack_from
        self._needed = HEADER_SIZE
        while end - at >= HEADER_SIZE:
            length, command, status, sequence = unpack(data, at)
            if not HEADER_SIZE <= length <= self.max_length:
                self._rest += data[at:]
                raise FramingError(f"a PDU of {length} octets")
            if end - at < length:
                self._needed = length
                break
            yield command, status, sequence, data[at + HEADER_SIZE : at + length]
            at += length
        self._rest += data[at:]
