"""A batch of the card file on its way in: what was read of the store, and what will be written, without any SQL.

Lines of one batch may speak of each other (a card, and the one that replaces it): each sees what the others did.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from iso_alert.domain.card import Card
from iso_alert.store.files import CardLine, CardStatus

OURS = "~"  # begins the name of a holder that we made


@frozen
class CardRow:
    """A card as it is kept."""

    id: int
    token: bytes
    last4: str
    kind: str | None
    customer: int | None
    primary: int
    status: str
    lone: bool = field(default=False, eq=False)  # covered alone: its holder is not the bank's

    def row(self) -> tuple[Any, ...]:
        return self.id, self.token, self.last4, self.kind, self.customer, self.primary, self.status


@define
class CardBook:
    """The working set of one batch.  `next_card` is the first free number."""

    customers: dict[str, int]
    next_card: int
    _cards: dict[bytes, CardRow] = field(factory=dict)
    _changed: dict[int, CardRow] = field(factory=dict)
    adopted: list[tuple[int, int]] = field(factory=list)  # a subscription goes to this customer from that one
    changes: int = 0  # lines that changed something

    def know(self, rows: Iterable[Sequence[Any]]) -> None:
        """Learn cards as `cards` of files.sql answers."""
        for token, id_, last4, kind, customer, primary, status, lone in rows:
            card = CardRow(id_, bytes.fromhex(token), last4, kind, customer, primary, status, bool(lone))
            self._cards[card.token] = card

    def rows(self) -> list[tuple[Any, ...]]:
        """What has to be written."""
        return [card.row() for card in self._changed.values()]

    def take(self, line: CardLine) -> str | None:
        """Take one line; why it cannot be, if it cannot."""
        customer = self.customers[line.customer]
        old = self._find(line.replaces) if line.replaces else None
        if line.replaces and line.replaces.token == line.card.token:
            return "it replaces itself"
        if old and old.customer not in (None, customer) and not old.lone:
            return "the card that it replaces is another customer's"
        changed = self._write(line, customer)
        if old and self._close(old, customer):
            changed = True
        self.changes += changed
        return None

    def _find(self, card: Card) -> CardRow | None:
        return next((self._cards[token] for token in card.tokens if token in self._cards), None)

    def _write(self, line: CardLine, customer: int) -> bool:
        before = self._find(line.card)
        status = line.status.value if line.status else before.status if before else CardStatus.OPEN.value
        number, token = before.id if before else self.next_card, line.card.token  # an older key's token moves too
        after = CardRow(number, token, line.card.last4, line.kind.value, customer, int(line.primary), status)
        self.next_card += before is None
        return self._put(before, after)

    def _close(self, old: CardRow, customer: int) -> bool:
        return self._put(old, evolve(old, customer=customer, status=CardStatus.CLOSED.value, lone=False))

    def _put(self, before: CardRow | None, after: CardRow) -> bool:
        if before == after:
            return False
        if before and before.lone and before.customer and after.customer:
            self.adopted.append((after.customer, before.customer))
        self._cards[after.token] = self._changed[after.id] = after
        return True
