"""Every story of fixtures/threads/ comes out as it is told, however its messages come."""

from pathlib import Path
from typing import Any

from iso_alert.domain.reason import Reason
from iso_alert.store.port import Recorded
from tests.threads.player import Manner, Played, play
from tests.threads.story import Step, Story, played, read_stories

STORIES = read_stories()


def test_there_are_stories() -> None:
    """An empty folder would pass unseen."""

    assert len(STORIES) >= 40


def test_reasons_are_of_their_kind() -> None:
    """What a story calls told is a reason to tell, and what it calls silent is one to be silent."""
    told = {Reason(step.told).told for story in STORIES for step in story.messages if step.told}
    silent = {Reason(step.silent).told for story in STORIES for step in story.messages if step.silent}

    assert (told, silent) == ({True}, {False})


@played("as written", STORIES)
def test_as_written(story: Story, tmp_path: Path) -> None:
    """Each message means what the story says, and the SMS leave that it lists."""
    seen = play(story, tmp_path / "story.db")

    assert [_expected(step) for step in story.messages] == [
        _decided(step, one, reason)
        for step, one, reason in zip(story.messages, seen.decided, seen.reasons, strict=True)
    ]
    assert [step.left for step in story.steps if step.left is not None] == seen.counts
    assert _told(story) == _left(seen)
    assert seen.open == 0


@played("claimed", STORIES)
def test_claimed(story: Story, tmp_path: Path) -> None:
    """It is all one whether a commit leases its alerts or the courier claims them."""

    assert _told(story) == _left(play(story, tmp_path / "story.db", Manner(room=0)))


@played("repeated", STORIES)
def test_repeated(story: Story, tmp_path: Path) -> None:
    """A second copy and a repeat of every message find the first one, and alert nobody again."""
    seen = play(story, tmp_path / "story.db", Manner(copies=True))

    assert [None] * len(story.messages) * 2 == [one.decision for one in seen.repeats]
    assert _told(story) == _left(seen)


@played("repeated late", STORIES)
def test_repeated_late(story: Story, tmp_path: Path) -> None:
    """A host that says everything once more at the end changes nothing."""
    seen = play(story, tmp_path / "story.db", Manner(late_copies=True))

    assert [None] * len(story.messages) * 2 == [one.decision for one in seen.repeats]
    assert _told(story) == _left(seen)


@played("restarted", STORIES)
def test_restarted(story: Story, tmp_path: Path) -> None:
    """A restart before any message, or before all, changes nothing."""
    each = range(len(story.messages))
    places = [*([at] for at in each), list(each)]
    seen = [play(story, tmp_path / f"{n}.db", Manner(restart_before=before)) for n, before in enumerate(places)]

    assert [_told(story)] * len(places) == [_left(one) for one in seen]


@played("killed", STORIES)
def test_killed(story: Story, tmp_path: Path) -> None:
    """Killed after the commit of any message, before anything of it is sent, the service sends it after the restart."""
    each = range(len(story.messages))
    places = [*([at] for at in each), list(each)]
    seen = [play(story, tmp_path / f"{n}.db", Manner(killed_after=after)) for n, after in enumerate(places)]

    assert [_told(story)] * len(places) == [_left(one) for one in seen]


@played("batch", [story for story in STORIES if not story.alone])
def test_in_one_batch(story: Story, tmp_path: Path) -> None:
    """Messages that are decided in one commit see each other as if each had its own."""

    assert _told(story) == _left(play(story, tmp_path / "story.db", Manner(batched=True)))


def _told(story: Story) -> tuple[Any, Any]:
    return dict(story.sms), dict(story.withdrawn)


def _left(seen: Played) -> tuple[Any, Any]:
    return seen.sms, seen.withdrawn


def _expected(step: Step) -> dict[str, Any]:
    """What the story says of a message, as far as it says anything."""
    if step.repeat:
        return {"repeat": True}
    if step.waits:
        return {"waits": True, "becomes": step.becomes}
    said = {"event": step.event, "channel": step.channel, "matched_by": step.matched_by, "reason": step.reason}
    return {**{key: value for key, value in said.items() if value}, "becomes": step.becomes or step.reason}


def _decided(step: Step, one: Recorded, reason: str) -> dict[str, Any]:
    if one.decision is None:
        return {"repeat": True} if one.repeat else {"waits": True, "becomes": reason}
    it = one.decision
    seen = {
        "event": it.event.value,
        "channel": it.channel.value,
        "matched_by": it.matched_by,
        "reason": it.reason.value,
        "becomes": reason,
    }
    return {key: value for key, value in seen.items() if key in _expected(step)}
