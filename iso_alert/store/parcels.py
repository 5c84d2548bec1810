"""What passes between the service and its writer: a verb with its arguments there, its answer or its error back.

Pickled, for both ends are one program and the lines between them are nobody else's.  A value of ours is taken apart and
put together by position, in half the time that pickle takes by itself: they come by the hundred.  Facts are the same
for most messages, so of them the reader keeps those that it has.  No parcel holds a card number: it has become a token
before anything is recorded.
"""

import copyreg
import pickle
from collections.abc import Callable
from functools import lru_cache, partial
from operator import attrgetter
from struct import Struct
from typing import Any

from attrs import fields, frozen

from iso_alert.domain.card import Card
from iso_alert.domain.decision import Rulebook
from iso_alert.domain.money import Currency, Money
from iso_alert.domain.transaction import Facts, Original
from iso_alert.store.port import Committed, Confirmed, Lease, Settled, Taken, Untaken

HEAD = Struct(">I")  # the length of what follows


@frozen
class Book:
    """Stands for the rulebook that was sent last: it is large, and the same for days."""


@frozen
class Errand:
    """A verb of the store, by the names that lead to it, and what it is called with."""

    path: tuple[str, ...]
    args: tuple[Any, ...] = ()
    named: Any = None  # keyword arguments
    book: Rulebook | None = None  # a new one, which `Book` then stands for


def _by_position(make: Callable[..., Any], get: Callable[[Any], tuple[Any, ...]], value: Any) -> tuple[Any, ...]:
    return make, get(value)


@lru_cache(maxsize=4096)
def known_facts(*words: str) -> Facts:
    """The one value of these words."""
    return Facts(*words)


_SAID = (Card, Money, Currency, Original, Taken, Untaken, Confirmed, Errand)
_ANSWERED = (Committed, Settled, Lease)
for _kind, _make in (*((kind, kind) for kind in _SAID + _ANSWERED), (Facts, known_facts)):
    _names = [each.name for each in fields(_kind)]
    copyreg.pickle(_kind, partial(_by_position, _make, attrgetter(*_names)))


def wrap(value: object) -> bytes:
    """A parcel with its length before it."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return HEAD.pack(len(data)) + data


def unwrap(data: bytes | bytearray | memoryview) -> Any:
    """What is in a parcel, its length taken off."""
    return pickle.loads(data)
