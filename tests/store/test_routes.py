"""Orders about routes, and who has part of an alert: the same for every engine."""

from attrs import evolve

from tests.support.bank import NOW, sale
from tests.support.engines import Kept
from tests.support.people import AGENT


def test_a_drain_is_kept(kept: Kept) -> None:
    """Across a restart, with who ordered it first."""
    kept.store.routes.drain("ais", AGENT, NOW, "they mend it")
    kept.store.routes.drain("ais", evolve(AGENT, name="other"), NOW + 1, "again")
    kept.store.routes.drain("true", AGENT, NOW + 2)
    kept.reopen()

    assert [(one.route, one.at, one.actor, one.reason) for one in kept.store.routes.drained()] == [
        ("ais", NOW, AGENT.name, "they mend it"), ("true", NOW + 2, AGENT.name, ""),
    ]  # fmt: skip


def test_a_route_is_called_back(kept: Kept) -> None:
    """Once or twice; the others stay away."""
    kept.store.routes.drain("ais", AGENT, NOW)
    kept.store.routes.drain("true", AGENT, NOW)
    kept.store.routes.resume("ais", AGENT, NOW + 1)
    kept.store.routes.resume("ais", AGENT, NOW + 2)

    assert [one.route for one in kept.store.routes.drained()] == ["true"]


def test_every_order_is_in_the_trail(kept: Kept) -> None:
    """Also those that change nothing, and the trail stays sound."""
    for reason in ("one", "two"):
        kept.store.routes.drain("ais", AGENT, NOW, reason)
        kept.store.routes.resume("ais", AGENT, NOW, reason)
    rows = [(row.entry.operation, row.entry.reason, row.entry.after) for row in kept.store.people.audit()]

    operations = "drain_route", "resume_route"

    assert rows == [(one, reason, '{"route": "ais"}') for reason in ("one", "two") for one in operations]
    assert kept.store.people.verify_audit() == []


def test_who_has_part_of_an_alert(kept: Kept) -> None:
    """Of operators who are there; what others have is forgotten, and the alert begins anew."""
    kept.subscribe(1, 2, 3)
    first, second, third = kept.lease(sale(1), sale(2), sale(3))
    kept.take(first, "1", parts=2, route="ais")
    kept.take(second, "2", n=2, parts=2, route="true")
    asked = [first.alert, second.alert, third.alert]
    found = [kept.store.routes.begun(asked, {"ais"}) for _ in range(2)]

    assert found == [{first.alert: "ais"}] * 2
    assert kept.query("SELECT alert, n, route FROM part") == [(first.alert, 1, "ais")]


def test_parts_of_other_alerts_are_left_alone(kept: Kept) -> None:
    """Only what is about to be sent begins anew."""
    kept.subscribe(1, 2)
    first, second = kept.lease(sale(1), sale(2))
    for lease in (first, second):
        kept.take(lease, parts=2, route="ais")
    kept.store.routes.begun([first.alert], ())

    assert kept.query("SELECT alert FROM part") == [(second.alert,)]
