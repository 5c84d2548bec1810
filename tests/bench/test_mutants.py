"""Frames broken at random: the same ones for the same seed, and the same to us and to the library."""

from math import inf
from random import Random

from bench.mutants import compare, mutant
from iso_alert.iso.codec import Codec
from tests.fixtures import KEYRING
from tests.iso.messages import codec, purchase, speak


def test_a_seed_makes_the_same_mutants() -> None:
    """Whoever finds a difference can tell how to find it again."""
    frame = codec().encode(purchase("iso87-ascii"))
    one, other = ([mutant(frame, dice) for _ in range(50)] for dice in (Random(7), Random(7)))

    assert one == other
    assert len(set(one)) > 40


def test_both_say_the_same() -> None:
    """Most mutants are refused, some are not, and nobody sees one differently."""
    spoken = speak("edc-bcd-tpdu")
    found = compare(Codec(spoken, KEYRING, 1), Codec(spoken, KEYRING, inf), 300, 1)

    assert found["different"] == 0
    assert 0 < found["refused"] < found["mutants"] == 300


def test_a_difference_would_be_seen() -> None:
    """A judge that keeps other fields disagrees."""
    plain, enrolling = (Codec(speak("iso87-ascii", enrolment=yes), KEYRING, 1) for yes in (False, True))

    assert compare(plain, enrolling, 2000, 1)["different"] > 0
