"""Framing under any cut, in any preset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.iso.framing import PRESETS, FrameDecoder, Framing, LostFraming

presets = st.sampled_from(sorted(PRESETS.values(), key=lambda framing: framing.name))
bodies = st.lists(st.binary(max_size=300), max_size=8)


def cut(framing: Framing, pieces: list[bytes]) -> list[bytes]:
    decoder = FrameDecoder(framing)
    frames: list[bytes] = []
    for piece in pieces:
        decoder.receive(piece)
        frames += decoder.frames()
    return frames


@given(presets, bodies, st.lists(st.integers(0, 3000)))
def test_any_cut(framing: Framing, messages: list[bytes], cuts: list[int]) -> None:
    """However the stream is cut, the frames are the messages, keep-alives among them."""
    stream = b"".join(map(framing.wrap, messages))
    edges = [0, *sorted(at for at in cuts if at < len(stream)), len(stream)]
    pieces = [stream[a:b] for a, b in zip(edges, edges[1:], strict=False)]  # noqa: RUF007

    assert cut(framing, pieces) == messages


@given(presets, st.binary(max_size=200))
def test_any_bytes(framing: Framing, noise: bytes) -> None:
    """Noise is frames, a partial frame or LostFraming; nothing else comes out."""
    decoder = FrameDecoder(framing)
    decoder.receive(noise)
    try:
        total = sum(framing.head + len(frame) for frame in decoder.frames())
    except LostFraming as lost:
        assert framing.name in str(lost)
    else:
        assert total + decoder.waiting == len(noise)


@pytest.mark.parametrize(
    ("preset", "head"),
    [
        ("binary2", "00C8"),
        ("binary2-inclusive", "00CA"),
        ("binary4", "000000C8"),
        ("ascii4", "30323030"),
        ("hex4", "30304338"),
        ("bcd2", "0200"),
        ("binary2-zero2", "00C80000"),
    ],
)
def test_what_stands_before_a_message(preset: str, head: str) -> None:
    """The length of a message of 200 bytes, in every preset."""
    framed = PRESETS[preset].wrap(bytes(200))

    assert framed[:-200].hex().upper() == head


@pytest.mark.parametrize("head", [b"+214", b" 214", b"2_14", b"0x1F", b"-001"])
def test_lengths_that_int_would_take(head: bytes) -> None:
    """Python's int() is kinder than a length may be."""
    with pytest.raises(LostFraming):
        cut(PRESETS["ascii4"], [head + bytes(300)])
    with pytest.raises(LostFraming):
        cut(PRESETS["hex4"], [head + bytes(300)])


def test_no_keep_alive_where_there_is_none() -> None:
    """A framing without keep-alives is lost at a length of zero."""
    with pytest.raises(LostFraming):
        cut(Framing("strict", keep_alive=False), [b"\x00\x00"])


def test_frames_before_the_fault_come_out() -> None:
    """What was whole before the stream was lost is not lost with it."""
    decoder = FrameDecoder(PRESETS["binary2"])
    decoder.receive(PRESETS["binary2"].wrap(b"whole") + b"\xff\xff")

    assert decoder.next_frame() == b"whole"
    with pytest.raises(LostFraming):
        decoder.next_frame()


def test_a_card_number_in_the_stream_is_not_shown() -> None:
    """Only the length's own bytes are in the words."""
    with pytest.raises(LostFraming) as lost:
        cut(PRESETS["bcd2"], [b"\xaa\xaa\x41\x11\x11\x11\x11\x11\x11\x11"])

    assert "11 11" not in str(lost.value)


def test_what_waits() -> None:
    """A link can see that a frame has begun, and give it only so long."""
    decoder = FrameDecoder(PRESETS["binary2"])
    decoder.receive(b"\x00\x05ab")

    assert (decoder.next_frame(), decoder.waiting) == (None, 4)
