"""Every file of fixtures/iso8583/ comes out as it says: whole, byte by byte, and with a neighbour stuck to its tail."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from attrs import has

from iso_alert.domain.money import Money
from iso_alert.domain.transaction import Transaction
from iso_alert.iso.answering import answer, said_to
from iso_alert.iso.codec import Codec
from iso_alert.iso.framing import FrameDecoder, LostFraming
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import FileAction, Ignored, NetworkManagement, read
from iso_alert.sim.fixture import Fixture
from tests.fixtures import FIXTURES, KEYRING, LOST, READ, REFUSED, WHOLE, each


def cut(fixture: Fixture, pieces: Iterable[bytes]) -> list[bytes]:
    decoder = FrameDecoder(fixture.dialect().framing)
    frames: list[bytes] = []
    for piece in pieces:
        decoder.receive(piece)
        frames += decoder.frames()
    return frames


def decode(fixture: Fixture) -> Message | Unreadable:
    return Codec(fixture.dialect(), KEYRING).decode(fixture.frame())


def test_there_are_fixtures() -> None:
    """An empty folder would pass unseen."""

    assert len(FIXTURES) >= 80


@each(WHOLE)
def test_however_it_arrives(fixture: Fixture) -> None:
    """A frame is the same whole, byte by byte, and before the next one."""
    whole, wire = fixture.frame(), fixture.wire
    alone = cut(fixture, [wire])
    crumbs = cut(fixture, [wire[at : at + 1] for at in range(len(wire))])
    neighbours = cut(fixture, [wire + wire[:7], wire[7:]])

    assert (alone, crumbs, neighbours) == ([whole], [whole], [whole, whole])


@each(LOST)
def test_lost(fixture: Fixture) -> None:
    """What is no frame is said in words that name the setting to look at."""
    with pytest.raises(LostFraming) as lost:
        cut(fixture, [fixture.wire])

    assert str(lost.value) == fixture.lost


@each(READ)
def test_decoded(fixture: Fixture) -> None:
    """What leaves the codec is what the file lists, and no more."""
    message = decode(fixture)

    assert isinstance(message, Message), message
    assert seen(message) == dict(fixture.decoded)


@each(REFUSED)
def test_refused(fixture: Fixture) -> None:
    """A broken frame names its field and position, and keeps what could be decoded."""
    unreadable = decode(fixture)

    assert isinstance(unreadable, Unreadable)
    assert f"field {unreadable.field}, position {unreadable.position}" == fixture.refused
    assert seen(unreadable.partial) == dict(fixture.decoded)


@each(READ)
def test_reading(fixture: Fixture) -> None:
    """What a message means to us is what the file says of it."""
    message = decode(fixture)
    assert isinstance(message, Message)
    reading = read(message, fixture.dialect(), fixture.arrived.timestamp())

    match reading:
        case Transaction():
            assert told(reading, fixture.transaction) == fixture.transaction
        case NetworkManagement():
            assert reading.action.value == fixture.network
        case Ignored():
            assert reading.why.value == fixture.ignored
        case FileAction():
            assert told(reading, fixture.file_action) == fixture.file_action


@each(WHOLE)
def test_answer(fixture: Fixture) -> None:
    """The answer has exactly the fields of the file, or there is none; its frame decodes again."""
    codec = Codec(fixture.dialect(), KEYRING)
    message = codec.decode(fixture.frame())
    if isinstance(message, Unreadable):
        said: Said | None = Said.FORMAT_ERROR
    else:
        said = said_to(read(message, fixture.dialect(), fixture.arrived.timestamp()))
    fields = answer(message, said, fixture.dialect()) if said else None

    assert fields == fixture.answer
    assert fields is None or isinstance(codec.decode(codec.encode(fields)), Message)


def seen(message: Message) -> dict[str, Any]:
    """All that a message shows, as a fixture writes it."""
    more = {"t": message.mti, "h": message.header, "card": message.card and str(message.card)}
    shown = {**more, **message.fields, "dropped": list(message.dropped)}
    return {key: value for key, value in shown.items() if value}


def told(value: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Of a value, what the fixture speaks of, as it writes it."""
    return {name: _told(getattr(value, name), want) for name, want in wanted.items()}


def _told(value: Any, want: Any) -> Any:
    if isinstance(value, Money):
        return f"{value} {value.currency.code}"
    if has(type(value)):
        return told(value, want)
    return getattr(value, "value", value)
