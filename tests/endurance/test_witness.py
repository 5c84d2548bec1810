"""The judge of the campaign against bad SMSCs: what it says of a store and an SMSC that do not agree."""

from collections.abc import Callable
from pathlib import Path

import pytest

from iso_alert.domain.alert import AlertState
from iso_alert.smpp.text import cut
from iso_alert.store.port import Lease, Untaken
from tests.endurance.ledger import FIRST_NUMBER, Connection, Copy, Key, Ledger
from tests.endurance.report import Report
from tests.endurance.witness import Witness
from tests.support.bank import NOW, sale
from tests.support.engines import Kept, sqlite

TROUBLES: list[tuple[str, Callable[[Kept, Ledger, list[Lease]], None]]] = []


def trouble(fact: str) -> Callable[[Callable[[Kept, Ledger, list[Lease]], None]], None]:
    """What follows breaks this fact, and no other."""
    return lambda deed: TROUBLES.append((fact, deed))


def two(kept: Kept) -> list[Lease]:
    """Alerts of two cards; one card would have to wait for itself."""
    kept.subscribe(1, 2)
    return kept.lease(sale(1), sale(2))


def key(lease: Lease) -> Key:
    return lease.mobile.lstrip("+"), cut(lease.text)[0].short_message


def came(ledger: Ledger, lease: Lease, at: float = 0.0, status: int | None = 0, after: float = 0.0) -> Copy:
    """A submit_sm for this alert, answered so many seconds later."""
    copy = ledger.came(at, key(lease), Connection(), status)
    copy.answered = None if status is None else at + after
    return copy


def doubted(kept: Kept) -> list[Lease]:
    """Two alerts that wait to go again."""
    leases = two(kept)
    kept.store.settle([Untaken(lease.alert, AlertState.QUEUED, "in doubt", NOW, doubt=True) for lease in leases])
    return kept.claim()


def taken(kept: Kept, ledger: Ledger, lease: Lease, at: float = 0.0) -> None:
    """What happens when all is well."""
    kept.take(lease, f"{came(ledger, lease, at).number:08X}")


def verdict(kept: Kept, path: Path, ledger: Ledger) -> list[str]:
    kept.store.close()
    report = Report()
    Witness(path, ledger).tell(report, [])
    return [fact.says for fact in report.broken if "answered sale" not in fact.says]  # there was no host


def test_a_good_life(tmp_path: Path) -> None:
    """Two alerts, taken in their order: nothing to complain of."""
    kept, ledger = sqlite(tmp_path), Ledger()
    for lease in two(kept):
        taken(kept, ledger, lease)

    assert verdict(kept, tmp_path / "alerts.db", ledger) == []


def test_a_copy_that_lay_unread_is_no_second_one(tmp_path: Path) -> None:
    """One connection was deaf; what it had been given went by another, was taken, and then the first one woke up."""
    kept, ledger = sqlite(tmp_path), Ledger()
    for lease in doubted(kept):
        taken(kept, ledger, lease, at=30.0)
        ledger.came(34.0, key(lease), Connection(), 0, since=0.0)

    assert verdict(kept, tmp_path / "alerts.db", ledger) == []


def test_a_copy_before_the_late_answer_is_no_sin(tmp_path: Path) -> None:
    """Nobody could know; and what the connection took along nobody knows ever after."""
    kept, ledger = sqlite(tmp_path), Ledger()
    first, second = doubted(kept)
    came(ledger, first, after=35.0)
    taken(kept, ledger, first, at=31.0)
    came(ledger, second, after=35.0).connection.ended = 36.0
    taken(kept, ledger, second, at=60.0)

    assert verdict(kept, tmp_path / "alerts.db", ledger) == []


@trouble("nothing is sent again that the SMSC has surely taken")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    taken(kept, ledger, leases[0])
    came(ledger, leases[1], after=35.0)
    kept.store.settle([Untaken(leases[1].alert, AlertState.QUEUED, "in doubt", NOW, doubt=True)])
    (again,) = kept.claim()
    taken(kept, ledger, again, at=60.0)


@trouble("what the store calls unknown was sent twice and surely answered never")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    taken(kept, ledger, leases[0])
    came(ledger, leases[1], after=35.0)
    kept.store.settle([Untaken(leases[1].alert, AlertState.UNKNOWN, "in doubt", NOW, doubt=True)])
    kept.query("UPDATE alert SET doubts = 2 WHERE state = 'unknown'")


@trouble("every alert has come to an end that has a name")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    taken(kept, ledger, leases[0])


@trouble("what the store calls accepted, the SMSC has said yes to, each part of it")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    taken(kept, ledger, leases[0])
    kept.take(leases[1], "FF")


@trouble("nothing is sent again that the SMSC has surely taken")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    for lease in leases:
        taken(kept, ledger, lease)
    came(ledger, leases[1], at=50.0, status=0x58)


@trouble("what came more than once was in doubt, and is marked so")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    taken(kept, ledger, leases[0])
    came(ledger, leases[1], status=None)
    taken(kept, ledger, leases[1])


@trouble("each card's SMS came first in the order of what happened")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    kept.query("UPDATE alert SET lane = 1")
    for lease in reversed(leases):
        taken(kept, ledger, lease)


@trouble("nothing came that the store does not know")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    for lease in leases:
        taken(kept, ledger, lease)
    ledger.came(0.0, ("66810000001", b"Paid"), Connection(), 0)


@trouble("every acknowledged receipt stands in the store")
def _(kept: Kept, ledger: Ledger, leases: list[Lease]) -> None:
    for lease in leases:
        taken(kept, ledger, lease)
    ledger.words[FIRST_NUMBER] = ["ENROUTE", "UNDELIV"]


@pytest.mark.parametrize(("fact", "deed"), TROUBLES, ids=[f"{n} {fact}" for n, (fact, _) in enumerate(TROUBLES, 1)])
def test_a_lie_is_found(tmp_path: Path, fact: str, deed: Callable[[Kept, Ledger, list[Lease]], None]) -> None:
    """Each lie breaks its fact, and that one alone."""
    kept, ledger = sqlite(tmp_path), Ledger()
    deed(kept, ledger, two(kept))

    assert verdict(kept, tmp_path / "alerts.db", ledger) == [fact]
