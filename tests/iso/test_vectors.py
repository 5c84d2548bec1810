"""Messages that nobody here wrote: those that a shipped table can spell are read as their authors say."""

import json
from pathlib import Path
from typing import Any

import pytest

from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.reading import read
from tests.iso.messages import ARRIVED, codec

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "iso8583.jsonl"
PROFILE_OF = {  # by the vector's own words on its encoding
    "ascii hex-bitmap": "iso87-ascii",
    "ascii hex-bitmap 1987": "iso87-ascii",
    "ascii hex-bitmap malformed": "iso87-ascii",
    "ascii malformed": "iso87-ascii",
    "ascii binary-bitmap": "iso87-binary-bitmap",
    "ascii binary-bitmap 1987": "iso87-binary-bitmap",
    "ascii hex-bitmap 1993": "iso93-ascii",
    "ebcdic": "iso87-ebcdic",
}


def load() -> list[dict[str, Any]]:
    if not VECTORS.is_file():
        return []
    vectors = (json.loads(line) for line in VECTORS.read_text("utf-8").splitlines())
    return [vector for vector in vectors if vector["encoding_hint"] in PROFILE_OF and vector["framing"] == "none"]


ALL = load()
pytestmark = pytest.mark.skipif(not ALL, reason="the shared vectors are not beside this checkout")


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector["id"])
def test_never_raises(vector: dict[str, Any]) -> None:
    """Whatever it is, it is read or refused."""
    speaker = codec(PROFILE_OF[vector["encoding_hint"]])
    message = speaker.decode(bytes.fromhex(vector["hex"]))
    if isinstance(message, Message):
        read(message, speaker.dialect, ARRIVED)

    assert isinstance(message, Message | Unreadable)


def fits(vector: dict[str, Any]) -> bool:
    """Whether a shipped table spells its fields: the authors' DE41 of 16, and the like, are other hosts."""
    speaker = codec(PROFILE_OF[vector["encoding_hint"]])
    return isinstance(speaker.decode(bytes.fromhex(vector["hex"])), Message)


def same(ours: str, stated: str) -> bool:
    """Equal, or the number or the time that a source with types of its own makes of it."""
    time = "".join(filter(str.isdecimal, stated.partition(".")[0]))
    return (
        ours == stated or (ours.isdecimal() and stated.isdecimal() and int(ours) == int(stated)) or time.endswith(ours)
    )


GOOD = [vector for vector in ALL if vector["expected_status"] == "ok" and fits(vector)]


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector["id"])
def test_as_stated(vector: dict[str, Any]) -> None:
    """The fields that leave the codec are those that the source states; the card ends as it says."""
    message = codec(PROFILE_OF[vector["encoding_hint"]]).decode(bytes.fromhex(vector["hex"]))
    assert isinstance(message, Message)
    stated = {key: str(value) for key, value in vector["expected"].items()}

    assert message.mti == stated.pop("t", message.mti)
    for key in stated.keys() & message.fields.keys():
        assert same(message.fields[key], stated[key]), key
    if message.card and "2" in stated:
        assert message.card.last4 == stated["2"][-4:]


def test_some_fit() -> None:
    """If none fitted, the tables would be nobody's."""
    assert len(GOOD) >= 10
