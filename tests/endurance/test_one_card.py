"""One card of whom too much is heard: a terminal that repeats its reversal with ever new STANs."""

from pathlib import Path
from time import process_time

from iso_alert.domain.transaction import Transaction
from tests.support.bank import NOW, reversal, sale
from tests.support.engines import sqlite

BATCH = 64
SLOWER = 5  # times


def cancellation(n: int) -> Transaction:
    """It takes back what was never heard of."""
    return reversal(sale(1, n), original=None, key=n, rrn=f"9{n:011d}", terminal=f"T{n:07d}")


def test_a_card_that_is_heard_of_often_does_not_stop_the_others(tmp_path: Path) -> None:
    """The thousandth reversal takes the store about as long as the first ones: everybody waits meanwhile."""
    kept, took = sqlite(tmp_path), []
    for first in range(1, 20 * BATCH, BATCH):
        batch, began = [cancellation(n) for n in range(first, first + BATCH)], process_time()
        kept.record(*batch, now=NOW + first)
        took.append(process_time() - began)
    kept.store.close()

    assert min(took[-5:]) < SLOWER * min(took[:5])
