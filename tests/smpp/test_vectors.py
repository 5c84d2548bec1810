"""PDUs and receipts that other projects hold to be right, read by us. They stand outside of this project."""

import json
from pathlib import Path
from typing import Any

import pytest

from iso_alert.smpp.command import Command, command_name
from iso_alert.smpp.fields import BODY
from iso_alert.smpp.pdu import Frame, Unreadable, read, write
from iso_alert.smpp.receipt import MessageState, read_receipt
from iso_alert.smpp.wire import FramingError, Wire

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="the vectors are not beside the project")

SUBMIT_MULTI = {0x0000_0021, 0x8000_0021}
# Where a source expects an error of a body that we read all the same, and why.
LENIENT = {
    "smpp.pdu-024": "a response is read as far as it goes",
    "smpp.pdu-025": "a response is read as far as it goes",
    "smpp.pdu-021": "an unbind with an octet too many is still an unbind for the session, though not for the reader",
    "smppex-008": "its source reads the header and leaves the body",
    "gosmpp-031": "a response is read as far as it goes",
    "gosmpp-032": "a response is read as far as it goes",
}


def rows(name: str) -> list[dict[str, Any]]:
    file = VECTORS / name
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.is_file() else []


PDUS = [row for row in rows("smpp.jsonl") if row["pdu_hex"]]


def frames(row: dict[str, Any]) -> list[Frame]:
    return list(Wire().frames(bytes.fromhex(row["pdu_hex"])))


def named(row: dict[str, Any]) -> str:
    return str(row["id"])


@pytest.mark.parametrize("row", PDUS, ids=named)
def test_never_anything_but_a_named_error(row: dict[str, Any]) -> None:
    """Whatever the vector holds, it is cut and read, or refused by name."""
    try:
        for frame in frames(row):
            read(frame)
    except (FramingError, Unreadable):
        pass


@pytest.mark.parametrize("row", [row for row in PDUS if not row["malformed"]], ids=named)
def test_what_is_right_is_read(row: dict[str, Any]) -> None:
    """Header and body are read; what the standard calls well-formed is written back octet by octet."""
    if row["note"].startswith("command_length is"):
        pytest.skip(row["note"])
    found = frames(row)
    if not found:
        pytest.skip(row["note"] or "no whole PDU")
    if found[0][0] not in BODY:
        assert found[0][0] in SUBMIT_MULTI or command_name(found[0][0]).startswith("0x")
        return
    pdu = read(found[0])

    assert f"0x{pdu.command:08x}" == row["header_read_off"]["command_id"]
    assert pdu.sequence == row["header_read_off"]["sequence_number"]
    if found[0][3]:
        assert write(pdu)[16:] == found[0][3]


@pytest.mark.parametrize("row", [row for row in PDUS if row["malformed"]], ids=named)
def test_what_is_wrong_is_refused(row: dict[str, Any]) -> None:
    """A false length loses the stream, a false body is unreadable, and what is not whole is waited for."""
    try:
        found = [read(frame) for frame in frames(row)]
    except (FramingError, Unreadable):
        return

    assert not found or row["id"] in LENIENT


FIELDS = ("system_id", "password", "system_type", "source_addr", "destination_addr", "service_type", "message_id")


TELLING = [row for row in PDUS if row["source_repo"] == "mozes/smpp.pdu" and not row["malformed"]]


@pytest.mark.parametrize("row", TELLING, ids=named)
def test_what_the_source_says_is_what_we_read(row: dict[str, Any]) -> None:
    """The strings that the source names are the strings of our fields."""
    pdu = read(frames(row)[0])
    told = {name: str(row["expected"][name]).strip("'") for name in FIELDS if row["expected"].get(name) is not None}

    assert {name: pdu.fields.get(name) for name in told} == told


@pytest.mark.parametrize("row", rows("receipts.jsonl"), ids=named)
def test_receipts_as_operators_write_them(row: dict[str, Any]) -> None:
    """Each names its message and its state."""
    octets = row["text"].encode("utf-8")
    receipt = read_receipt({"esm_class": 4, "short_message": octets}, {})

    assert receipt is not None
    assert receipt.message_id == row["text"].partition("id:")[2].split()[0]
    assert receipt.state in {MessageState.DELIVERED, MessageState.UNDELIVERABLE}


def test_a_whole_receipt_from_a_capture() -> None:
    """Text and optional parameter name one message, in decimal and in hex."""
    row = next(row for row in PDUS if row["id"] == "smpp.pdu-011")
    pdu = read(frames(row)[0])
    receipt = read_receipt(pdu.fields, pdu.tlvs)

    assert pdu.command == Command.DELIVER_SM
    assert receipt is not None
    assert int(receipt.message_id, 16) == int(receipt.text_id)
