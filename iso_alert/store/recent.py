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

from attrs import define, field, frozen

from iso_alert.domain.mark import BITS, mark
from iso_alert.store.leaves import Entry, Leaves
from iso_alert.store.queries import SIZES
from iso_alert.store.steps import Steps

FULL = 131_072  # messages that are gathered: the more of them, the fewer leaves are written for each
AT_LEAST, AT_MOST = 64, SIZES[-1]  # entries to a statement
PACE = 2  # entries that are written for each new message: done when the next are half gathered
AGE = 34  # bits of an id within one age of card_txn
NEWEST = 1024  # messages of a card that are looked at, here and in each age (journal.sql): some never rest

Row = tuple[int, int, int, int]  # of card_txn: age, card, message, mark


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
    _gathered: Leaves = field(factory=Leaves)
    _newest: int | None = None  # the newest message that is known here; None: nothing is
    _writing: Leaves = field(factory=Leaves)  # what is being written down
    _rows: Iterator[Row] | None = None  # what is left of it
    _until: int = 0  # its newest message
    _owed: int = 0  # rows

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
        self._gathered, self._newest = self._gathered.like_this(), None
        self._writing, self._rows, self._owed = Leaves(), None, 0

    def note(self, messages: Sequence[Entry]) -> None:
        """Messages that stand in the store now, in their order."""
        self._gathered.note(messages)
        self._newest = messages[-1][1] if messages else self._newest

    def of(self, card: int, names: Names) -> list[int]:
        """Those of the newest messages of a card that may be called so."""
        newest = (among.of(card, NEWEST) for among in (self._writing, self._gathered))
        return [id_ for some in newest for _, id_, marked in some if names.may_be(marked)]

    def write_down(self, came: int) -> None:
        """Write as many entries as are owed when `came` more messages came."""
        if self._rows is None:
            if self._gathered.count < FULL:
                return
            self._begin()
        self._owed += came * PACE
        while self._rows is not None and self._owed >= AT_LEAST:
            some = [*islice(self._rows, min(self._owed, AT_MOST))]
            self._owed -= len(some)
            if some:
                self._steps.write("insert_card_txns", some)
            else:
                self._steps.do("card_txns_written", self._until)
                self._writing, self._rows, self._owed = Leaves(), None, 0

    def _begin(self) -> None:
        assert self._newest is not None
        self._writing, self._until = self._gathered, self._newest
        self._gathered = self._writing.like_this()
        self._rows = ((id_ >> AGE, card, id_, marked) for card, id_, marked in self._writing)
