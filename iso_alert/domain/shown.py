"""What the cardholder reads of a message: the time in Bangkok, and the sum."""

import re
from datetime import datetime, timedelta, timezone

from iso_alert.domain.event import Event
from iso_alert.domain.money import Money
from iso_alert.domain.past import Past, Unit
from iso_alert.domain.thread import CANCELLING
from iso_alert.domain.transaction import Transaction

BANGKOK = timezone(timedelta(hours=7))  # no daylight saving since 1920


_POSSIBLE = re.compile(r"([01]\d|2[0-3])[0-5]\d")


def shown_time(of: Transaction, original: Past | None = None) -> str:
    """HH:MM in Bangkok: DE12 of a domestic sale, DE7 of a foreign one; a cancellation's own time, not a copied one."""
    copied = original is not None and of.local_time == original.local[-6:]
    if _POSSIBLE.match(of.local_time) and of.domestic and not copied:
        return f"{of.local_time[:2]}:{of.local_time[2:4]}"
    moment = of.transmitted_at if of.transmitted_at is not None else of.arrived_at
    return datetime.fromtimestamp(moment, BANGKOK).strftime("%H:%M")


def shown_sum(of: Transaction, event: Event, original: Past | None = None) -> Money:
    """The sum of a message; of a cancellation what is given back, and of a whole one what partial ones left."""
    if event is Event.PARTIAL_REVERSAL and of.reversed:
        given = given_back(of, event, original.unit) if original else None
        return of.reversed if given is None else Money(given, of.reversed.currency)
    if original is None:
        return of.amount
    unit = original.unit
    if event is Event.REVERSAL_OF_VOID or not of.amount.minor:
        return unit.left
    if event in CANCELLING and unit.given_back and of.amount.currency == unit.amount.currency:
        return min(of.amount, unit.left, key=lambda sum_: sum_.minor)
    return of.amount


def given_back(of: Transaction, event: Event, unit: Unit) -> int | None:
    """What a partial reversal takes off a unit; one that names the first sum again tells all parts together.

    None where it is no partial reversal, or one in another currency: that cannot be taken off.
    """
    part = of.reversed
    if event is not Event.PARTIAL_REVERSAL or part is None or part.currency != unit.amount.currency:
        return None
    return part.minor - (unit.given_back if of.amount == unit.amount else 0)
