"""What generated functions write is what pyiso8583 writes, or the library is asked."""

from math import inf

import iso8583
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_alert.iso.answering import answer, reply
from iso_alert.iso.codec import Codec, Unwritable
from iso_alert.iso.message import mask
from iso_alert.iso.packing import packing
from iso_alert.iso.plan import EARNED_BY
from iso_alert.iso.profile import Said
from iso_alert.iso.spec import KEYS, Spec, read_spec
from iso_alert.sim.fixture import Fixture
from tests.fixtures import KEYRING, WHOLE, each
from tests.iso.messages import PROFILES, SHIPPED_SPECS, codec, purchase, speak
from tests.iso.test_plan import ODD_LINES, odd_spec

SPECS = {name: read_spec(name) for name in SHIPPED_SPECS}
EAGER = {profile: Codec(speak(profile), KEYRING, 1) for profile in PROFILES}
WRITTEN = [key for key in KEYS if key not in ("h", "t", "p", "1", "65")]
texts = st.one_of(st.text("0123456789", max_size=24), st.text("09 aAF;é฿\x85", max_size=8))


def by_the_library(spec: Spec, fields: dict[str, str]) -> bytes | None:
    """The library's frame; None where it refuses."""
    try:
        return bytes(iso8583.encode(dict(fields), spec.rows)[0])
    except iso8583.EncodeError:
        return None


def by_plan(spec: Spec, fields: dict[str, str]) -> bytes | None:
    """The plan's; None where it gives up."""
    source = packing(spec, fields)
    assert source is not None
    try:
        frame: bytes | None = source.function()(*fields.values())
    except ValueError:
        return None
    return frame


def fitting(spec: Spec, key: str, value: str) -> str:
    """A value about as long as the field wants it."""
    line = spec.lines[key]
    size = line.max_len * (2 if line.data_enc == "b" and line.len_count == "bytes" else 1)
    return value[:size] if line.len_type else value[:size].ljust(size, "0")


@pytest.mark.parametrize("name", SHIPPED_SPECS)
@given(st.dictionaries(st.sampled_from(WRITTEN), texts, max_size=5), st.booleans())
@settings(max_examples=100)
def test_a_plan_writes_what_the_library_writes(name: str, fields: dict[str, str], exact: bool) -> None:
    """Of any fields in any order; where a plan gives up, the library writes, or says what is wrong."""
    spec = SPECS[name]
    header = {"h": "6001230456"} if spec.header_bytes else {}
    fields = {**header, "t": "0210", **fields}
    if exact:
        fields = {key: fitting(spec, key, value) for key, value in fields.items()}
    planned = by_plan(spec, fields)

    assert planned is None or by_the_library(spec, fields) == planned


@pytest.mark.parametrize("base", ["iso87-ascii", "iso87-bcd-tpdu", "iso87-ebcdic"])
@pytest.mark.parametrize("name", ODD_LINES)
@given(value=texts)
@settings(max_examples=30)
def test_odd_lines(base: str, name: str, value: str) -> None:
    """Lines that no shipped table has are planned rightly or left to the library."""
    spec = odd_spec(name, base)
    header = {"h": "6001230456"} if spec.header_bytes else {}
    fields = {**header, "t": "0210", "11": "000001", "48": value, "49": "764"}
    if packing(spec, fields) is not None:
        planned = by_plan(spec, fields)

        assert planned is None or by_the_library(spec, fields) == planned


@each(WHOLE)
def test_answers(fixture: Fixture) -> None:
    """The answer to every fixture is the library's to the byte, and a plan does not give up on it."""
    dialect = fixture.dialect()
    said = Codec(dialect, KEYRING, inf).decode(fixture.frame())
    due = answer(said, Said.RECORDED, dialect)

    assert due is None or by_plan(dialect.profile.spec, due) == by_the_library(dialect.profile.spec, due)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_plan_is_earned(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library writes the first few of a set of fields, and none after them."""
    speaker = codec(profile)
    frames = [speaker.encode(purchase(profile)) for _ in range(EARNED_BY)]
    monkeypatch.setattr(iso8583, "encode", None)
    frames.append(speaker.encode(purchase(profile)))

    assert [frames[0]] * len(frames) == frames


@pytest.mark.parametrize(
    "wrong", [{"4": "1"}, {"41": "฿" * 8}, {"2": "4" * 20}, {"t": "02100"}, {"65": "00"}, {"200": "1"}]
)
def test_refused_in_the_librarys_words(wrong: dict[str, str]) -> None:
    """However often the same fields come, what cannot be written is refused as the library refuses it."""
    fields = {"t": "0210", "11": "000001", **wrong}
    for speaker in (Codec(speak(), KEYRING, inf), EAGER["iso87-ascii"]):
        good = {key: value for key, value in purchase("iso87-ascii").items() if key in fields}
        speaker.encode(good)
        expected = by_the_library(speaker.dialect.profile.spec, fields)
        if expected is not None:  # the library leaves out what it has its own thoughts about
            assert expected == speaker.encode(fields) == speaker.encode(fields)
            continue
        with pytest.raises(Unwritable) as raised:
            speaker.encode(fields)
        with pytest.raises(iso8583.EncodeError) as theirs:
            iso8583.encode(dict(fields), speaker.dialect.profile.spec.rows)

        assert f"field {theirs.value.field}: {theirs.value.msg}" == str(raised.value)


@pytest.mark.parametrize("keys", [["11"], ["t", "65"], ["t", "1"], ["t", "x"], ["t", "129"], ["t", "p", "11"]])
def test_what_only_the_library_writes(keys: list[str]) -> None:
    """No MTI, a bitmap by hand, a field that does not exist."""
    assert packing(SPECS["iso87-ascii"], keys) is None


def test_a_header_that_is_due_and_missing() -> None:
    """Is the library's to complain of."""
    assert packing(SPECS["iso87-bcd-tpdu"], ["t", "11"]) is None


@pytest.mark.parametrize("profile", PROFILES)
def test_no_source_looks_like_a_card_number(profile: str) -> None:
    """Bitmaps are digits too: what a person may print holds no run of them that could be masked (T-06)."""
    speaker = codec(profile)
    frame = speaker.encode(purchase(profile))
    due = answer(speaker.decode(frame), Said.RECORDED, speaker.dialect)
    assert due is not None
    decoding, encoding = speaker.decoding(frame), speaker.encoding(due)

    assert decoding is not None
    assert encoding is not None
    assert decoding + encoding == mask(decoding) + mask(encoding)


@pytest.mark.parametrize("profile", PROFILES)
def test_answers_with_and_without_plans(profile: str) -> None:
    """The whole way, frame to answer, is the same by both."""
    frame = codec(profile).encode(purchase(profile))
    eager, judge = EAGER[profile], Codec(speak(profile), KEYRING, inf)
    by_judge = reply(judge, judge.decode(frame), Said.RECORDED)

    assert [by_judge] * 3 == [reply(eager, eager.decode(frame), Said.RECORDED) for _ in range(3)]
