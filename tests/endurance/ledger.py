"""What an SMSC saw and said, in its order: the evidence against which the store's word is held."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import inf

from attrs import define, field

HEARD = 3.0  # seconds after which what was said has surely been read, if the connection stands and nobody is deaf
PATIENCE = 28.0  # an answer within these is in time: the service waits for 30
REMEMBERED = 290.0  # a later one within these is understood: the service looks for it for 300
# Message ids: told in hexadecimal, and some of them look like decimal numbers; none of them is another one's decimal.
FIRST_NUMBER, STEP = 0x0123_4567, 0x1357
Key = tuple[str, bytes]  # destination and short_message: the part of an alert that a submit_sm carries


@define(eq=False)
class Connection:
    """One of the ESME's."""

    ended: float = inf


@define(eq=False)
class Copy:
    """One submit_sm that came.  Times are the SMSC's.

    Copies come in the order in which they are read, and that need not be the order in which they were written: while
    one connection is deaf, a second copy may overtake the first on another.
    """

    index: int  # in the order of arrival
    at: float
    key: Key
    connection: Connection
    number: int  # its message id, as far as it was ever told
    status: int | None  # as it was meant to be answered
    since: float  # it may have been written then, and lain unread
    answered: float | None = None

    @property
    def taken(self) -> bool:
        """Whether a phone shows it."""
        return not self.status

    @property
    def known_from(self) -> float:
        """When the service cannot but know that this was taken; inf: it could have missed it.

        An answer in time leaves no doubt at all; one that is late must be heard first.
        """
        if self.status != 0 or self.answered is None or self.connection.ended <= self.answered + HEARD:
            return inf
        took = self.answered - self.since
        return self.answered if took < PATIENCE else self.answered + HEARD if took < REMEMBERED else inf


@define(eq=False)
class Ledger:
    """Everything that happened."""

    copies: list[Copy] = field(factory=list)
    words: dict[int, list[str]] = field(factory=lambda: defaultdict(list))  # of acknowledged receipts, by message id
    done: Counter[str] = field(factory=Counter)  # misdeeds, by name

    def came(self, at: float, key: Key, connection: Connection, status: int | None, since: float | None = None) -> Copy:
        index = len(self.copies)
        copy = Copy(index, at, key, connection, FIRST_NUMBER + index * STEP, status, at if since is None else since)
        self.copies.append(copy)
        return copy

    def by_key(self) -> Mapping[Key, Sequence[Copy]]:
        found: dict[Key, list[Copy]] = defaultdict(list)
        for copy in self.copies:
            found[copy.key].append(copy)
        return found
