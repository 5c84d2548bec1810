"""Messages that one process hands to another by way of a third, which has no need to look into them.

To open a batch takes as long as deciding on it.  So whoever passes it on keeps it as it came, and where it is written
it is opened: a bundle that is pickled becomes the messages themselves.
"""

import pickle
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import field, frozen

from iso_alert.domain.transaction import Transaction
from iso_alert.store.parcels import unwrap


@frozen
class Bundle(Sequence[Transaction]):
    """A batch of so many messages, closed.  Whoever iterates over it opens it, each time anew."""

    _count: int
    sealed: bytes = field(repr=False)

    @classmethod
    def of(cls, batch: Sequence[Transaction]) -> "Bundle":
        return cls(len(batch), pickle.dumps([*batch], pickle.HIGHEST_PROTOCOL))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Transaction]:
        return iter(unwrap(self.sealed))

    def __getitem__(self, at: Any) -> Any:
        return [*self][at]

    def __reduce__(self) -> tuple[Any, ...]:
        return unwrap, (self.sealed,)
