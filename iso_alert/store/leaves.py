"""Messages by card, in memory and in the order of cards: a tree of two floors, whose leaves are a few dozen messages.

A value of its own for each card would be found a little sooner, in four times the memory.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from struct import Struct
from typing import Self

from attrs import define, field

Entry = tuple[int, int, int]  # card (0: none, and it is not kept), message, its mark

_ENTRY = Struct("qqq")
MOST = 64 * _ENTRY.size  # bytes of a leaf, unless all is of one card
LEAST = MOST // 4  # bytes that a leaf must have had to be one again


@define(eq=False)
class Leaves:
    """What is noted comes in the order of messages."""

    count: int = 0  # of the messages that were noted, those without a card among them
    _firsts: list[int] = field(factory=lambda: [0])  # the least card that belongs to each leaf
    _leaves: list[bytearray] = field(factory=lambda: [bytearray()])

    def like_this(self) -> Self:
        """Without a message, but cut where this is cut: the cards of the next hour are mostly those of the last."""
        among = zip(self._firsts[1:], self._leaves[1:], strict=True)
        firsts = [0, *(first for first, leaf in among if len(leaf) >= LEAST)]
        return type(self)(0, firsts, [bytearray() for _ in firsts])

    def note(self, messages: Sequence[Entry]) -> None:
        firsts, leaves, pack = self._firsts, self._leaves, _ENTRY.pack
        self.count += len(messages)
        for card, id_, marked in messages:
            if card:
                leaf = leaves[bisect_right(firsts, card) - 1]
                leaf += pack(card, id_, marked)
                if len(leaf) >= MOST:
                    self._split(bisect_right(firsts, card) - 1)

    def _split(self, at: int) -> None:
        """Cut a leaf in two between two cards, if it has two.  It is looked at whenever it has doubled."""
        leaf = self._leaves[at]
        entries = len(leaf) // _ENTRY.size
        if entries & entries - 1:
            return
        kept = sorted(_ENTRY.iter_unpack(leaf))
        middle = kept[entries // 2][0]
        if middle == kept[0][0]:
            middle = next((card for card, *_ in kept if card > middle), 0)
        if middle:
            cut = bisect_left(kept, (middle,))
            self._leaves[at : at + 1] = _packed(kept[:cut]), _packed(kept[cut:])
            self._firsts.insert(at + 1, middle)

    def of(self, card: int, most: int) -> list[Entry]:
        """The newest messages of a card, in their order.  Of one that never rests no more are looked at than that."""
        leaf = self._leaves[bisect_right(self._firsts, card) - 1]
        found, end = list[Entry](), len(leaf)
        while end and len(found) < most:
            begin = max(0, end - most * _ENTRY.size)
            found[:0] = [one for one in _ENTRY.iter_unpack(leaf[begin:end]) if one[0] == card]
            end = begin
        return found[-most:]

    def __iter__(self) -> Iterator[Entry]:
        """All messages, in the order of cards; those of a card in theirs."""
        return (one for leaf in self._leaves for one in sorted(_ENTRY.iter_unpack(leaf)))


def _packed(entries: Iterable[Entry]) -> bytearray:
    return bytearray().join(starmap(_ENTRY.pack, entries))
