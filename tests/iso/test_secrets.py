"""What must not leave the codec does not: markers planted in every sensitive field are looked for everywhere (T-01)."""

import pickle

import pytest
from attrs import asdict

from iso_alert.iso.answering import answer, reply
from iso_alert.iso.codec import Codec, Unwritable
from iso_alert.iso.message import Message, Unreadable, mask
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import read
from iso_alert.sim.fixture import Fixture
from tests.fixtures import KEYRING, READ, REFUSED, each
from tests.iso.messages import ARRIVED, PAN, codec, purchase, speak

MARKERS = {
    "14": "9753",
    "34": "PANEXTENDED12345",
    "35": f"{PAN}=97531019999999999",
    "36": f"01{PAN}=9753101MARKED36",
    "45": f"B{PAN}^MARKED/FORTYFIVE^9753101",
    "48": "MARKED48 CVV2 975",
    "52": "9753975397539753",
    "53": "9753975397539754",
    "55": "9F2608975397539753AA55",
    "60": "MARKED60",
    "62": "MARKED62",
    "63": "MARKED63",
    "102": "MARKED102",
    "120": "MARKED120",
    "127": "MARKED127",
}


def everything(message: Message) -> str:
    """All that anybody can get at without breaking a seal."""
    return f"{message!r} {message} {asdict(message)} {dict(message.fields)}"


@pytest.fixture
def marked() -> Message:
    speaker = codec()
    decoded = speaker.decode(speaker.encode({**purchase("iso87-ascii"), **MARKERS}))
    assert isinstance(decoded, Message), decoded
    return decoded


def test_markers(marked: Message) -> None:
    """Neither the message nor what is read from it shows any of them, nor the card number."""
    shown = everything(marked) + repr(read(marked, speak(), ARRIVED))

    for marker in (*MARKERS.values(), PAN, "9753"):
        assert marker not in shown
    assert (marked.has_chip, marked.has_track, marked.has_pin) == (True, True, True)
    assert set(marked.dropped) == {"2", *MARKERS}


def test_markers_in_answers(marked: Message) -> None:
    """The answer carries the card number back and nothing else of them."""
    wire = reply(codec(), marked, Said.RECORDED)
    assert wire is not None

    assert PAN.encode() in wire
    for marker in MARKERS.values():
        assert marker.encode() not in wire
    assert wire.count(b"9753") == 0


def test_no_echo_no_number() -> None:
    """A link that does not echo DE2 does not keep it either."""
    speaker = codec(echo_pan=False)
    message = speaker.decode(speaker.encode(purchase("iso87-ascii")))
    assert isinstance(message, Message)

    assert message.pan is None
    assert PAN.encode() not in (reply(speaker, message, Said.RECORDED) or b"")


def test_the_seal(marked: Message) -> None:
    """What goes back to the host is neither printed nor copied on the way."""
    assert marked.pan is not None
    assert repr(marked.pan) == "<sealed>"
    with pytest.raises(TypeError):
        pickle.dumps(marked.pan)


@each([*READ, *REFUSED])
def test_fixtures_show_no_card(fixture: Fixture) -> None:
    """Of every fixture only four digits of the card are seen."""
    decoded = Codec(fixture.dialect(), KEYRING).decode(fixture.frame())
    message = decoded.partial if isinstance(decoded, Unreadable) else decoded

    for number in (PAN, "5555555555554444", "6221260000000000", "378282246310005", "411111111111I111"):
        assert number not in everything(message) + repr(decoded) + str(decoded)


def test_faults_show_no_content() -> None:
    """A frame that breaks in the card number says where, and not what."""
    speaker = codec()
    wire = speaker.encode(purchase("iso87-ascii")).replace(PAN.encode(), b"41111111111X1111")
    unreadable = speaker.decode(wire)

    assert isinstance(unreadable, Unreadable)
    assert "41111111111" not in repr(unreadable) + str(unreadable) + everything(unreadable.partial)
    assert not hasattr(unreadable, "__dict__")  # nowhere for the exception to hide


def test_what_cannot_be_written_is_not_shown() -> None:
    """Our own mistake tells the field, never its content."""
    with pytest.raises(Unwritable) as raised:
        codec().encode({"t": "0210", "4": PAN})

    assert PAN not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_pin_in_a_file_action_is_a_fact_only() -> None:
    """The enrolment is told that a PIN came, not which."""
    speaker = codec(enrolment=True)
    fields = {"t": "0300", "2": PAN, "11": "000001", "52": "A1B2C3D4E5F60718", "91": "1", "101": "KMALERT"}
    message = speaker.decode(speaker.encode(fields))
    assert isinstance(message, Message)
    reading = read(message, speaker.dialect, ARRIVED)

    assert getattr(reading, "has_pin", None) is True
    assert "A1B2C3" not in repr(reading) + everything(message)
    assert answer(message, "63", speaker.dialect) is not None


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (PAN, "*1111"),
        ("4111 1111 1111 1111", "*1111"),
        ("4111-1111-1111-1111", "*1111"),
        ("4111111111111112", "4111111111111112"),
        ("632700000123", "632700000123"),
        (f"a{PAN}b", "a*1111b"),
        (f"123 {PAN}", "123 *1111"),
        ("7 4111 1111 1111 1111 12", "7 *1111 12"),
        ("4111.1111_1111/1111", "*1111"),
        ("4111  1111  1111  1111", "*1111"),
        ("4111\u00a01111\u20131111\u00a01111", "*1111"),
        (f"{PAN}-{PAN}", "*1111-*1111"),
        ("2026-11-23 15:15:03", "2026-11-23 15:15:03"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    """Only what passes for a card number is masked."""
    assert mask(text) == masked
