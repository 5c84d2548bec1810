"""What a payment host has to tell: an endless day of sales and reversals, a quarter of which somebody reads about."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from random import Random

from attrs import define, field

from tests.support.cardholders import Happening, sale, taken_back

CARDS = 500
SUBSCRIBED = 400  # cards 1 to this; the others are strangers'
RECENT = 40  # happenings that may be taken back or said again


@define
class Day:
    """The same seed makes the same day."""

    dice: Random
    sales: deque[Happening] = field(factory=lambda: deque(maxlen=RECENT))  # not taken back yet

    def sale(self, stan: int, told: bool) -> Happening:
        serial = self.dice.randint(1, SUBSCRIBED)
        cents = self.dice.randint(100_000, 900_000) if told else self.dice.randint(1_00, 999_99)
        self.sales.append(made := sale(stan, serial, cents, told))
        return made

    def large(self, stan: int) -> Happening:
        return self.sale(stan, told=True)

    def small(self, stan: int) -> Happening:
        return self.sale(stan, told=False)

    def strangers(self, stan: int) -> Happening:
        return sale(stan, self.dice.randint(SUBSCRIBED + 1, CARDS), 250_000, told=False)

    def reversal(self, stan: int) -> Happening:
        """Of a sale that may not have been answered yet: on one link nothing overtakes it."""
        if not self.sales:
            return self.small(stan)
        of = self.dice.choice(self.sales)
        self.sales.remove(of)
        return taken_back(stan, of)

    def repeat(self, stan: int) -> Happening:
        """The host has lost our answer, or thinks so."""
        return self.dice.choice(self.sales) if self.sales else self.small(stan)


KINDS: dict[Callable[[Day, int], Happening], int] = {  # to its weight
    Day.small: 58,
    Day.large: 20,
    Day.strangers: 8,
    Day.reversal: 9,
    Day.repeat: 5,
}


def payments(seed: int) -> Iterator[Happening]:
    """One after the other, for ever; the same happening again is a repeat."""
    day = Day(Random(seed))
    for stan in count(1):
        (kind,) = day.dice.choices([*KINDS], [*KINDS.values()])
        yield kind(day, stan)
