"""The short form of the campaign against bad hosts, and its mutants."""

import os
import subprocess
import sys
from random import Random

import pytest

from bench.memory import resident
from tests.endurance.gauge import look
from tests.endurance.hosts import run
from tests.endurance.mutants import MOST, mutant

FRAMES = [b"0200" + bytes(range(40)), b"0800" + b"7" * 3000]


def test_bad_hosts_harm_nobody() -> None:
    """Every attack for a moment, and broken frames of every profile; the whole reckoning."""
    run(seed=11, frames=2400, seconds=0.2, rounds=1).check()


def test_a_writer_is_counted_once() -> None:
    """What a service has started holds counts with it, and can be taken off again."""
    alone = look(os.getpid(), 0.0)
    with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1) as child:
        child.stdout.readline() if child.stdout else None
        both, held = look(os.getpid(), 0.0), resident(child.pid)
        child.communicate(b"\n")

    assert pytest.approx(held, abs=1.0) == both.memory - alone.memory
    assert pytest.approx(held, abs=1.0) == both.started - alone.started


def test_a_mutant_is_a_frame() -> None:
    """Never empty, which would be a sign of life, and never longer than a link takes; hardly ever as it was."""
    dice = Random(1)
    mutants = [mutant(FRAMES, dice) for _ in range(5000)]

    assert {len(one) in range(1, MOST + 1) for one in mutants} == {True}
    assert sum(one in FRAMES for one in mutants) < 50


def test_a_seed_makes_the_same_mutants() -> None:
    """What was found once is found again."""
    one, other = ([mutant(FRAMES, dice) for _ in range(100)] for dice in (Random(7), Random(7)))

    assert one == other
