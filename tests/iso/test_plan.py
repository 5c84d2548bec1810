"""What generated functions make of a frame is what pyiso8583 makes of it, or they leave it alone."""

from collections.abc import Mapping
from functools import cache
from math import inf
from random import Random
from typing import Any

import iso8583
import pytest
from attrs import fields
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_alert.iso.answering import reply
from iso_alert.iso.checks import Checks
from iso_alert.iso.codec import Codec, wanted
from iso_alert.iso.compiler import capacity, lengths, one_to_one
from iso_alert.iso.kept import SENSITIVE, THERE, UNUSUAL, Wanted
from iso_alert.iso.layout import Mark
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.plan import EARNED_BY, Plans
from iso_alert.iso.profile import Said
from iso_alert.iso.spec import KEYS, Spec, read_spec
from tests.fixtures import KEYRING, READ, WHOLE, each
from tests.iso.messages import PROFILES, codec, purchase, speak
from tests.iso.test_mutations import FRAMES, edits, mutate

EVERYTHING = Wanted(frozenset(KEYS) - {"p", "1"}, frozenset(), frozenset())
EAGER = {profile: Codec(speak(profile), KEYRING, 1) for profile in PROFILES}
JUDGE = {profile: Codec(speak(profile), KEYRING, inf) for profile in PROFILES}

# Lines that no shipped table has and a deployment may write; each takes the place of field 48.
NIBBLES = {"data_enc": "b", "len_type": 1, "len_enc": "bcd", "max_len": 9, "len_count": "nibbles"}
ODD_LINES: dict[str, dict[str, Any]] = {
    "utf-8": {"data_enc": "utf-8", "len_type": 2, "max_len": 20},
    "half a code page": {"data_enc": "cp874", "len_type": 2, "max_len": 20},
    "ascii with blanks": {"data_enc": "ascii", "len_type": 0, "max_len": 6, "content": "nb"},
    "fixed ascii": {"data_enc": "ascii", "len_type": 0, "max_len": 4},
    "letters": {"data_enc": "latin-1", "len_type": 1, "max_len": 9, "content": "an"},
    "another's length": {"data_enc": "latin-1", "len_type": 3, "len_enc": "cp500", "max_len": 99},
    "binary length": {"data_enc": "b", "len_type": 1, "len_enc": "b", "max_len": 9},
    "text by nibbles": {**NIBBLES, "data_enc": "latin-1", "len_enc": "b"},
    "no pad": NIBBLES,
    "left pad": {**NIBBLES, "left_pad": "0"},
    "two pads": {**NIBBLES, "len_type": 0, "left_pad": "0", "right_pad": "F"},
    "letter as a pad": {**NIBBLES, "len_type": 0, "right_pad": "F", "content": "n"},
    "nothing": {"data_enc": "latin-1", "len_type": 0, "max_len": 0, "content": "n"},
}


def told(result: Message | Unreadable) -> tuple[Any, ...]:
    """All that a result says, seals broken."""
    message = result.partial if isinstance(result, Unreadable) else result
    fault = (result.fault, result.field, result.position) if isinstance(result, Unreadable) else None
    said = [getattr(message, each.name) for each in fields(Message) if each.name not in ("fields", "pan", "back")]
    return fault, list(message.fields.items()), message.pan and message.pan.open(), said


def answers(speaker: Codec, frame: bytes) -> list[bytes | None]:
    """All that we may say to a frame."""
    return [reply(speaker, speaker.decode(frame), said) for said in Said]


@cache
def odd_spec(name: str, base: str = "iso87-ascii") -> Spec:
    """A shipped table with one of the odd lines."""
    return read_spec(base, replaced={"48": {**ODD_LINES[name], "desc": name}})


def judged(spec: Spec, frame: bytes) -> Mapping[str, str] | None:
    """What pyiso8583 and the checks find in a frame; None if they find a fault."""
    try:
        found, trouble = Checks.of(spec).sound(*iso8583.decode(frame, spec.rows))
    except iso8583.DecodeError:
        return None
    return None if trouble else found


def planned(spec: Spec, frame: bytes, of: Wanted = EVERYTHING) -> Plans:
    """Plans that know this kind of frame."""
    plans = Plans(spec, of, 1)
    found = judged(spec, frame)
    assert found is not None
    plans.unpacked(frame, found)
    return plans


@each(READ)
def test_a_plan_finds_what_the_library_finds(fixture: Any) -> None:
    """Every field of every sound fixture, and a plan does not give up on any of them."""
    spec, frame = fixture.dialect().profile.spec, fixture.frame()
    found = judged(spec, frame) or {}
    taken = planned(spec, frame).unpack(frame)

    assert taken is not None
    assert {key: value for key, value in found.items() if key not in ("p", "1")} == taken[0]


@each(WHOLE)
def test_a_codec_with_plans_says_the_same(fixture: Any) -> None:
    """Of every fixture, also of the broken ones, the first time and when its kind is known."""
    dialect, frame = fixture.dialect(), fixture.frame()
    eager, judge = Codec(dialect, KEYRING, 1), Codec(dialect, KEYRING, inf)

    assert [told(judge.decode(frame))] * 3 == [told(eager.decode(frame)) for _ in range(3)]


@each(WHOLE)
def test_an_answer_that_was_cut_is_the_one_that_is_encoded(fixture: Any) -> None:
    """Whatever is said to a fixture, byte for byte, and with nothing encoded for what has a plan."""
    dialect, frame = fixture.dialect(), fixture.frame()
    eager, judge = Codec(dialect, KEYRING, 1), Codec(dialect, KEYRING, inf)
    eager.decode(frame)

    assert answers(judge, frame) == answers(eager, frame)


@pytest.mark.parametrize("profile", PROFILES)
def test_answers_are_cut(profile: str) -> None:
    """Every shipped profile answers a purchase with the purchase's own bytes."""
    speaker = codec(profile)
    frame = speaker.encode(purchase(profile))
    message = [speaker.decode(frame) for _ in range(EARNED_BY + 1)][-1]

    assert isinstance(message, Message)
    assert message.back is not None


@pytest.mark.parametrize("profile", PROFILES)
@given(st.data(), edits)
@settings(max_examples=200)
def test_mutated_frames(profile: str, data: st.DataObject, changes: list[tuple[int, bytes | None]]) -> None:
    """A frame of a known kind with a few bytes changed is the same value, or the same fault at the same place."""
    frame = data.draw(st.sampled_from(FRAMES[profile]))
    EAGER[profile].decode(frame)
    mutant = mutate(frame, changes)

    assert told(JUDGE[profile].decode(mutant)) == told(EAGER[profile].decode(mutant))
    assert answers(JUDGE[profile], mutant) == answers(EAGER[profile], mutant)


@pytest.mark.parametrize("base", ["iso87-ascii", "iso87-bcd-tpdu", "iso87-ebcdic"])
@pytest.mark.parametrize("name", ODD_LINES)
@given(st.data(), edits)
@settings(max_examples=40)
def test_odd_lines(base: str, name: str, data: st.DataObject, changes: list[tuple[int, bytes | None]]) -> None:
    """A line that no shipped table has is planned rightly or left to the library, between fields of either sort."""
    spec = odd_spec(name, base)
    line = spec.lines["48"]
    size = data.draw(st.integers(0, line.max_len)) if line.len_type else line.max_len
    value = data.draw(st.sampled_from(["0123456789", "1234567890"]))[:size]
    if line.data_enc == "b" and line.len_count == "bytes":
        value = (value * 2)[: 2 * size]
    elif line.data_enc == "b" and size % 2 and not (line.left_pad or line.right_pad):
        value = value[:-1]
    elif line.data_enc != "b" and line.len_count == "nibbles":
        value = value[: size // 2]
    header = {"h": "6001230456"} if spec.header_bytes else {}
    wire, _ = iso8583.encode({**header, "t": "0200", "11": "000001", "48": value, "49": "764"}, spec.rows)
    if judged(spec, bytes(wire)) is None:
        return
    plans, mutant = planned(spec, bytes(wire)), mutate(bytes(wire), changes)
    found, taken = judged(spec, mutant), plans.unpack(mutant)

    assert taken is None or taken[0] == {key: each for key, each in (found or {}).items() if key not in ("p", "1")}


def test_a_plan_is_earned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library decodes the first few of a kind, and none after them."""
    speaker = codec()
    frame = speaker.encode(purchase("iso87-ascii"))
    messages = [speaker.decode(frame) for _ in range(EARNED_BY)]
    monkeypatch.setattr(iso8583, "decode", None)
    messages.append(speaker.decode(frame))

    assert [told(messages[0])] * len(messages) == [told(message) for message in messages]


def test_a_fault_earns_nothing() -> None:
    """A frame that cannot be read is judged by the library however often it comes."""
    plans = Plans(read_spec("iso87-ascii"), EVERYTHING, 1)
    speaker = codec()
    frame = speaker.encode(purchase("iso87-ascii"))
    for _ in range(5):
        assert isinstance(speaker.decode(frame + b"0"), Unreadable)

    assert plans.unpack(frame) is None


def test_ever_new_bits_compile_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that sets other bits in each message costs counters, and those are bounded."""
    spec, dice = read_spec("iso87-ascii"), Random(5)
    plans = Plans(spec, EVERYTHING, bound=16)
    monkeypatch.setattr("iso_alert.iso.plan.unpacking", None)  # calling it would fail
    fixed = [key for key in KEYS[4:] if not spec.lines[key].len_type and key != "65"]
    kinds = [dice.sample(fixed, 12) for _ in range(40)]
    for chosen in kinds * 5:
        wire, _ = iso8583.encode({"t": "0200", **{key: "0" * spec.lines[key].max_len for key in chosen}}, spec.rows)
        plans.unpacked(bytes(wire), judged(spec, bytes(wire)) or {})

    assert all(plans.unpack(bytes(wire)) is None for wire in (b"", b"0200", bytes(wire)))


def test_a_header_of_any_length_is_left_to_the_library() -> None:
    """Where the bitmap has no fixed place, no plan is found by it."""
    line = {"data_enc": "latin-1", "len_type": 2, "max_len": 12, "desc": "Header"}
    spec = read_spec("iso87-ascii", replaced={"h": line})
    wire, _ = iso8583.encode({"h": "ABC", "t": "0200", "11": "000001"}, spec.rows)
    plans = planned(spec, bytes(wire))

    assert Mark() == Mark.of(spec)
    assert plans.unpack(bytes(wire)) is None


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_not_wanted_is_not_cut_out(profile: str) -> None:
    """The source names no sensitive field but the two that a card is made of, and those only for the codec (T-01)."""
    spec = speak(profile).profile.spec
    of = wanted(speak(profile))
    found = dict.fromkeys(["t", "p", "1", *map(str, [*range(2, 65), *range(66, 129)])], "") | {"t": "0200"}
    text = Plans(spec, of).unpacking(found).text
    kept, read = text.partition("    kept = {")[2].split("    read = {")

    for key in SENSITIVE:
        assert f"{key!r}: " not in kept
    for key in SENSITIVE - of.read - of.seen:
        assert f"{key!r}: " not in read
    for key in of.seen:
        assert f"{key!r}: {THERE!r} if " in read


@pytest.mark.parametrize("profile", PROFILES)
def test_a_usual_message_hands_over_nothing_else(profile: str) -> None:
    """Its row holds the allow-listed fields in their order, and beside them the two that a card is made of (T-01)."""
    spoken = speak(profile)
    of, version = wanted(spoken), spoken.profile.version
    keys = ["t", "p", "1", *map(str, [*range(2, 65), *range(66, 129)])]
    found = dict.fromkeys([key for key in keys if key not in UNUSUAL], "") | {"t": f"{version}200"}
    source = Plans(spoken.profile.spec, of).shorter(found)
    assert source is not None
    fields, _, end = source.text.partition("    fields = (\n")[2].partition("\n    )\n    return ")
    first, *_, back, last = end.rstrip().split(", ")

    assert not {*of.bare, *of.plain} & SENSITIVE
    assert len(of.bare) + len(of.plain) == len(fields.splitlines())
    assert (repr(f"{version}200"), "back", "fields") == (first, back, last)


def test_a_plan_holds_nothing_of_a_message() -> None:
    """The source is made of the table and the numbers of fields."""
    speaker = codec()
    source = speaker.decoding(speaker.encode(purchase("iso87-ascii")))

    assert source is not None
    for value in purchase("iso87-ascii").values():
        assert value == "0200" or f"{value}" not in source


def test_lengths_are_those_that_fit() -> None:
    """A table of lengths has what the field may say, as the peer writes it, and nothing else."""

    assert lengths("ascii", 1, 2) == {b"0": 0, b"1": 1, b"2": 2}
    assert lengths("b", 1, 1) == {b"\x00": 0, b"\x01": 1}
    assert lengths("bcd", 1, 200)[b"\x99"] == 99 == max(lengths("bcd", 1, 200).values())
    assert lengths("cp500", 2, 19)[b"\xf1\xf9"] == 19
    assert b"+5" not in lengths("ascii", 2, 99)
    assert (capacity("b", 2), capacity("bcd", 2), capacity("ascii", 3)) == (65535, 9999, 999)


@pytest.mark.parametrize("encoding", ["latin-1", "cp500", "cp037", "cp437"])
def test_texts_that_can_be_cut(encoding: str) -> None:
    """Where each byte is one character, a place in the text is a place in the frame."""
    assert one_to_one(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp874", "utf-8", "utf-16", "unicode_escape", "hex", "no such thing"])
def test_texts_that_cannot(encoding: str) -> None:
    """Half a code page, several bytes to a character, no text at all."""
    assert not one_to_one(encoding)
