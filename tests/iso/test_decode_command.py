"""`iso-alert decode` and `iso-alert host` as a person meets them."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from iso_alert.cli import decode, host
from iso_alert.domain.card import luhn
from iso_alert.iso.codec import Codec
from iso_alert.iso.framing import PRESETS
from iso_alert.iso.guess import BARE, best
from iso_alert.iso.message import Message
from iso_alert.sim.annotate import cleaned
from iso_alert.sim.fixture import Fixture, read_fixture
from tests.fixtures import KEYRING, READ, WHOLE, each
from tests.iso.messages import PAN, codec, purchase
from tests.iso.test_secrets import MARKERS


def wire(**changed: str) -> bytes:
    return codec().encode(purchase("iso87-ascii", **changed))


def invoke(*arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    result = CliRunner().invoke(decode.command, arguments, input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def card_numbers(text: str) -> list[str]:
    """Runs of digits that pass for a card number, also with blanks or strokes between."""
    runs = ("".join(filter(str.isdecimal, run)) for run in re.findall(r"\d(?:[ -]?\d){12,}", text))
    return [run for run in runs if 13 <= len(run) <= 19 and luhn(run)]


@each(WHOLE)
def test_no_card_number_is_shown(fixture: Fixture) -> None:
    """Of any message, whole or broken, as a table or as JSON (T-06)."""
    for options in ((), ("--json",), ("--plan",)):
        code, output = invoke("--profile", fixture.profile, *options, fixture.frame().hex())

        assert code == (1 if fixture.refused else 0), output
        assert not card_numbers(output)


def test_nothing_sensitive_is_shown() -> None:
    """Markers in every sensitive field do not come out."""
    speaker = codec()
    _, output = invoke(speaker.encode({**purchase("iso87-ascii"), **MARKERS}).hex())

    for marker in (*MARKERS.values(), PAN):
        assert marker not in output
    assert "*1111" in output


PLANS = ["unpack", "usual", "pack"]


def test_a_plan_is_python_and_holds_no_data() -> None:
    """Functions that can be read: how such messages are decoded, at length and the short way, and are answered."""
    code, output = invoke("--plan", wire(**{f"f{key}": value for key, value in MARKERS.items()}).hex())

    assert code == 0
    assert [part.name for part in ast.parse(output).body if isinstance(part, ast.FunctionDef)] == PLANS
    assert not [marker for marker in (*MARKERS.values(), PAN) if marker in output]


def test_no_plan_for_what_cannot_be_read() -> None:
    """A broken message is the library's to judge, and the fault is told."""
    code, output = invoke("--plan", (wire() + b"0").hex())

    assert code == 1
    assert "bytes follow the last field" in output


@pytest.mark.parametrize("framing", [BARE, *PRESETS])
def test_framing_is_found_out(framing: str) -> None:
    """A length before the message is recognised, in any preset."""
    frame = wire()
    data = frame if framing == BARE else PRESETS[framing].wrap(frame)
    guess = best(data, codec())

    assert guess is not None
    assert (guess.frame, isinstance(guess.result, Message)) == (frame, True)


def test_stdin_and_file(tmp_path: Path) -> None:
    """Hex or raw bytes, from either."""
    frame = wire()
    (tmp_path / "capture").write_bytes(PRESETS["binary2"].wrap(frame))
    outputs = {
        invoke("--json", "--framing", "none", stdin=frame)[1],
        invoke("--json", "--framing", "none", stdin=frame.hex(" ").encode() + b"\n")[1],
        invoke("--json", "--framing", "none", frame.hex())[1],
    }

    assert len(outputs) == 1
    assert invoke("--file", str(tmp_path / "capture"))[0] == 0


def test_json() -> None:
    """One line that programs read."""
    code, output = invoke("--json", wire().hex())
    told = json.loads(output)

    assert code == 0
    assert told["fields"]["11"]["value"] == "000123"
    assert told["reading"]["amount"] == "2,500.00 THB"
    assert told["answer"] == {"MTI": "0210", "39": "00", "fields": "2, 3, 4, 7, 11, 12, 13, 22, 41, 49, 39"}


@pytest.mark.parametrize("arguments", [("zz",), ("",), ("--framing", "bcd2", "3032"), ("--charset", "klingon", "30")])
def test_a_person_is_told(arguments: tuple[str, ...]) -> None:
    """What cannot be meant is told without a traceback."""
    code, output = invoke(*arguments)

    assert code in (1, 2)
    assert "Error" in output


def test_an_unknown_profile_is_told() -> None:
    """With the path that was looked for, and the exit code of a configuration."""
    code, output = invoke("--profile", "nowhere", "30")

    assert code == 78
    assert "nowhere.toml" in output


def test_a_fixture_of_a_capture(tmp_path: Path) -> None:
    """It holds nobody's data, and is a fixture that passes."""
    speaker = codec()
    frame = speaker.encode({**purchase("iso87-ascii"), "2": "4532015112830366", **MARKERS, "60": "MARKED60"})
    path = tmp_path / "0200-from-a-capture.toml"
    code, _ = invoke("--as-fixture", str(path), frame.hex())
    fixture, text = read_fixture(path), path.read_text("utf-8")
    message = Codec(fixture.dialect(), KEYRING).decode(fixture.frame())

    assert code == 0
    assert isinstance(message, Message)
    assert message.get("11") == "000123"
    for marker in (*MARKERS.values(), "4532015112830366"):
        assert marker not in text
        assert marker.encode().hex().upper() not in text
    assert len(fixture.frame()) == len(frame)


@each(READ)
def test_every_fixture_can_be_cleaned(fixture: Fixture) -> None:
    """Cleaning keeps the frame a frame of the same host and length."""
    import iso8583

    spoken = fixture.dialect()
    plain, _ = iso8583.decode(fixture.frame(), spoken.profile.spec.rows)
    clean = Codec(spoken, KEYRING).encode(cleaned(plain, spoken))

    assert len(clean) == len(fixture.frame())
    assert isinstance(Codec(spoken, KEYRING).decode(clean), Message)


def test_what_cannot_be_cleaned_is_not_written() -> None:
    """A frame that cannot be decoded may hold anything anywhere."""
    code, output = invoke("--as-fixture", "-", wire()[:60].hex())

    assert code == 1
    assert PAN not in output


def test_stdout_is_a_toml_file() -> None:
    """`-` prints what a file would hold."""
    _, output = invoke("--as-fixture", "-", wire().hex())

    assert tomllib.loads(output)["decoded"]["t"] == "0200"


@pytest.mark.parametrize("arguments", [("nowhere",), ("127.0.0.1:1", "--framing", "klingon")])
def test_host_usage(arguments: tuple[str, ...]) -> None:
    """An address that is none, a framing that is none."""
    result = CliRunner().invoke(host.command, arguments)

    assert result.exit_code == 2


def test_host_with_nobody_there() -> None:
    """A refused connection is told in a line."""
    result = CliRunner().invoke(host.command, ["127.0.0.1:1", "--count", "1"])

    assert result.exit_code == 1
    assert "127.0.0.1:1" in result.output
