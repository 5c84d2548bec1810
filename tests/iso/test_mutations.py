"""Any mutated frame is read or refused, and answered or not; nothing is ever raised."""

import iso8583
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_alert.domain.transaction import Transaction
from iso_alert.iso.answering import reply, said_to
from iso_alert.iso.codec import Codec
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import read
from tests.fixtures import WHOLE
from tests.iso.messages import ARRIVED, PROFILES, codec, purchase

FRAMES = {
    profile: [fixture.frame() for fixture in WHOLE if fixture.profile == profile]
    or [codec(profile).encode(purchase(profile))]
    for profile in PROFILES
}
CODECS = {profile: codec(profile) for profile in PROFILES}
edits = st.lists(st.tuples(st.integers(0, 400), st.one_of(st.none(), st.binary(max_size=3))), max_size=4)


def mutate(frame: bytes, changes: list[tuple[int, bytes | None]]) -> bytes:
    """Cut a frame off at places (None), or put bytes over what stands there."""
    wire = bytearray(frame)
    for at, put in changes:
        at %= len(wire) + 1
        wire[at:] = b"" if put is None else put + bytes(wire[at + len(put) :])
    return bytes(wire)


def deal_with(speaker: Codec, frame: bytes) -> Message | Unreadable:
    """All that a link does with a frame, but the journal."""
    decoded = speaker.decode(frame)
    said: Said | None = Said.FORMAT_ERROR
    if isinstance(decoded, Message):
        reading = read(decoded, speaker.dialect, ARRIVED)
        said = said_to(reading)
        assert not isinstance(reading, Transaction) or -(2**63) <= reading.key < 2**63
    if said:
        reply(speaker, decoded, said)
    return decoded


@pytest.mark.parametrize("profile", PROFILES)
@given(st.data(), edits)
@settings(max_examples=150)
def test_mutated(profile: str, data: st.DataObject, changes: list[tuple[int, bytes | None]]) -> None:
    """A frame of the profile with a few bytes changed or cut off."""
    frame = data.draw(st.sampled_from(FRAMES[profile]))
    deal_with(CODECS[profile], mutate(frame, changes))


@pytest.mark.parametrize("profile", PROFILES)
@given(st.binary(max_size=120))
def test_noise(profile: str, noise: bytes) -> None:
    """Bytes that were never a message."""
    deal_with(CODECS[profile], noise)


@pytest.mark.parametrize("profile", PROFILES)
@given(st.data(), edits)
@settings(max_examples=100)
def test_what_pyiso8583_refuses_we_refuse(
    profile: str, data: st.DataObject, changes: list[tuple[int, bytes | None]]
) -> None:
    """We are stricter than the library and never kinder; its field and position are ours, or a fault comes before."""
    frame = mutate(data.draw(st.sampled_from(FRAMES[profile])), changes)
    ours = CODECS[profile].decode(frame)
    try:
        iso8583.decode(frame, CODECS[profile].dialect.profile.spec.rows)
    except iso8583.DecodeError as theirs:
        assert isinstance(ours, Unreadable)
        assert ours.position <= theirs.pos


@given(st.dictionaries(st.sampled_from(["3", "4", "11", "37", "41", "42", "90"]), st.text("0123456789", max_size=45)))
def test_what_is_written_is_read(fields: dict[str, str]) -> None:
    """What the codec writes, it reads."""
    speaker, widths = CODECS["iso87-ascii"], {"3": 6, "4": 12, "11": 6, "37": 12, "41": 8, "42": 15, "90": 42}
    wanted = {key: value[: widths[key]].rjust(widths[key], "0") for key, value in fields.items()}
    message = speaker.decode(speaker.encode({"t": "0200", **wanted}))

    assert isinstance(message, Message)
    assert dict(message.fields) == wanted
