"""What waits to be sent: who may go, what came of it, and what a crash leaves behind."""

from collections.abc import Callable

import pytest

from iso_alert.domain.alert import TRANSITIONS, AlertState, Happening
from iso_alert.domain.card import Kind
from iso_alert.domain.money import Money
from iso_alert.domain.text import Language
from iso_alert.store.port import Lease, Outbox, Taken, Untaken
from tests.support.bank import NOW, card_line, reversal, sale, subscription_line
from tests.support.engines import PLENTY, ROUTE, Kept

QUEUED = AlertState.QUEUED


def not_taken(lease: Lease, state: AlertState = QUEUED, at: float = NOW, **more: float) -> Untaken:
    return Untaken(lease.alert, state, "ESME_RTHROTTLED", at, **more)  # type: ignore[arg-type]


# ---- claiming


def test_claims_are_bounded(kept: Kept) -> None:
    """No more than was asked for, oldest first."""
    kept.subscribe(1, 2, 3)
    kept.record(sale(1), sale(2), sale(3))

    assert kept.texts(kept.claim(limit=2)) == [("C1", "approval"), ("C2", "approval")]
    assert kept.texts(kept.claim(limit=2)) == [("C3", "approval")]
    assert kept.claim() == []


LEFT = ((Kind.CREDIT, Money(45_000_000)),)  # a balance makes the published Thai text, which has two parts


def in_thai(kept: Kept, *serials: int) -> None:
    """Subscribers whose alerts have two parts."""
    kept.store.import_cards([card_line(serial) for serial in serials])
    kept.store.import_subscriptions([subscription_line(serial, Language.TH) for serial in serials], NOW)


def test_room_is_counted_in_parts(kept: Kept) -> None:
    """A Thai alert takes two of the SMS that may wait for an answer, an English one one; what does not fit waits."""
    in_thai(kept, 1, 3)
    kept.subscribe(2)
    kept.record(*(sale(n, balances=LEFT) for n in (1, 2, 3)))

    assert kept.texts(kept.claim(limit=4)) == [("C1", "approval"), ("C2", "approval")]
    assert kept.texts(kept.claim(limit=4)) == [("C3", "approval")]


def test_what_is_larger_than_the_room_goes_alone(kept: Kept) -> None:
    """Where one SMS may wait for its answer, an alert of two goes all the same, one after the other."""
    in_thai(kept, 1, 2)
    kept.record(*(sale(n, balances=LEFT) for n in (1, 2)))

    assert kept.texts(kept.claim(limit=1)) == [("C1", "approval")]
    assert kept.texts(kept.claim(limit=1)) == [("C2", "approval")]


def test_a_batch_leases_what_has_room(kept: Kept) -> None:
    """Whole alerts only: nobody waits for the other half of one that was leased with its message."""
    in_thai(kept, 1, 2)
    kept.subscribe(3)
    _, leases = kept.record(*(sale(n, balances=LEFT) for n in (1, 2, 3)), room=3)

    assert kept.texts(leases) == [("C1", "approval"), ("C3", "approval")]


def test_a_lane_is_claimed_one_by_one(kept: Kept) -> None:
    """The cancellation goes when the approval is accepted, and not before."""
    kept.subscribe(1)
    kept.record(sale(), reversal(sale()))
    (approval,) = kept.claim()

    assert kept.claim() == []

    kept.take(approval)

    assert kept.texts(kept.claim()) == [("C1", "cancel")]


def test_nobody_passes_those_that_wait_for_their_turn(kept: Kept) -> None:
    """When there is room again what came in the meantime goes first; what is new goes by itself once nobody waits."""
    kept.subscribe(1, 2, 3, 4)
    kept.record(sale(1), sale(2))
    late = kept.lease(sale(3))

    assert (late, kept.texts(kept.claim())) == ([], [("C1", "approval"), ("C2", "approval"), ("C3", "approval")])
    assert kept.texts(kept.lease(sale(4))) == [("C4", "approval")]


def test_who_stands_behind_another_hinders_no_other_card(kept: Kept) -> None:
    """The second alert of a card waits for the first; those of other cards go at once, and it is still found."""
    kept.subscribe(1, 2)
    (first,) = kept.lease(sale(1, 1))
    behind, other, third = kept.lease(sale(1, 2)), kept.lease(sale(2)), kept.lease(sale(1, 3))
    kept.take(first)
    (second,) = kept.claim()

    assert (behind, kept.texts(other), third, kept.claim()) == ([], [("C2", "approval")], [], [])

    kept.take(second)

    assert [lease.alert > second.alert > first.alert for lease in kept.claim()] == [True]


def test_a_second_try_goes_by_the_time_from_which_it_waits(kept: Kept) -> None:
    """Not behind all that came while it waited, and not before what was there already."""
    kept.subscribe(1, 2, 3)
    (again,) = kept.lease(sale(1))
    kept.record(sale(2), now=NOW + 1)
    kept.store.settle([not_taken(again, pause=5.0)])
    kept.record(sale(3), now=NOW + 9)

    assert kept.texts(kept.claim(NOW + 10)) == [("C2", "approval"), ("C1", "approval"), ("C3", "approval")]


def test_in_a_queue_a_card_keeps_its_order(kept: Kept) -> None:
    """However few go at a time, and whatever of it is tried again."""
    kept.subscribe(1, 2)
    kept.record(*(sale(card, stan) for stan in range(4) for card in (1, 2)))
    went = list[int]()
    for turn in range(40):
        for lease in kept.claim(NOW + turn, limit=1 + turn % 2):
            if lease.attempts < turn % 3:
                kept.store.settle([not_taken(lease, at=NOW + turn, pause=turn % 4)])
            else:
                kept.take(lease, f"id{turn}{lease.alert}")
                went.append(lease.alert)

    by_card = [[alert for (alert,) in kept.query(f"SELECT id FROM alert WHERE lane = {lane}")] for lane in (1, 2)]
    assert [[alert for alert in went if alert in among] for among in by_card] == [sorted(among) for among in by_card]


@pytest.mark.parametrize("state", [AlertState.REFUSED, AlertState.GIVEN_UP, AlertState.UNKNOWN])
def test_a_lane_goes_on_after_a_failure(kept: Kept, state: AlertState) -> None:
    """An alert that will never go does not hold up those behind it."""
    kept.subscribe(1)
    kept.record(sale(1, 1), sale(1, 2))
    (first,) = kept.claim()
    kept.store.settle([not_taken(first, state)])

    assert [lease.alert > first.alert for lease in kept.claim()] == [True]
    assert kept.states() == [state.value, "sending"]


def test_a_card_that_waits_its_time_keeps_its_order(kept: Kept) -> None:
    """A throttled alert is tried again before the next of its card; other cards pass it meanwhile."""
    kept.subscribe(1, 2)
    kept.record(sale(1, 1), sale(1, 2), sale(2, 1))
    first, other = kept.claim()
    kept.store.settle([not_taken(first, pause=5.0)])

    assert kept.claim(NOW + 4.9) == []

    (again,) = kept.claim(NOW + 5)

    assert (again.alert, again.attempts, again.text) == (first.alert, 1, first.text)
    assert other.mobile != first.mobile


def test_the_next_due_time_is_told(kept: Kept) -> None:
    """The courier sleeps until something may go; what is due already, or nothing, is no reason to wake later."""
    kept.subscribe(1)
    kept.record(sale())
    before = kept.store.next_due(NOW)
    (lease,) = kept.claim()
    kept.store.settle([not_taken(lease, pause=5.0)])

    assert (before, kept.store.next_due(NOW), kept.store.next_due(NOW + 5)) == (None, NOW + 5, None)


def test_a_held_cancellation_waits(kept: Kept) -> None:
    """A reversal whose sale is not here waits a little for it; nobody reads "Reversed" before "Paid"."""
    kept.subscribe(1)

    assert kept.lease(reversal(sale())) == []
    assert kept.claim(NOW + 4.9) == []
    assert kept.texts(kept.claim(NOW + 6)) == [("C1", "cancel")]


def test_a_withdrawn_alert_never_goes(kept: Kept) -> None:
    """The sale comes after its reversal: what the reversal alone would have said is replaced."""
    kept.subscribe(1)
    kept.record(reversal(sale()))
    kept.record(sale(arrived_at=NOW + 2), now=NOW + 2)
    (approval,) = kept.claim(NOW + 60)
    kept.take(approval)
    (cancel,) = kept.claim(NOW + 60)

    assert kept.texts([approval, cancel]) == [("C1", "approval"), ("C1", "cancel")]
    assert sorted(kept.states()) == ["accepted", "sending", "withdrawn"]


# ---- settling


def test_settling_twice_changes_nothing(kept: Kept) -> None:
    """The same answer may be written again when the first commit was in doubt."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    for _ in range(2):
        kept.take(lease)

    assert (kept.states(), kept.count("part")) == (["accepted"], 1)


@pytest.mark.parametrize("state", [QUEUED, AlertState.REFUSED, AlertState.GIVEN_UP, AlertState.UNKNOWN])
def test_failing_twice_is_failing_once(kept: Kept, state: AlertState) -> None:
    """Attempts count answers, not how often they were written down."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    for _ in range(2):
        kept.store.settle([not_taken(lease, state, doubt=True)])

    assert kept.query("SELECT state, attempts, doubts FROM alert") == [(state.value, 1, 1)]


def test_a_late_failure_does_not_undo_an_acceptance(kept: Kept) -> None:
    """What the SMSC has taken is not sent again."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    kept.take(lease)
    kept.store.settle([not_taken(lease)])

    assert (kept.states(), kept.claim(NOW + 999)) == (["accepted"], [])


def test_only_the_missing_part_goes_again(kept: Kept) -> None:
    """Of two parts the first was accepted and the second throttled: the lease says which one the SMSC has."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    kept.store.settle([Taken(lease.alert, 1, 2, ROUTE, ("a",), NOW), not_taken(lease)])
    (again,) = kept.claim()

    assert again.done == {1}

    kept.take(again, "b", n=2, parts=2)

    assert kept.states() == ["accepted"]


def test_a_part_alone_is_not_the_whole(kept: Kept) -> None:
    """The same part accepted twice, by two ids, leaves the other one missing."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    kept.take(lease, "a", n=1, parts=2)
    kept.take(lease, "b", n=1, parts=2)

    assert kept.states() == ["sending"]


def test_what_was_never_written_is_no_attempt(kept: Kept) -> None:
    """A connection that broke before the bytes were out counts against nobody."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    kept.store.settle([Untaken(lease.alert, QUEUED, "not written", NOW, counts=False)])

    assert [(again.attempts, again.doubts) for again in kept.claim()] == [(0, 0)]


# ---- after a crash


def test_a_crash_puts_back_what_was_on_its_way(kept: Kept) -> None:
    """Perhaps sent, perhaps not: once more, marked as in doubt; what waited is not touched."""
    kept.subscribe(1, 2)
    kept.record(sale(1), sale(2), room=1)
    kept.reopen()

    assert kept.store.recover() == 1

    again = {lease.mobile[-2:]: lease.doubts for lease in kept.claim()}

    assert again == {"01": 1, "02": 0}


def test_after_every_crash_it_goes_again(kept: Kept) -> None:
    """It is leased a moment before it is written: perhaps nobody was ever told.  The next of the card waits."""
    kept.subscribe(1)
    kept.record(sale(1, 1), sale(1, 2))
    for _ in range(2):
        kept.claim()
        kept.reopen()
        kept.store.recover()

    assert kept.states() == ["queued", "queued"]
    assert [lease.doubts for lease in kept.claim()] == [2]


def test_recovering_twice_is_recovering_once(kept: Kept) -> None:
    """A start that fails after it has recovered is simply made again."""
    kept.subscribe(1)
    kept.lease(sale())

    assert (kept.store.recover(), kept.store.recover()) == (1, 0)
    assert kept.states() == ["queued"]


def test_a_crash_forgets_no_accepted_part(kept: Kept) -> None:
    """The first part was accepted before the crash; only the second is in doubt."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    kept.take(lease, "a", n=1, parts=2)
    kept.reopen()
    kept.store.recover()

    assert [again.done for again in kept.claim()] == [frozenset({1})]


def test_a_crash_brings_back_what_waits_for_its_time(kept: Kept) -> None:
    """A throttled alert waits its time out, restart or not."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    kept.store.settle([not_taken(lease, pause=300.0)])
    kept.reopen()

    assert (kept.store.recover(), kept.claim(NOW + 299), len(kept.claim(NOW + 300))) == (0, [], 1)


# ---- figures


def test_the_outbox_tells_how_much_waits_and_since_when(kept: Kept) -> None:
    """Queued, on its way, and the age of the oldest; settled alerts do not count."""
    kept.subscribe(1, 2, 3)
    empty = kept.store.outbox()
    kept.record(sale(1), now=NOW)
    kept.record(sale(2), sale(3), now=NOW + 10)
    first, _ = kept.claim(limit=2)
    both = kept.store.outbox()
    kept.take(first)

    assert empty == Outbox(0, 0, None)
    assert both == Outbox(1, 2, NOW)
    assert kept.store.outbox() == Outbox(1, 1, NOW + 10)


# ---- the table of states


def state_after(kept: Kept, happening: Happening, lease: Lease) -> None:
    """Let it happen to an alert that is being sent."""
    verbs: dict[Happening, Callable[[], object]] = {
        Happening.ACCEPTED: lambda: kept.take(lease),
        Happening.AGAIN_LATER: lambda: kept.store.settle([not_taken(lease)]),
        Happening.IN_DOUBT: lambda: kept.store.recover(),
        Happening.REFUSED: lambda: kept.store.settle([not_taken(lease, AlertState.REFUSED)]),
        Happening.TOO_OLD: lambda: kept.store.settle([not_taken(lease, AlertState.GIVEN_UP)]),
        Happening.DOUBTED_TWICE: lambda: kept.store.settle([not_taken(lease, AlertState.UNKNOWN)]),
    }
    verbs[happening]()


SENDING = [(happening, after) for (before, happening), after in TRANSITIONS.items() if before is AlertState.SENDING]


@pytest.mark.parametrize(("happening", "after"), SENDING, ids=lambda value: value.name.lower())
def test_the_store_moves_as_the_table_says(kept: Kept, happening: Happening, after: AlertState) -> None:
    """Every step out of `sending` ends where the domain's table puts it."""
    kept.subscribe(1)
    (lease,) = kept.lease(sale())
    state_after(kept, happening, lease)

    assert kept.states() == [after.value]
    assert len(kept.claim(NOW + PLENTY)) == (after is QUEUED)
