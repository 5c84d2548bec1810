"""The routes to the operators over the API: seen, sent away, called back."""

from typing import Any

import pytest

from iso_alert.domain.token import Role
from tests.support.bank import NOW
from tests.web.counter import Counter

ROUTES, DRAIN, RESUME = "/v1/routes", "/v1/routes/drain", "/v1/routes/resume"
AWAY = {"route": "true", "reason": "the operator mends its SMSC"}


async def test_routes_are_shown_as_they_are(bank: Counter) -> None:
    """In the order of the configuration, each with its share and its state."""
    reply = await bank.ask(Role.OPERATOR, ROUTES)

    assert [(one["name"], one["weight"], one["state"]) for one in reply.json["routes"]] == [
        ("ais", 2.0, "bound"), ("true", 1.0, "bound"),
    ]  # fmt: skip
    assert bank.audited("operation") == []


async def test_a_route_is_drained_and_resumed(bank: Counter) -> None:
    """The order is in the store with who, when and why, and in the trail, and is gone when the route is called back."""
    away = (await bank.ask(Role.OPERATOR, DRAIN, {**AWAY, "operator": "jane"})).json["routes"]
    kept = [one.route for one in bank.store.routes.drained()]
    back = (await bank.ask(Role.OPERATOR, RESUME, {"route": "true", "reason": "mended"})).json["routes"]

    assert [(one["drained_by"], one["reason"]) for one in away] == [(None, None), ("operator/jane", AWAY["reason"])]
    assert [one["drained_at"] for one in back] == [None, None]
    assert (kept, bank.store.routes.drained()) == (["true"], [])
    assert bank.audited("operation", "outcome", "reason", "after") == [
        ("drain_route", "00", AWAY["reason"], '{"route": "true"}'),
        ("resume_route", "00", "mended", '{"route": "true"}'),
    ]


async def test_who_drained_it_first_stays(bank: Counter) -> None:
    """The second order changes nothing, and is in the trail all the same."""
    await bank.ask(Role.OPERATOR, DRAIN, AWAY)
    bank.now[0] += 60
    await bank.ask(Role.OPERATOR, DRAIN, {**AWAY, "reason": "again"})
    (order,) = bank.store.routes.drained()

    assert (order.at, order.reason) == (NOW, AWAY["reason"])
    assert bank.audited("operation") == [("drain_route",)] * 2


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"route": "dtac", "reason": "why not"}, "route"),
        ({"route": "", "reason": "why not"}, "route"),
        ({"route": "true"}, "reason"),
        ({"reason": "why not"}, "route"),
    ],
)
async def test_what_is_no_order(bank: Counter, asked: dict[str, Any], field: str) -> None:
    """A route that is not configured cannot be drained by mistake, and why is always told."""
    reply = await bank.ask(Role.OPERATOR, DRAIN, asked)

    assert (reply.status, reply.json["field"]) == (422, field)
    assert bank.store.routes.drained() == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
async def test_routes_are_for_operators(bank: Counter, role: Role) -> None:
    """The contact centre neither sees nor moves them."""
    asked = [await bank.ask(role, path, body) for path, body in ((ROUTES, None), (DRAIN, AWAY), (RESUME, AWAY))]

    assert [reply.status for reply in asked] == [403] * 3
