"""What an SMSC saw and said, in its order: the evidence against which the store's word is held."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import inf

from attrs import define, field

HEARD = 3.0  # seconds after which an answer has surely been read, if the connection still stands
PATIENCE = 28.0  # an answer within these is in time: the service waits for 30
# Message ids: told in hexadecimal, and some of them look like decimal numbers; none of them is another one's decimal.
FIRST_NUMBER, STEP = 0x0123_4567, 0x1357
Key = tuple[str, bytes]  # destination and short_message: the part of an alert that a submit_sm carries


@define(eq=False)
class Connection:
    """One of the ESME's; `deaf_for` is the longest time for which nothing was read from it."""

    ended: float = inf
    deaf_for: float = 0.0


@define(eq=False)
class Copy:
    """One submit_sm that came.  Times are the SMSC's."""

    index: int  # in the order of arrival
    at: float
    key: Key
    connection: Connection
    number: int  # its message id, as far as it was ever told
    status: int | None  # as it was meant to be answered
    answered: float | None = None

    @property
    def taken(self) -> bool:
        """Whether a phone shows it."""
        return not self.status

    @property
    def surely_known(self) -> bool:
        """Whether the service cannot but know that this was taken."""
        if self.status != 0 or self.answered is None:
            return False
        in_time = self.answered - self.at + self.connection.deaf_for < PATIENCE
        return in_time and self.connection.ended > self.answered + HEARD


@define(eq=False)
class Ledger:
    """Everything that happened."""

    copies: list[Copy] = field(factory=list)
    words: dict[int, list[str]] = field(factory=lambda: defaultdict(list))  # of acknowledged receipts, by message id
    done: Counter[str] = field(factory=Counter)  # misdeeds, by name

    def came(self, at: float, key: Key, connection: Connection, status: int | None) -> Copy:
        index = len(self.copies)
        copy = Copy(index, at, key, connection, FIRST_NUMBER + index * STEP, status)
        self.copies.append(copy)
        return copy

    def by_key(self) -> Mapping[Key, Sequence[Copy]]:
        found: dict[Key, list[Copy]] = defaultdict(list)
        for copy in self.copies:
            found[copy.key].append(copy)
        return found
