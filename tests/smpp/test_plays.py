"""Every dialogue in `fixtures/smpp/` goes as it is written there."""

from pathlib import Path

import pytest

from .play import play

PLAYS = sorted((Path(__file__).parents[2] / "fixtures" / "smpp").glob("*.toml"))


@pytest.mark.parametrize("file", PLAYS, ids=lambda file: file.stem)
def test_play(file: Path) -> None:
    """The session says, writes and becomes what the play says, at every step."""
    play(file)


def test_there_are_plays() -> None:
    """An empty folder would pass unseen."""

    assert len(PLAYS) >= 25
