"""What a session has asked and not been told: sequence numbers, the window, and what is handed back at the end.

Requests that were asked but whose octets nobody has fetched yet are *fresh*: if the connection breaks now, they have
certainly not been sent. Those whose time is over are *overdue*: they take no room, but an answer still finds them, for
a while. Dictionaries keep their order, so the oldest request is always the first one.
"""

from collections.abc import Hashable, Mapping
from math import inf

from attrs import define, field, frozen

from .command import RESPONSE, Command

LAST_SEQUENCE = 0x7FFF_FFFF
OVERDUE_WINDOWS = 10  # so many windows full are remembered when their time is over, and the oldest forgotten
Entry = tuple[int, Hashable, float]  # command, ref, asked at: a plain tuple, since there is one per PDU
_NACK = Command.GENERIC_NACK.value


@frozen
class Leftovers:
    """The refs of all that was asked and never answered, oldest first."""

    unsent: tuple[Hashable, ...]  # certainly not written
    in_doubt: tuple[Hashable, ...]  # handed over to be written; perhaps received, perhaps acted on


@define(eq=False)
class Window:
    """Messages count against `size`; housekeeping (bind, enquire_link, unbind) does not."""

    size: int
    _last: int = 0
    _fresh: dict[int, Entry] = field(factory=dict, init=False)
    _sent: dict[int, Entry] = field(factory=dict, init=False)
    _overdue: dict[int, Entry] = field(factory=dict, init=False)
    _housekeeping: dict[int, Entry] = field(factory=dict, init=False)

    @property
    def room(self) -> int:
        return self.size - len(self._sent) - len(self._fresh)

    @property
    def empty(self) -> bool:
        return not self._sent and not self._fresh

    @property
    def missed(self) -> float:
        """When the newest message that is overdue was asked; -inf if there is none."""
        return next(reversed(self._overdue.values()))[2] if self._overdue else -inf

    def next_sequence(self) -> int:
        """From 1 to 0x7FFFFFFF and round again, past those that are still outstanding (5.1.4)."""
        sequence = self._last % LAST_SEQUENCE + 1
        while sequence in self._sent or sequence in self._fresh or sequence in self._housekeeping:
            sequence = sequence % LAST_SEQUENCE + 1
        self._last = sequence
        return sequence

    def message(self, command: int, ref: Hashable, now: float) -> int:
        sequence = self.next_sequence()
        self._fresh[sequence] = (command, ref, now)
        return sequence

    def housekeeping(self, command: int, now: float) -> int:
        sequence = self.next_sequence()
        self._housekeeping[sequence] = (command, None, now)
        return sequence

    def fetched(self) -> None:
        """All octets so far have been handed over to be written."""
        if self._fresh:
            self._sent.update(self._fresh)
            self._fresh.clear()

    def settle(self, sequence: int, response: int) -> Entry | None:
        """Take out the message that this response answers, if there is one."""
        entry = self._sent.get(sequence)  # as `_taken_out`, written out: this is done once a PDU
        if entry is None or (entry[0] | RESPONSE != response and response != _NACK):
            return None
        del self._sent[sequence]
        return entry

    def settle_overdue(self, sequence: int, response: int) -> Entry | None:
        """The same among those whose time was over, as far as they are remembered."""
        return _taken_out(self._overdue, sequence, response)

    def settle_housekeeping(self, sequence: int, response: int) -> int | None:
        """The command of the housekeeping that this response answers, if there is one."""
        entry = _taken_out(self._housekeeping, sequence, response)
        return entry[0] if entry else None

    def overdue(self, limit: float, now: float) -> list[Hashable]:
        """Take out the messages that have waited `limit` seconds or longer, oldest first."""
        found = {}
        for sequence, entry in self._sent.items():
            if entry[2] + limit > now:
                break
            found[sequence] = entry
        for sequence in found:
            del self._sent[sequence]
        self._remember(found)
        return [entry[1] for entry in found.values()]

    def _remember(self, overdue: Mapping[int, Entry]) -> None:
        # A sequence number does not come round within the few minutes in which it is looked for here.
        self._overdue.update(overdue)
        for sequence in [*self._overdue][: -self.size * OVERDUE_WINDOWS]:
            del self._overdue[sequence]

    def forget(self, since: float) -> None:
        """Remember nothing overdue that was asked before."""
        while self._overdue and (first := next(iter(self._overdue.items())))[1][2] <= since:
            del self._overdue[first[0]]

    def oldest(self) -> float:
        """When the oldest message was asked; inf if none waits."""
        return next(iter(self._sent.values()))[2] if self._sent else inf

    def oldest_housekeeping(self) -> float:
        return next(iter(self._housekeeping.values()))[2] if self._housekeeping else inf

    def asks(self, command: int) -> bool:
        """True while housekeeping of this kind is unanswered."""
        return any(entry[0] == command for entry in self._housekeeping.values())

    def give_up(self) -> Leftovers:
        """Empty the window; a second call finds nothing."""
        unsent = tuple(entry[1] for entry in self._fresh.values())
        in_doubt = tuple(entry[1] for entry in self._sent.values())
        self._fresh.clear()
        self._sent.clear()
        self._overdue.clear()
        self._housekeeping.clear()
        return Leftovers(unsent, in_doubt)


def _taken_out(among: dict[int, Entry], sequence: int, response: int) -> Entry | None:
    """The request that this response answers, which is then no longer there."""
    entry = among.get(sequence)
    if entry is None or (entry[0] | RESPONSE != response and response != _NACK):
        return None
    del among[sequence]
    return entry
