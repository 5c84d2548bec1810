"""News wait for everything else: any number of them, in the same lane or not, and no claim is slower for it."""

import time

import pytest

from tests.support.bank import NOW, sale
from tests.support.engines import Kept

NEWS = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO alert (id, lane, customer, key, mobile, language, text, state, not_before, priority)
SELECT i, {lane}, 1, 'news', '+66810000001', 'th', 'news', 'queued', {not_before}, 1 FROM n
"""


def queue_news(kept: Kept, count: int, lane: str = "-1000 - i", not_before: float = 0.0) -> None:
    kept.query(NEWS.format(count=count, lane=lane, not_before=not_before))


def test_an_alert_overtakes_all_news(kept: Kept) -> None:
    """It was made last and leaves first; the news go when nothing else is due."""
    kept.subscribe(1)
    queue_news(kept, 5)
    kept.record(sale(1))

    assert [lease.key for lease in kept.claim(limit=3)] == ["approval", "news", "news"]


def test_news_do_not_stand_before_a_notice_of_their_customer(kept: Kept) -> None:
    """Not even in one lane; behind a notice they wait."""
    queue_news(kept, 1, lane="-1")
    kept.query(
        "INSERT INTO alert (id, lane, customer, key, mobile, language, text, state, not_before)"
        " VALUES (2, -1, 1, 'enrolled', '+66810000001', 'th', 'x', 'queued', 0)"
    )

    assert [lease.key for lease in kept.claim()] == ["enrolled", "news"]


def test_news_that_wait_for_the_morning_wake_the_courier_then(kept: Kept) -> None:
    """Of two priorities the one that is due first."""
    queue_news(kept, 3, not_before=NOW + 60)

    assert (kept.claim(), kept.store.next_due(NOW)) == ([], NOW + 60)


def test_the_outbox_counts_all_and_ages_none_of_the_news(kept: Kept) -> None:
    """News may wait for days; an alert that waits is trouble."""
    queue_news(kept, 3)
    waiting = kept.store.outbox()
    kept.subscribe(1)
    kept.record(sale(1))
    outbox = kept.store.outbox()

    assert (waiting.queued, waiting.oldest, outbox.queued, outbox.oldest) == (3, None, 4, NOW)


@pytest.mark.parametrize("not_before", [0.0, NOW + 60], ids=["due", "later"])
def test_a_hundred_thousand_news_do_not_slow_a_claim(kept: Kept, not_before: float) -> None:
    """A claim is some steps in an index, whatever stands behind; a scan of all would take a hundred times as long."""
    kept.subscribe(1)
    queue_news(kept, 100_000, not_before=not_before)
    kept.record(*(sale(1, stan) for stan in range(1, 20)))
    began = time.perf_counter()
    claimed = [lease.key for lease in kept.claim(limit=1)]
    took = time.perf_counter() - began

    assert claimed == ["approval"]
    assert took < 0.1
