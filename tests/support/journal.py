"""A deployment whose journal holds a sale, its void and a stranger's refund, for commands that look into it."""

from pathlib import Path

from attrs import evolve, field, frozen

from iso_alert.store.port import Confirmed, Taken
from tests.support.bank import NOW, SALE, sale
from tests.support.deployment import deploy
from tests.support.engines import sqlite

ROUTE, SECOND = "operator", "operator-2"


@frozen
class Journal:
    """Where it is, and what the first sale's alert is called."""

    config: Path
    alert: int
    numbers: list[int] = field(factory=list)


def journal(directory: Path) -> Journal:
    """Sale and void were told and delivered, over a route each; a small sale of another card was not told."""
    kept = sqlite(directory)
    kept.subscribe(1, 2)
    void = sale(
        1, 2, rrn=sale().rrn, key=2, facts=evolve(SALE, processing="02", void_code="yes"), arrived_at=NOW + 60,
        transmitted_at=int(NOW) + 60, local_time="151603",
    )  # fmt: skip
    small = sale(2, 3, amount=evolve(sale().amount, minor=9900), rrn="632800000003", key=3)
    recorded, leases = [], []
    for n, each in enumerate((sale(), void, small)):
        done, taken = kept.record(each, room=10, now=NOW + 60 * n)
        recorded += done
        leases += taken
        for lease in taken:
            way = SECOND if n else ""
            took = Taken(lease.alert, 1, 1, ROUTE, (f"id{lease.alert}",), NOW + 60 * n + 0.02, way=way)
            kept.store.settle([took])
            said = Confirmed(ROUTE, (f"id{lease.alert}",), lease.mobile, "DELIVRD", True, "000", NOW + 60 * n + 1.5)
            kept.store.settle([said])
    kept.store.close()
    return Journal(deploy(directory), leases[0].alert, [one.number or 0 for one in recorded])


def add_sale(directory: Path, stan: int) -> None:
    """Another sale of the first card, five minutes later."""
    kept = sqlite(directory)
    kept.record(sale(1, stan, arrived_at=NOW + 300), now=NOW + 300)
    kept.store.close()
