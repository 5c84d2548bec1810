"""What links tell of themselves where nobody publishes it: counted here, and handed on in one go."""

from collections import defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from attrs import define, field

Counts: TypeAlias = Mapping[tuple[str, ...], int]  # a verb of `link_rules.Watch` with its labels, and how many times


@define(eq=False)
class Told:
    """A `link_rules.Watch` that counts."""

    _counts: defaultdict[tuple[str, ...], int] = field(factory=lambda: defaultdict(int), init=False)

    def __bool__(self) -> bool:
        return bool(self._counts)

    def take(self) -> Counts:
        """What was counted since this was asked last."""
        counts, self._counts = self._counts, defaultdict(int)
        return dict(counts)

    def answered(self, link: str, mti: str, code: str, count: int = 1) -> None:
        self._counts["answered", link, mti, code] += count

    def unreadable(self, link: str, fault: str) -> None:
        self._counts["unreadable", link, fault] += 1

    def ignored(self, link: str, why: str) -> None:
        self._counts["ignored", link, why] += 1

    def connected(self, link: str, change: int) -> None:
        self._counts["connected", link] += change

    def hung_up(self, link: str, why: str) -> None:
        self._counts["hung_up", link, why] += 1

    def slowed(self, link: str) -> None:
        self._counts["slowed", link] += 1

    def called(self, link: str, outcome: str) -> None:
        self._counts["called", link, outcome] += 1

    def shook_hands(self, side: str, name: str, outcome: str) -> None:
        self._counts["shook_hands", side, name, outcome] += 1
