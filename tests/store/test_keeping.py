"""The purge: what goes, what stays, and the row that proves it (R-54, T-09)."""

import json
from collections.abc import Callable
from datetime import date

import pytest

from iso_alert.domain.command import Operation
from iso_alert.domain.news import CampaignState
from iso_alert.store.files import StatementLine
from iso_alert.store.keeping import Limits
from iso_alert.store.port import Confirmed
from tests.support.bank import NOW, card, reversal, sale
from tests.support.engines import ROUTE, Kept
from tests.support.people import AGENT, command, rules

DAY = 86_400.0
LATER = NOW + 91 * DAY


def limits(now: float = LATER, texts_days: float = 90) -> Limits:
    return Limits(now - 90 * DAY, now - texts_days * DAY, now - 365 * DAY)


def purge(kept: Kept, now: float = LATER, texts_days: float = 90) -> int:
    """To its end: in how many portions."""
    portions = 1
    while kept.store.keeping.purge(limits(now, texts_days), now):
        portions += 1
    return portions


def proof(kept: Kept) -> dict[str, int]:
    """What the newest row about a purge says is gone."""
    rows = [row.entry for row in kept.store.people.audit() if row.entry.operation == "purge"]
    gone: dict[str, int] = json.loads(rows[-1].after)["gone"]
    return {name: count for name, count in gone.items() if count}


def counts(kept: Kept) -> dict[str, int]:
    return {table: kept.count(table) for table in ("txn", "thread", "alert", "part")}


@pytest.fixture
def bank(kept: Kept) -> Kept:
    """Customer 1 was told of a purchase and of its cancellation."""
    kept.subscribe(1)
    kept.record(sale(), reversal(sale()))
    for _ in range(2):
        (lease,) = kept.claim()
        kept.take(lease)
    return kept


def test_what_is_old_goes(bank: Kept) -> None:
    """The messages, the state of their money, the SMS and their parts; cards and subscriptions stay."""
    before = counts(bank)
    purge(bank)

    assert before == {"txn": 2, "thread": 1, "alert": 2, "part": 2}
    assert counts(bank) == {"txn": 0, "thread": 0, "alert": 0, "part": 0}
    assert (bank.count("card"), bank.count("subscription")) == (1, 1)


def test_a_row_proves_it(bank: Kept) -> None:
    """T-09: who, when, before when, how much of what; the trail is sound after it."""
    purge(bank)

    assert proof(bank) == {"messages": 2, "alerts": 2, "receipts and parts": 2}
    assert bank.store.people.verify_audit() == []


def test_what_is_young_stays(bank: Kept) -> None:
    """One day fewer, and nothing goes."""
    before = counts(bank)
    purge(bank, NOW + 89 * DAY)

    assert (counts(bank), proof(bank)) == (before, {})


def test_a_thread_stays_whole(kept: Kept) -> None:
    """A sale of 91 days ago that was reversed 89 days ago: both stay, and go together."""
    kept.subscribe(1)
    kept.record(sale())
    kept.record(reversal(sale(), arrived_at=NOW + 2 * DAY), now=NOW + 2 * DAY)
    for _ in range(2):
        (lease,) = kept.claim(NOW + 2 * DAY)
        kept.take(lease)
    purge(kept)
    whole = kept.count("txn")
    purge(kept, NOW + 93 * DAY)

    assert (whole, kept.count("txn")) == (2, 0)


@pytest.mark.parametrize("claimed", [False, True])
def test_what_waits_to_be_told_stays(kept: Kept, claimed: bool) -> None:
    """An alert that is queued, or perhaps on the wire, keeps its payment; so old it is only after an outage."""
    kept.subscribe(1)
    kept.record(sale())
    if claimed:
        kept.claim()
    purge(kept)

    assert counts(kept) == {"txn": 1, "thread": 0, "alert": 1, "part": 0}


def test_a_cancellation_that_came_first_goes_with_its_sale(kept: Kept) -> None:
    """The thread is named after the later message; the SMS that was withdrawn goes too."""
    kept.subscribe(1)
    kept.record(reversal(sale()))
    kept.record(sale(arrived_at=NOW + 2), now=NOW + 2)
    while leases := kept.claim(NOW + 60):
        for lease in leases:
            kept.take(lease)
    purge(kept)

    assert counts(kept) == {"txn": 0, "thread": 0, "alert": 0, "part": 0}


def test_a_purge_takes_small_portions(kept: Kept) -> None:
    """Nobody waits for it: a hundred payments are several transactions."""
    kept.record(*(sale(1, stan) for stan in range(1, 200)))

    assert purge(kept) > 4
    assert (kept.count("txn"), proof(kept)) == (0, {"messages": 199})


def test_a_purge_that_was_broken_off_goes_on(kept: Kept) -> None:
    """With what it had begun with, and one proof of all of it; then it is done for the day."""
    kept.record(*(sale(1, stan) for stan in range(1, 200)))
    kept.store.keeping.purge(limits(), LATER)
    broken_off = kept.store.keeping.purged_at()
    kept.reopen()
    purge(kept, LATER + DAY)

    assert (broken_off, kept.store.keeping.purged_at()) == (None, LATER)
    assert proof(kept) == {"messages": 199}


def test_texts_may_go_earlier(bank: Kept) -> None:
    """What was said, and to which number; that it was said, and when, stays for the journal's time."""
    bank.query("UPDATE alert SET text = 'said'")
    purge(bank, NOW + 31 * DAY, texts_days=30)

    assert bank.query("SELECT DISTINCT text, mobile, state FROM alert") == [("", "+66*****0001", "accepted")]
    assert proof(bank) == {"texts": 2}


def test_the_text_of_what_waits_stays(kept: Kept) -> None:
    """It will be needed."""
    kept.subscribe(1)
    kept.record(sale())
    purge(kept, NOW + 31 * DAY, texts_days=30)

    assert "" not in [lease.text for lease in kept.claim(NOW + 31 * DAY)]


def test_texts_are_forgotten_also_by_a_later_purge(bank: Kept) -> None:
    """What was too young the first time."""
    purge(bank, NOW + 20 * DAY, texts_days=30)
    purge(bank, NOW + 31 * DAY, texts_days=30)

    assert proof(bank) == {"texts": 2}


def notice(kept: Kept) -> None:
    assert kept.store.people.execute(command(Operation.CANCEL), rules(), NOW).notices
    (lease,) = kept.claim()
    kept.take(lease)


def stray_receipt(kept: Kept) -> None:
    kept.store.settle([Confirmed(ROUTE, ("nobody's",), "+66812345678", "DELIVRD", True, "", NOW)])


def statement(kept: Kept) -> None:
    kept.store.files.statements([StatementLine(card(1), date(2026, 11, 20), 100, 10)])


def campaign(kept: Kept) -> None:
    kept.store.campaigns.new_campaign("ข่าว", "News", AGENT, NOW)
    kept.store.campaigns.queue_news(NOW, NOW + DAY)
    (state,) = (one.state for one in kept.store.campaigns.campaigns())
    assert state is CampaignState.DONE


OTHERS: dict[str, tuple[Callable[[Kept], None], str]] = {
    "alerts": (notice, "alert"),
    "receipts and parts": (stray_receipt, "early_receipt"),
    "statements": (statement, "statement"),
    "campaigns": (campaign, "campaign"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_no_payment_caused_goes_too(kept: Kept, what: str) -> None:
    """SMS about a subscription, receipts that fit nothing, statements, news that everybody got."""
    make, table = OTHERS[what]
    kept.subscribe(1)
    make(kept)
    before = kept.count(table)
    purge(kept)

    assert (before, kept.count(table), proof(kept)[what]) == (1, 0, 1)


def test_the_trail_goes_after_its_own_time(bank: Kept) -> None:
    """T-09: a year and more; the chain goes on from what was taken."""
    bank.store.people.set_stopped(stopped=False, actor=AGENT, now=NOW)
    purge(bank, NOW + 364 * DAY)
    kept = [row.entry.operation for row in bank.store.people.audit()]
    purge(bank, NOW + 366 * DAY)

    assert kept == ["go_on", "purge"]
    assert [row.entry.operation for row in bank.store.people.audit()] == ["purge", "purge_audit", "purge"]
    assert bank.store.people.verify_audit() == []
