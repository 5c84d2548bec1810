"""Subscriptions as tests want them: rules with the shipped texts, records in any state, commands."""

from functools import cache
from typing import Any

from attrs import evolve

from iso_alert.domain.card import Kind
from iso_alert.domain.command import Actor, Command, CoveredCard, Operation, Record, Standing, Via
from iso_alert.domain.subscribing import EnrolmentRules
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.domain.text import Language
from tests.support.bank import NOW, book, card, mobile

HOUR, DAY = 3600.0, 86_400.0
AGENT = Actor("agent-7", Via.API, "192.0.2.1")
MOBILE, OTHER = mobile(1), mobile(2)


@cache
def rules(**changed: Any) -> EnrolmentRules:
    return evolve(EnrolmentRules(book().texts), **changed)


def record(state: SubscriptionState, **changed: Any) -> Record:
    """A subscription of an hour ago; suspended, it was active before."""
    confirming = state is SubscriptionState.CONFIRMING
    made = Record(
        state=state,
        mobile=MOBILE,
        language=Language.EN,
        news=True,
        terms="1",
        applied_at=NOW - HOUR,
        changed_at=NOW - HOUR,
        suspended_from=SubscriptionState.ACTIVE if state is SubscriptionState.SUSPENDED else None,
        activated_at=NOW - HOUR if state is SubscriptionState.ACTIVE else None,
        confirmations=int(confirming),
        confirm_until=NOW + 71 * HOUR if confirming else None,
    )
    return evolve(made, **changed)


def standing(of: Record | None = None, **changed: Any) -> Standing:
    """A natural person with one credit card."""
    covered = CoveredCard("0000", Kind.CREDIT, primary=True)
    return evolve(Standing(1, "C1", True, (covered,), covered, of), **changed)


def command(operation: Operation, **changed: Any) -> Command:
    """Everything that any operation may need, for card and customer 1."""
    made = Command(operation, AGENT, card=card(1), mobile=MOBILE, language=Language.EN, terms="1")
    return evolve(made, **changed)
