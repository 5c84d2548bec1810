"""Answers that come when an alert waits to go again, or has been given up: what they still change, and what not."""

import pytest

from iso_alert.domain.alert import TRANSITIONS, AlertState, Happening
from iso_alert.store.port import Lease, Taken, Undoubted, Untaken
from tests.support.bank import NOW, sale
from tests.support.engines import ROUTE, Kept

HISTORY = "SELECT state, doubts FROM alert"


def in_doubt(kept: Kept, state: AlertState = AlertState.QUEUED) -> Lease:
    """An alert that was written and not answered, and what became of it."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    kept.store.settle([Untaken(lease.alert, state, "in doubt", NOW, doubt=True)])
    return lease


@pytest.mark.parametrize("state", AlertState)
def test_a_late_yes_moves_as_the_table_says(kept: Kept, state: AlertState) -> None:
    """It settles what waits or is unknown; what has another end keeps it."""
    lease = in_doubt(kept)
    kept.query(f"UPDATE alert SET state = '{state.value}'")
    kept.take(lease)

    assert kept.states() == [TRANSITIONS.get((state, Happening.ACCEPTED), state).value]


def test_a_late_yes_lets_the_next_one_go(kept: Kept) -> None:
    """The card's next alert waits for it no longer, and goes in the same commit."""
    lease = in_doubt(kept)
    kept.record(sale(1, 2))
    settled = kept.store.settle([Taken(lease.alert, 1, 1, ROUTE, ("id",), NOW)], NOW, 10)

    assert [again.alert > lease.alert for again in settled.leases] == [True]


def test_a_late_yes_to_a_part_leaves_the_others(kept: Kept) -> None:
    """The next lease says which part the SMSC has."""
    lease = in_doubt(kept)
    kept.take(lease, "a", n=2, parts=2)

    assert [again.done for again in kept.claim()] == [frozenset({2})]


def test_a_doubt_is_lifted_once(kept: Kept) -> None:
    """The same may be written again when the first commit was in doubt; people can read why."""
    lease = in_doubt(kept)
    for _ in range(2):
        kept.store.settle([Undoubted(lease.alert, lease.doubts, "answered late")])

    assert kept.query("SELECT state, doubts, cause FROM alert") == [("queued", 0, "answered late")]


def test_only_its_own_doubt_is_lifted(kept: Kept) -> None:
    """A crash before it left another one."""
    kept.subscribe(1)
    kept.lease(sale())
    kept.reopen()
    kept.store.recover()
    (lease,) = kept.claim()
    kept.store.settle([Untaken(lease.alert, AlertState.QUEUED, "in doubt", NOW, doubt=True)])
    kept.store.settle([Undoubted(lease.alert, lease.doubts, "answered late")])

    assert kept.query(HISTORY) == [("queued", 1)]


def test_what_is_unknown_keeps_its_doubts(kept: Kept) -> None:
    """Nobody will send it again, so what one copy did not come to says nothing of the other."""
    lease = in_doubt(kept, AlertState.UNKNOWN)
    kept.store.settle([Undoubted(lease.alert, 0, "answered late")])

    assert kept.query(HISTORY) == [("unknown", 1)]
