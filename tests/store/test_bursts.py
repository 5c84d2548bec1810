"""Small purchases are counted while a policy asks for it, whatever the policy asked for when they came."""

from attrs import evolve

from iso_alert.domain.decision import Rulebook
from iso_alert.domain.money import Money
from iso_alert.domain.policy import Burst, Policy
from iso_alert.domain.reason import Reason
from tests.support.bank import NOW, book, sale
from tests.support.engines import Kept

SMALL = Money(10_000)
DAY = 86_400


def counting(**burst: int) -> Rulebook:
    """The shipped tables, and three small purchases are told as one."""
    versions = [evolve(version, burst=Burst(on=True, **burst)) for version in book().policy.versions]
    return evolve(book(), policy=Policy(versions))


def buy(kept: Kept, stan: int, by: Rulebook, after: float = 0.0) -> Reason:
    """What a small purchase comes to."""
    at = NOW + after
    of = sale(1, stan, amount=SMALL, arrived_at=at, happened_at=int(at))
    ((recorded,), _) = kept.store.record([of], by, at, 0)
    assert recorded.decision
    return recorded.decision.reason


def test_what_came_before_the_policy_counts(kept: Kept) -> None:
    """A policy that begins to count looks back as far as it ever will."""
    kept.subscribe(1)
    silent = [buy(kept, 1, book()), buy(kept, 2, book(), 1.0)]

    assert silent == [Reason.BELOW_THRESHOLD] * 2
    assert buy(kept, 3, counting(), 2.0) is Reason.BURST_TOLD


def test_what_came_while_nobody_counted_counts(kept: Kept) -> None:
    """Counting may be switched off, and on again; a restart between changes nothing."""
    kept.subscribe(1)
    buy(kept, 1, counting())
    buy(kept, 2, book(), 1.0)
    kept.reopen()

    assert buy(kept, 3, counting(), 2.0) is Reason.BURST_TOLD


def test_a_policy_that_looks_back_further_finds_more(kept: Kept) -> None:
    """What the last policy need not look at was never counted."""
    kept.subscribe(1)
    buy(kept, 1, book())
    buy(kept, 2, counting(), 2.0 * DAY)
    longer = counting(within=5 * DAY, sum_within=5 * DAY)

    assert buy(kept, 3, longer, 2.0 * DAY + 1) is Reason.BURST_TOLD


def test_what_was_told_counts_no_more(kept: Kept) -> None:
    """Neither when counting has been off and on again."""
    kept.subscribe(1)
    told = [buy(kept, stan, counting(), float(stan)) for stan in (1, 2, 3)]
    after = [buy(kept, stan, by, float(stan)) for stan, by in ((4, counting()), (5, book()), (6, counting()))]
    small, burst = Reason.BELOW_THRESHOLD, Reason.BURST_TOLD

    assert [small, small, burst, small, small, burst] == told + after


def test_nobody_pays_for_what_nobody_counts(kept: Kept) -> None:
    """By card, small purchases lie all over an index: it is empty unless a policy asks for it."""
    kept.subscribe(1)
    for stan in range(1, 9):
        buy(kept, stan, book())

    assert kept.query("SELECT count(small) FROM txn") == [(0,)]
