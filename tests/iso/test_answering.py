"""Answers: which MTI, which header, which code."""

import pytest

from iso_alert.iso.answering import answer, reply, said_to
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import Action, Ignored, NetworkManagement, Why
from iso_alert.iso.returning import header, response_mti
from tests.iso.messages import PAN, PROFILES, codec, message, purchase, speak

WIRE = """
0100 0110  0101 0110  0120 0130  0121 0130  0200 0210  0201 0210  0220 0230  0221 0230  0400 0410  0401 0410
0420 0430  0421 0430  0300 0310  0301 0310  0302 0312  0303 0312  0320 0330  0500 0510  0800 0810  0801 0810
0820 0830  0402 0412  0403 0412  1804 1814  1805 1814  1200 1210  1421 1430  0600 0610
"""


@pytest.mark.parametrize("pair", [tuple(WIRE.split()[at : at + 2]) for at in range(0, len(WIRE.split()), 2)])
def test_response_mti(pair: tuple[str, str]) -> None:
    """The function's digit + 1, a repeat's digit back to its base."""
    request, response = pair

    assert response_mti(request) == response


@pytest.mark.parametrize("mti", ["0110", "0130", "0210", "0230", "0810", "0240", "0140", "0260", "", "02", "XYZ!"])
def test_not_answered(mti: str) -> None:
    """Responses, notifications and what is no MTI."""
    assert response_mti(mti) is None


@pytest.mark.parametrize(
    ("received", "kind", "length", "sent"),
    [
        ("6001230456", "tpdu", 5, "6004560123"),
        ("6001230456603100311001", "tpdu", 11, "6004560123603100311001"),
        ("6001230456", "copied", 5, "6001230456"),
        ("", "tpdu", 5, "0000000000"),
        ("60", "tpdu", 1, "60"),
    ],
)
def test_header(received: str, kind: str, length: int, sent: str) -> None:
    """A TPDU is turned round; what follows it is copied."""
    assert header(received, kind, length) == sent


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("said", Said)
def test_every_profile_answers(profile: str, said: Said) -> None:
    """Whatever we say, the frame is one that the host's own table decodes."""
    speaker = codec(profile)
    frame = reply(speaker, message({}, profile), said)
    assert frame is not None
    decoded = speaker.decode(frame)

    assert isinstance(decoded, Message)
    assert decoded.get("39") == speaker.dialect.profile.codes.code(said, "2")
    assert decoded.get("11") == "000123"


def test_more_fields() -> None:
    """Enrolment adds its own, and its own code."""
    fields = answer(message({"t": "0302"}), "09", speak(), {"63": "slip"})

    assert fields is not None
    assert (fields["t"], fields["39"], fields["63"]) == ("0312", "09", "slip")


def test_what_is_echoed() -> None:
    """The fields of the table as far as they came, as they came: blanks and all."""
    fields = answer(
        message({"42": "M1             ", "54": "0002764C000000000100", "6": "0" * 12}), Said.RECORDED, speak()
    )

    assert fields is not None
    assert fields["42"] == "M1             "
    assert fields["2"] == PAN
    assert not {"54", "6", "14", "35", "52", "55"} & set(fields)


def test_without_a_stan_a_broken_frame_is_not_answered() -> None:
    """No host could match it; it is counted, and the link goes on."""
    speaker = codec()
    unreadable = speaker.decode(speaker.encode(purchase("iso87-ascii"))[:50])
    assert isinstance(unreadable, Unreadable)

    assert answer(unreadable, Said.FORMAT_ERROR, speaker.dialect) is None


@pytest.mark.parametrize("why", Why)
def test_every_ignored_has_its_word(why: Why) -> None:
    """Only responses and notifications go without."""
    silent = why in (Why.RESPONSE, Why.NOTIFICATION)

    assert (said_to(Ignored(why)) is None) == silent


def test_readings_are_recorded() -> None:
    """Network management is answered as recorded, whatever it asks."""
    assert said_to(NetworkManagement(Action.OTHER, "161")) is Said.RECORDED
