"""What the operations have at hand: the store's door, the one way of subscribing, the keys, the clock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import define, field, frozen

from iso_alert.domain.card import BadPan, Card, Keyring, luhn
from iso_alert.domain.command import Actor, Result, Standing
from iso_alert.domain.text import Texts
from iso_alert.service.desk import Desk
from iso_alert.service.subscribing import Subscribing
from iso_alert.service.way import RouteStatus
from iso_alert.store.people import Entry, People
from iso_alert.web.api.gate import Caller
from iso_alert.web.api.problem import of_result

VIEW = "view"  # an operation of the audit trail


async def _nobody_obeys() -> int:
    return 0


@frozen
class Dispatch:
    """The routes, as far as they can be seen from here."""

    statuses: Callable[[], Sequence[RouteStatus]] = tuple
    obey: Callable[[], Awaitable[int]] = _nobody_obeys  # look for new orders in the store, now


@define(eq=False)
class Office:
    """Handed to every operation.  Its keys may be changed while it is used."""

    desk: Desk
    subscribing: Subscribing
    keyring: Keyring = field(repr=False)
    texts: Texts
    clock: Callable[[], float]
    status: Callable[[], Awaitable[Mapping[str, Any]]] | None = None  # of a running node
    routes: Dispatch = Dispatch()

    @property
    def people(self) -> People:
        return self.desk.store.people

    async def note(self, entry: Entry) -> None:
        """One more row of the audit trail, before anybody is answered.  Raises StoreUnavailable."""
        await self.desk.do(partial(self.people.append_audit, entry, self.clock()))

    async def card(self, pan: str | None, actor: Actor, operation: str) -> Card | None:
        """The card of this number, None where none is named.  One that cannot be leaves its row in the trail too."""
        if pan is None:
            return None
        digits = pan.replace(" ", "")
        try:
            card = self.keyring.card(digits)
        except BadPan:
            card = None
        if card is None or not luhn(digits):
            await self.note(Entry(actor, operation, Result.NO_SUCH_CARD.value))
            raise of_result(Result.NO_SUCH_CARD, "card")
        return card

    async def standing(self, card: Card | None, customer: str | None, actor: Actor) -> Standing | None:
        """Look somebody up, which stands in the trail whether or not there is such a one."""
        found = await self.desk.do(partial(self.people.standing, card, customer))
        await self.note(viewed(actor, found, card.last4 if card else "", customer or ""))
        return found


def viewed(actor: Actor, found: Standing | None, last4: str = "", customer: str = "") -> Entry:
    """The audit trail's row about a view."""
    outcome = Result.DONE if found else Result.NO_SUBSCRIPTION
    return Entry(actor, VIEW, outcome.value, found.ref if found else customer, last4)


@frozen
class Reply:
    """What an operation gives back."""

    told: Any
    status: int = 200


Does = Callable[[Office, Caller, Any], Awaitable[Reply]]
