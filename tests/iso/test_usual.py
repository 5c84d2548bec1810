"""A usual message is read the short way, and what comes of it is what the long way makes."""

from collections.abc import Iterator
from math import inf
from typing import Any

import iso8583
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.mutants import at_length, shortly
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Decision, Dialect
from tests.fixtures import KEYRING, READ, WHOLE, each
from tests.iso.messages import PROFILES, codec, purchase, speak
from tests.iso.test_mutations import FRAMES, edits, mutate

EAGER = {profile: Codec(speak(profile), KEYRING, 1) for profile in PROFILES}
JUDGE = {profile: Codec(speak(profile), KEYRING, inf) for profile in PROFILES}


def learnt(dialect: Dialect, frame: bytes) -> Codec:
    """A codec that has a plan for such frames, if there is one."""
    eager = Codec(dialect, KEYRING, 1)
    eager.decode(frame)
    return eager


@each(WHOLE)
def test_fixtures(fixture: Any) -> None:
    """Of every fixture, also of the broken ones."""
    dialect, frame = fixture.dialect(), fixture.frame()
    short = shortly(learnt(dialect, frame), frame)

    assert short is None or short == at_length(Codec(dialect, KEYRING, inf), frame)


def test_most_fixtures_of_payments_are_usual() -> None:
    """The short way is taken, by messages of every profile."""
    frames = ((fixture, fixture.frame()) for fixture in READ)
    ways = {fixture.profile for fixture, frame in frames if shortly(learnt(fixture.dialect(), frame), frame)}

    assert set(PROFILES) <= ways


@pytest.mark.parametrize("profile", PROFILES)
@given(st.data(), edits)
@settings(max_examples=200)
def test_mutated_frames(profile: str, data: st.DataObject, changes: list[tuple[int, bytes | None]]) -> None:
    """A frame of a known kind with a few bytes changed is read to the same, or left to the long way."""
    frame = data.draw(st.sampled_from(FRAMES[profile]))
    EAGER[profile].decode(frame)
    mutant = mutate(frame, changes)
    short = shortly(EAGER[profile], mutant)

    assert short is None or short == at_length(JUDGE[profile], mutant)


TEXTS = {  # what a host may write where a text stands, blanks and all
    "37": ["      123456", "ABC         ", " " * 12, "\0" * 12],
    "38": ["123456", "000000", "      ", "12    "],
    "41": ["TERM0001", "        ", "T       ", "      T1"],
    "42": ["MERCHANT0000001", " " * 15, "  SHOP         "],
    "43": ["COMPANY NAME".ljust(38) + "TH", "ABROAD".ljust(38) + "US", " " * 40],
    "22": ["051", "   ", "812"],
    "25": ["00", "  ", "08"],
    "18": ["5411", "    ", "6011"],
    "24": ["003", "200"],
    "12": ["151503", "      "],
    "13": ["1123", "    "],
    "7": ["1123081503", "0000000000", "0229999999"],
    "4": ["000000250000", "000000000000"],
    "32": ["12345", "00012", ""],
    "49": ["764", "840", "THB", "xyz"],
    "54": ["3002764C000045000000", "0002764D000000000100", "000000000500", "3002764C000045000000" * 2, ""],
    "39": ["00", "51", "  "],
    "2": ["4539578763621486", ""],
    "35": ["4539578763621486=30121010000000000000", "nothing", ""],
    "55": ["", "9F26"],
}


def written(fields: dict[str, str]) -> Iterator[bytes]:
    """The frame, unless pyiso8583 cannot write it."""
    try:
        yield bytes(iso8583.encode(dict(fields), speak("iso87-ascii").profile.spec.rows)[0])
    except iso8583.EncodeError:
        return


@given(
    st.sampled_from(["0100", "0101", "0120", "0200", "0220", "0400", "0420", "0421"]),
    st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in TEXTS.items()}),
    st.sampled_from(Decision),
)
@settings(max_examples=400)
def test_any_fields_in_any_decision(mti: str, fields: dict[str, str], decision: Decision) -> None:
    """Whatever is there or absent, blank or odd, the two ways agree."""
    dialect = evolve(speak("iso87-ascii"), decision=decision)
    for frame in written({"t": mti, "3": "003000", "11": "000001", **fields}):
        short = shortly(learnt(dialect, frame), frame)

        assert short is None or short == at_length(Codec(dialect, KEYRING, inf), frame)


@pytest.mark.parametrize(
    "changed",
    [{"t": "0210"}, {"t": "0800"}, {"t": "0320"}, {"t": "0500"}, {"t": "1200"}, {"6": "0" * 12}, {"90": "0" * 42}],
    ids=str,
)
def test_others_are_not(changed: dict[str, str]) -> None:
    """An answer, a word about the link, an upload, another version, sums in other currencies, an original."""
    speaker = codec("iso87-ascii")
    frame = speaker.encode({**purchase("iso87-ascii"), **changed})

    assert shortly(learnt(speaker.dialect, frame), frame) is None


def test_codes_that_cannot_be_cut_make_nothing_usual() -> None:
    """Where DE39 of an answer must be encoded, all answers are."""
    profile = speak("iso87-ascii").profile
    dialect = evolve(speak("iso87-ascii"), profile=evolve(profile, codes=evolve(profile.codes, recorded="0")))
    frame = codec("iso87-ascii").encode(purchase("iso87-ascii"))

    assert shortly(learnt(dialect, frame), frame) is None
