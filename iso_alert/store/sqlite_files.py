"""The bank's files into the SQLite store: it shares the connection and the transactions of `sqlite.Sqlite`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from sqlite3 import Connection
from typing import Any

from iso_alert.domain.card import Card, Kind
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.store.file import CHECKPOINT_PAGES
from iso_alert.store.files import CardLine, CustomerLine, Filed, StatementLine, SubscriberLine
from iso_alert.store.filing import CardBook
from iso_alert.store.queries import statements
from iso_alert.store.steps import Steps

SQL = statements("files.sql")
ACTIVE = SubscriptionState.ACTIVE.value


class SqliteFiles:
    """A files.Files on somebody else's connection."""

    def __init__(self, db: Connection, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        self._db, self._steps, self._transaction = db, Steps(db, SQL), transaction

    @contextmanager
    def in_bulk(self) -> Iterator[None]:
        """No fsync while the lock is held, and checkpoints before a running service would have to make them."""
        self._db.executescript(SQL["bulk"])
        try:
            yield
        finally:
            self._db.executescript(SQL["usual"].format(pages=CHECKPOINT_PAGES))

    def customers(self, lines: Sequence[CustomerLine]) -> Filed:
        changed, after = 0, dict[str, tuple[int, bool]]()
        with self._transaction():
            known = self._known(line.customer for line in lines)
            free = self._free()[0]
            for line in lines:
                number, natural = known.get(line.customer, (free, None))
                if natural is not line.natural:
                    free += natural is None
                    known[line.customer] = after[line.customer] = number, line.natural
                    changed += 1
            self._steps.write("write_customers", [(number, ref, natural) for ref, (number, natural) in after.items()])
        return Filed(changed)

    def cards(self, lines: Sequence[CardLine]) -> Filed:
        with self._transaction():
            free_customer, free_card = self._free()
            book = CardBook(self._meet(lines, free_customer), free_card)
            named = [line.card for line in lines] + [line.replaces for line in lines if line.replaces]
            book.know(self._steps.read("cards", _tokens(named)))
            refused = {at: why for at, line in enumerate(lines) if (why := book.take(line))}
            self._steps.write("write_cards", book.rows())
            for to, of in book.adopted:
                self._steps.do("adopt", to, of)
        return Filed(book.changes, refused)

    def _meet(self, lines: Iterable[CardLine], free: int) -> dict[str, int]:
        """The numbers of all customers of a batch; those whom nobody has named before are written down."""
        names = list(dict.fromkeys(line.customer for line in lines))
        known = {ref: id_ for ref, (id_, _) in self._known(names).items()}
        new = {name: number for number, name in enumerate((name for name in names if name not in known), free)}
        self._steps.write("write_customers", [(number, name, 1) for name, number in new.items()])
        return known | new

    def _known(self, names: Iterable[str]) -> dict[str, tuple[int, bool]]:
        rows = self._steps.read("customers", [(name,) for name in dict.fromkeys(names)])
        return {ref: (id_, bool(natural)) for ref, id_, natural in rows}

    def _free(self) -> tuple[int, int]:
        customer, card = self._steps.one("last_ids")
        return customer + 1, card + 1

    def subscriptions(self, lines: Sequence[SubscriberLine], now: float) -> Filed:
        with self._transaction():
            names = [(name,) for name in dict.fromkeys(line.customer for line in lines)]
            known = {ref: row for ref, *row in self._steps.read("subscribers", names)}
            new: list[tuple[Any, ...]] = []
            refused, differing = {}, []
            for at, line in enumerate(lines):
                number, natural, has_card, *said = known.get(line.customer, (0, 1, 0, None, None, None, None))
                if why := _not_taken(natural, has_card, said[0]):
                    refused[at] = why
                elif said[0] is None:
                    said = [ACTIVE, line.mobile, line.language.value, int(bool(line.news))]
                    known[line.customer] = [number, natural, has_card, *said]
                    new.append((number, *said, line.terms, now, now, now))
                elif said[1:] != [line.mobile, line.language.value, said[3] if line.news is None else int(line.news)]:
                    differing.append(at)
            self._steps.write("write_subscriptions", new)
        return Filed(len(new), refused, tuple(differing))

    def statements(self, lines: Sequence[StatementLine]) -> Filed:
        with self._transaction():
            cards = {
                bytes.fromhex(row[0]): row for row in self._steps.read("cards", _tokens(line.card for line in lines))
            }
            found = [next((cards[token] for token in line.card.tokens if token in cards), None) for line in lines]
            refused = {at: why for at, row in enumerate(found) if (why := _not_owed(row))}
            wanted = {
                (line.due.isoformat(), row[1]): (line.total, line.minimum)
                for at, (line, row) in enumerate(zip(lines, found, strict=True))
                if row and at not in refused
            }
            there = {
                (due, card): (total, least) for due, card, total, least in self._steps.read("statements", [*wanted])
            }
            changed = [(*place, *sums) for place, sums in wanted.items() if there.get(place) != sums]
            self._steps.write("write_statements", changed)
        return Filed(len(changed), refused)


def _tokens(cards: Iterable[Card]) -> list[tuple[bytes]]:
    return [(token,) for card in cards for token in card.tokens]


def _not_taken(natural: int, has_card: int, state: str | None) -> str | None:
    """Why a subscription cannot come by file."""
    if not has_card:
        return "this customer has no card here"
    if not natural:
        return "this customer is not a natural person"
    if state not in (None, ACTIVE):
        return f"the subscription is {state}: a file does not change that"
    return None


def _not_owed(card: Sequence[Any] | None) -> str | None:
    if card is None:
        return "this card is not on file"
    return "a debit card has no statement" if card[3] == Kind.DEBIT.value else None
