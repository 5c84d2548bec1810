"""The states of a subscription (DOMAIN section 5): every state with everything that can happen to it."""

from itertools import product
from typing import TypeAlias

import pytest

from iso_alert.domain.life import LIVE, Happening, befall
from iso_alert.domain.subscription import SubscriptionState
from tests.support.bank import NOW
from tests.support.people import HOUR, record

S: TypeAlias = SubscriptionState
H: TypeAlias = Happening
# Written from the rules, not from the code.  What is not here cannot happen.
LIFE = """
none        applied=applied admitted=confirming
applied     applied=applied admitted=confirming approved=confirming refused=refused cancelled=cancelled \
            suspended=suspended
confirming  admitted=confirming confirmed=active lapsed=expired cancelled=cancelled suspended=suspended
active      admitted=active cancelled=cancelled suspended=suspended
suspended   confirmed=suspended cancelled=cancelled resumed=confirming
cancelled   applied=applied admitted=confirming suspended=suspended
refused     applied=applied admitted=confirming approved=confirming suspended=suspended
expired     applied=applied admitted=confirming suspended=suspended
"""
EXPECTED = {
    (S(state), H(happening)): S(after)
    for state, *steps in map(str.split, LIFE.strip().splitlines())
    for happening, after in (step.split("=") for step in steps)
}


@pytest.mark.parametrize(("state", "happening"), list(product(S, H)), ids=lambda it: it.value)
def test_every_state_and_everything_that_can_happen(state: S, happening: H) -> None:
    """The table says what follows; what it does not name cannot be (here a suspension hides a confirming one)."""
    after = befall(record(state, suspended_from=S.CONFIRMING if state is S.SUSPENDED else None), happening, NOW)

    assert (after.state if after else None) == EXPECTED.get((state, happening))


def test_every_state_is_named() -> None:
    """And none can be reached only by mistake."""
    assert {state for state, _ in EXPECTED} == set(S)
    assert set(EXPECTED.values()) == set(S) - {S.NONE}


@pytest.mark.parametrize("state", set(S) - {S.NONE, S.SUSPENDED}, ids=lambda it: it.value)
def test_a_suspension_goes_back_to_where_it_came_from(state: S) -> None:
    """From any state and back (R-52)."""
    suspended = befall(record(state), H.SUSPENDED, NOW)
    assert suspended
    back = befall(suspended, H.RESUMED, NOW + HOUR)

    assert back
    assert (back.state, back.suspended_from) == (state, None)


def test_a_receipt_under_a_suspension_is_not_lost() -> None:
    """The confirming SMS arrived: once resumed, the subscription is active (R-35)."""
    confirmed = befall(record(S.SUSPENDED, suspended_from=S.CONFIRMING), H.CONFIRMED, NOW)

    assert confirmed
    assert (confirmed.state, confirmed.suspended_from, confirmed.activated_at) == (S.SUSPENDED, S.ACTIVE, NOW)


@pytest.mark.parametrize("state", sorted(LIVE - {S.CONFIRMING}, key=str), ids=lambda it: it.value)
def test_a_receipt_confirms_only_what_waits_for_it(state: S) -> None:
    """Neither an application that nobody approved nor what is active already."""
    hidden = record(S.SUSPENDED, suspended_from=state)

    assert (befall(record(state), H.CONFIRMED, NOW), befall(hidden, H.CONFIRMED, NOW)) == (None, None)


def test_what_happens_is_dated() -> None:
    """The time of the change, and of the activation."""
    active = befall(record(S.CONFIRMING), H.CONFIRMED, NOW)

    assert active
    assert (active.changed_at, active.activated_at, active.confirm_until) == (NOW, NOW, None)
