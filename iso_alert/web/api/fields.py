"""What a field of a request or an answer may hold: its JSON Schema and its judge, written down once for both.

No judge's words show the value: it may be a card number in the wrong place.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, get_args

from attrs import frozen

from iso_alert.iso.message import mask


class BadField(ValueError):
    """A field's content cannot be used.  The text says why and does not show it."""


@frozen(eq=False)  # itself is what it equals: it stands in annotations, which must be hashable
class Shape:
    """What may stand in a field."""

    schema: Mapping[str, Any]
    fault: Callable[[Any], str | None] = lambda _: None


ANYTHING = Shape({})


def text_fault(text: str) -> str | None:
    """Why a free text cannot be kept: it would stand in the audit trail for years."""
    if not text.isprintable():
        return "holds a character that cannot be printed"
    return "holds what passes for a card number" if mask(text) != text else None


def text(say: str, example: str, most: int = 64, least: int = 1) -> Shape:
    return Shape(
        {"description": say, "minLength": least, "maxLength": most, "examples": [example]},
        lambda value: text_fault(value) or _length_fault(value, least, most),
    )


def matching(say: str, pattern: str, example: str, **more: Any) -> Shape:
    fits = re.compile(pattern, re.ASCII).fullmatch  # `$` alone would let a line's end through
    return Shape(
        {"description": say, "pattern": pattern, "examples": [example], **more},
        lambda value: None if fits(value) else "is not of the form that it must have",
    )


def day(say: str, example: str) -> Shape:
    return Shape({"description": say, "format": "date", "examples": [example]}, _day_fault)


def whole(say: str, least: int, most: int) -> Shape:
    return Shape(
        {"description": say, "minimum": least, "maximum": most},
        lambda value: None if least <= value <= most else f"is not between {least} and {most}",
    )


def several(most: int) -> Shape:
    return Shape(
        {"minItems": 1, "maxItems": most},
        lambda value: None if 1 <= len(value) <= most else f"is not a list of 1 to {most}",
    )


def said(say: str) -> Shape:
    """For what its type alone judges."""
    return Shape({"description": say})


def shape_of(annotation: Any) -> Shape:
    """What may stand in a field that is `Annotated[type, shape]`; the type says the rest."""
    return next((one for one in get_args(annotation)[1:] if isinstance(one, Shape)), ANYTHING)


def _length_fault(value: str, least: int, most: int) -> str | None:
    return None if least <= len(value) <= most else f"is not of {least} to {most} characters"


def _day_fault(value: str) -> str | None:
    try:
        date.fromisoformat(value)
    except ValueError:
        return "is no date such as 2026-12-05"
    return None if len(value) == len("2026-12-05") else "is no date such as 2026-12-05"


CARD = matching(
    "The whole card number.  It is taken here only, and never given back.",
    r"^[0-9]{4}[0-9 ]{7,18}[0-9]$",
    "4539 5787 6362 1486",
    writeOnly=True,
)
CUSTOMER = text("The bank's own name of the customer.", "C1")
MOBILE = text("A Thai mobile number, as people write it or as E.164.", "0812345678", most=20, least=9)
LANGUAGE = said("The language of the SMS.")
TERMS = text("The version of the terms that was agreed to.", "2026-01", most=32)
NETWORK = text("The mobile network of the number, where it was looked up.", "AIS", most=32)
REASON = text("Why; stands in the audit trail.", "the customer called", most=200)
OPERATOR = text("Who asks, where many share a token; stands in the audit trail.", "jane.d")
ROUTE = text("The name of a route, as in the configuration.", "ais")
AMOUNT = matching("Baht, with two digits after the point.", r"^[0-9]{1,12}\.[0-9]{2}$", "12345.50")
LAST4 = matching("The last four digits of a card.", r"^[0-9]{4}$", "1486")
MOMENT = Shape({"description": "When, in UTC.", "format": "date-time"})
