"""Every PDU in `fixtures/pdus/` reads as it is written there, however it arrives."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.smpp.command import Command, command_name
from iso_alert.smpp.fields import BODY, Kind
from iso_alert.smpp.pdu import HEADER, Frame, Pdu, Unreadable, read, write, write_body
from iso_alert.smpp.wire import FramingError, Wire

from .play import octets

FILES = sorted((Path(__file__).parents[2] / "fixtures" / "pdus").glob("*.toml"))
ENQUIRE_LINK = octets("00 00 00 10  00 00 00 15  00 00 00 00  00 00 00 63")


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return tomllib.loads(request.param.read_text("utf-8"))


def frame(data: bytes) -> Frame:
    (only,) = Wire().frames(data)
    return only


def test_reads_as_written(case: dict[str, Any]) -> None:
    """Fields, parameters and faults are those of the file; what the file leaves out is blank."""
    try:
        pdu = read(frame(octets(case["hex"])))
    except Unreadable as fault:
        assert str(fault) == case["unreadable"]
        return
    seen = {name: value.hex() if isinstance(value, bytes) else value for name, value in pdu.fields.items() if value}
    tlvs = {f"{tag:04x}": value.hex() for tag, value in pdu.tlvs.items()}

    assert (command_name(pdu.command), pdu.status, pdu.sequence) == (case["command"], case["status"], case["sequence"])
    assert (seen, tlvs) == (case.get("fields", {}), case.get("tlvs", {}))


def test_writes_back_the_same(case: dict[str, Any]) -> None:
    """What can be read is written back octet by octet, but for what only a lenient reader takes."""
    if "unreadable" in case or "read_only" in case:
        return
    data = octets(case["hex"])

    assert write(read(frame(data))).hex(" ") == data.hex(" ")


def test_octet_by_octet(case: dict[str, Any]) -> None:
    """A PDU that drips in is the same PDU, and not a moment too early."""
    data, wire = octets(case["hex"]), Wire()
    found = [(at, each) for at in range(len(data)) for each in wire.frames(data[at : at + 1])]

    assert found == [(len(data) - 1, frame(data))]


def test_with_another_on_its_tail(case: dict[str, Any]) -> None:
    """The next PDU of the same read is found too."""
    data = octets(case["hex"])

    assert list(Wire().frames(data + ENQUIRE_LINK)) == [frame(data), frame(ENQUIRE_LINK)]


def test_there_are_pdus() -> None:
    """An empty folder would pass unseen."""

    assert len(FILES) >= 20


def test_every_request_has_a_response_in_the_table() -> None:
    """Whatever we can read we can answer, but for the two that have no answer."""
    requests = {command for command in BODY if not command & 0x8000_0000}
    lonely = {command for command in requests if command | 0x8000_0000 not in BODY}

    assert lonely == {Command.OUTBIND, Command.ALERT_NOTIFICATION}


def test_octets_stand_last() -> None:
    """The reader that reads at once relies on it."""
    places = [[each.kind for each in fields].index(Kind.OCTETS) + 1 == len(fields)
              for fields in BODY.values() if any(each.kind is Kind.OCTETS for each in fields)]  # fmt: skip

    assert all(places)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"destination_addr": "6" * 21}, "destination_addr does not fit 21 octets"),
        ({"short_message": b"x" * 255}, "short_message does not fit 254 octets"),
        ({"service_type": "a\0b"}, "service_type does not fit 6 octets"),
        ({"colour": 1}, "submit_sm has no colour"),
    ],
)
def test_our_own_faults(fields: dict[str, Any], fault: str) -> None:
    """What does not fit the table is our mistake, and is never written."""
    with pytest.raises(ValueError, match=fault):
        write_body(Command.SUBMIT_SM, fields)


FRAMES = st.tuples(st.sampled_from(list(BODY)), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF), st.binary())


@given(FRAMES)
def test_any_body_reads_or_is_unreadable(any_frame: Frame) -> None:
    """No octets whatever make the reader raise anything else; a response never is unreadable."""
    try:
        pdu = read(any_frame)
    except Unreadable:
        assert any_frame[0] < 0x8000_0000
    else:
        assert set(pdu.fields) == {each.name for each in BODY[any_frame[0]]}


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_stream_is_cut_or_lost(chunks: list[bytes]) -> None:
    """No octets whatever make the cutter raise anything but FramingError, and then it does so for good."""
    wire, lost = Wire(), False
    for chunk in chunks:
        try:
            list(wire.frames(chunk))
        except FramingError:
            lost = True
        else:
            assert not (lost and chunk)


TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=5)
SUBMITS = st.fixed_dictionaries(
    {
        each.name: {Kind.TEXT: TEXT, Kind.NUMBER: st.integers(0, 0xFF), Kind.OCTETS: st.binary(max_size=254)}[each.kind]
        for each in BODY[Command.SUBMIT_SM]
    }
)


@given(SUBMITS, st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=4))
def test_what_is_written_is_read(fields: dict[str, Any], tlvs: dict[int, bytes]) -> None:
    """Reader and writer read the same table."""
    pdu = Pdu(Command.SUBMIT_SM, 0, 7, fields, tlvs)

    assert read(frame(write(pdu))) == pdu


@given(st.integers(0, 0xFFFF_FFFF))
def test_lengths(length: int) -> None:
    """A length below a header or beyond the largest PDU ends the stream at once; any other is waited for."""
    head = HEADER.pack(length, 4, 0, 1)
    if 16 <= length <= Wire().max_length:
        assert [each[0] for each in Wire().frames(head)] == ([4] if length == 16 else [])
    else:
        with pytest.raises(FramingError, match=f"a PDU of {length} octets"):
            list(Wire().frames(head))
