"""The newest messages of each card, in memory: those that table `card_txn` does not hold yet.

Cards come in no order.  Written with its message, each entry would touch a leaf of its own, and leaves are what a
commit pays for.  So FULL entries are gathered, and then written sorted, some with every batch, while the next are
gathered.  Whatever was in memory only is read again from the messages themselves: after a start, when another process
wrote, and when a transaction was taken back.  Who asks looks at the messages too: one may have been purged since.

An entry is read at hardly any cost; its message is a page of its own, for which another leaves the cache.  So an entry
has a mark (domain/mark.py).
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from struct import Struct
from typing import TypeAlias

from attrs import define, field, frozen

from iso_alert.domain.mark import BITS, mark
from iso_alert.store.queries import SIZES
from iso_alert.store.steps import Steps

FULL = 65_536  # messages that are gathered
AT_LEAST, AT_MOST = 64, SIZES[-1]  # entries to a statement
PACE = 2  # entries that are written for each new message: done when the next are half gathered
AGE = 34  # bits of an id within one age of card_txn
NEWEST = 1024  # messages of a card that are looked at, here and in each age (journal.sql): some never rest

PAIR = Struct("qq")  # id and mark of a message
Cards: TypeAlias = dict[int, bytearray]  # of each card, the PAIRs of its messages in order
Entry = tuple[int, int, int, int]  # age, card, message, mark
Marked = tuple[int, int, int]  # card (0: none), id, mark


@frozen
class Names:
    """By what a message is looked for: a STAN, another one, an RRN, an approval code."""

    stan: int
    other_stan: int
    rrn: int
    approval_code: int

    def may_be(self, marked: int) -> bool:
        """Whether the message of this mark may be called so."""
        stan = marked & 0xFFFF
        return (
            stan in (self.stan, self.other_stan)
            or marked >> BITS & 0xFFFF == self.rrn
            or marked >> 2 * BITS == self.approval_code
        )


@define(eq=False)
class Recent:
    """Asked and told inside the transactions of its owner."""

    _steps: Steps
    _gathered: Cards = field(factory=dict)
    _count: int = 0  # of the messages that are gathered
    _newest: int | None = None  # the newest message that is known here; None: nothing is
    _writing: Cards = field(factory=dict)  # what is being written down
    _entries: Iterator[Entry] | None = None  # what is left of it
    _until: int = 0  # its newest message
    _owed: int = 0  # entries

    def catch_up(self, newest: int) -> None:
        """Know every message of the store, of which `newest` is the newest."""
        if self._newest is None:
            self._newest = self._steps.one("card_txn_until")[0]
        if newest != self._newest:
            later = self._steps.all("card_txns_after", self._newest)
            self.note([(card, id_, mark(*names)) for card, id_, *names in later])
            self._newest = newest

    def forget(self) -> None:
        """A transaction was taken back, and with it perhaps what was written down: begin anew."""
        self._gathered, self._count, self._newest = {}, 0, None
        self._writing, self._entries, self._owed = {}, None, 0

    def note(self, messages: Sequence[Marked]) -> None:
        """Messages that stand in the store now, in their order."""
        gathered, pair = self._gathered, PAIR.pack
        for card, id_, marked in messages:
            if card in gathered:
                gathered[card].extend(pair(id_, marked))
            elif card:
                gathered[card] = bytearray(pair(id_, marked))
        self._count += len(messages)
        self._newest = messages[-1][1] if messages else self._newest

    def of(self, card: int, names: Names) -> list[int]:
        """Those of the newest messages of a card that may be called so."""
        return [id_ for among in (self._writing, self._gathered) for id_ in _named(among.get(card), names)]

    def write_down(self, came: int) -> None:
        """Write as many entries as are owed when `came` more messages came."""
        if self._entries is None:
            if self._count < FULL:
                return
            self._begin()
        self._owed += came * PACE
        while self._entries is not None and self._owed >= AT_LEAST:
            some = [*islice(self._entries, min(self._owed, AT_MOST))]
            self._owed -= len(some)
            if some:
                self._steps.write("insert_card_txns", some)
            else:
                self._steps.do("card_txns_written", self._until)
                self._writing, self._entries, self._owed = {}, None, 0

    def _begin(self) -> None:
        assert self._newest is not None
        self._writing, self._until = self._gathered, self._newest
        self._gathered, self._count = {}, 0
        self._entries = (
            (id_ >> AGE, card, id_, marked)
            for card in sorted(self._writing)
            for id_, marked in PAIR.iter_unpack(self._writing[card])
        )


def _named(pairs: bytearray | None, names: Names) -> Iterator[int]:
    newest = pairs[-PAIR.size * NEWEST :] if pairs else b""
    return (id_ for id_, marked in PAIR.iter_unpack(newest) if names.may_be(marked))
