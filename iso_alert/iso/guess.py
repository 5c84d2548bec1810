"""Which framing is this?  For captures that people paste: with a length before the message, or without any."""

from collections.abc import Iterator

from attrs import evolve, frozen

from iso_alert.iso.codec import Codec
from iso_alert.iso.framing import PRESETS, FrameDecoder, Framing, LostFraming
from iso_alert.iso.message import Message, Unreadable

BARE = "none"  # the message alone, as most tools print it


@frozen
class Guess:
    """One way to see the bytes."""

    framing: str  # a preset, or BARE
    frame: bytes
    result: Message | Unreadable
    rest: int = 0  # bytes after the first frame

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Decoded is better than not, all bytes used better than some, a late fault better than an early one."""
        decoded = isinstance(self.result, Message)
        return decoded, not self.rest, 0 if isinstance(self.result, Message) else self.result.position


def best(data: bytes, codec: Codec, framing: str | None = None) -> Guess | None:
    """The likeliest way; None if the framing was given and the bytes are no frame of it."""
    return max(ways(data, codec, framing), key=lambda guess: guess.rank, default=None)


def ways(data: bytes, codec: Codec, framing: str | None = None) -> Iterator[Guess]:
    """Every way that gives a frame, the link's own framing first: of equals, `max` takes the first."""
    own = codec.dialect.framing
    presets = [own, *(each for each in PRESETS.values() if each.name != own.name)]
    if framing in (None, BARE):
        yield Guess(BARE, data, codec.decode(data))
    for preset in presets:
        if framing in (None, preset.name) and (found := _first(data, preset)) is not None:
            yield Guess(preset.name, found[0], codec.decode(found[0]), found[1])


def _first(data: bytes, framing: Framing) -> tuple[bytes, int] | None:
    decoder = FrameDecoder(evolve(framing, keep_alive=False))
    decoder.receive(data)
    try:
        frame = decoder.next_frame()
    except LostFraming:
        return None
    return (frame, decoder.waiting) if frame else None
