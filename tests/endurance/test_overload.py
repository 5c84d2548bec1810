"""The overload in its short form, and what its judgement would see."""

from tests.endurance.overload import back, out_of_order, run


def test_some_seconds_of_it() -> None:
    """What was taken is answered and told, whatever was offered."""
    report = run(seed=1, seconds=1.0, connections=4, before=2, after=2)
    broken = {fact.says for fact in report.broken}

    assert not {says for says in broken if any(word in says for word in ("store", "alert", "answer", "waits with"))}


def test_recovery_is_the_last_slow_second() -> None:
    """It counts from the end of the flood to the end of the last second that was slow; one relapse counts."""
    neighbour = [(10.0, 9.0), (11.0, 9.0), (12.0, 0.01), (13.0, 9.0), (14.0, 0.01)]

    assert back(neighbour, ended=11.5, limit=0.1) == 2.5
    assert back(neighbour, ended=20.0, limit=0.1) == 0.0


def test_alerts_of_a_card_that_swap_places_are_seen() -> None:
    """Those of two cards may come as they like."""
    lanes = [(1, 100), (2, 200), (1, 101)]

    assert out_of_order(lanes, {200: 0, 100: 1, 101: 2}) == []
    assert out_of_order(lanes, {101: 0, 200: 1, 100: 2}) == [(100, 101)]
