"""What a person sees of a campaign: its options, its figures, what did not hold, and how to see it again."""

import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from tests.endurance.__main__ import CAMPAIGNS, main
from tests.endurance.report import Report


def tiny(*, seed: int, times: int = 3, only: str = "") -> Report:
    """A campaign in which everything above two times breaks."""
    report = Report()
    report.figure("messages", 12_345)
    report.figure("wait, s", 0.25)
    part = report.about("a part")
    part.none("few times", range(3, times + 1))
    part.fact("a seed is given", seed >= 0)
    part.skip("the other half", "no such machine")
    return report


@pytest.fixture(autouse=True)
def _campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CAMPAIGNS, "tiny", "A test of tests.")
    monkeypatch.setitem(sys.modules, "tests.endurance.tiny", SimpleNamespace(run=tiny))


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_campaign_can_be_asked_for(name: str) -> None:
    """Each is a module with a `run`, and each takes a seed."""
    done = typed(name, "--help")

    assert done.exit_code == 0
    assert "--seed" in done.output


def test_what_holds_leaves_with_0() -> None:
    """Figures in a table, facts one by one, and what was not tried with its reason."""
    done = typed("tiny", "--times", "2")

    assert done.exit_code == 0
    assert "12,345" in done.output
    assert "0.250" in done.output
    assert "held    a part: few times" in done.output
    assert "skipped a part: the other half: no such machine" in done.output


def test_what_breaks_leaves_with_1_and_its_seed() -> None:
    """The fact is named, with some of what broke it, and the command that does it again."""
    done = typed("tiny", "--seed", "7", "--times", "10")

    assert done.exit_code == 1
    assert "broken: a part: few times: 3, 4, 5, 6, 7 … 8 in all" in done.output
    assert "python -m tests.endurance tiny --seed 7 --times 10 --only ''" in done.output


def test_without_a_seed_one_is_drawn_and_told() -> None:
    """Whoever sees something odd can see it again."""
    words = typed("tiny").output.splitlines()[-1].split()

    assert words[:5] == ["python", "-m", "tests.endurance", "tiny", "--seed"]
    assert words[5].isdecimal()
