"""The verbs of the store about statements and their reminders.  As in `port`: one verb, one transaction."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from attrs import frozen

from iso_alert.domain.card import Card
from iso_alert.domain.text import Texts

PAGE = 500  # statements that are looked at in one transaction
Place = tuple[str, int]  # a due date and the number of a card: statements are looked at in this order
BEGINNING: Place = ("", 0)


@frozen
class StatementLine:
    """One statement of the bank: what is owed on a card, and by when.  Sums in satang."""

    card: Card
    due: date
    total: int
    minimum: int


@frozen
class Reminded:
    """What came of a page: how many reminders were queued, and where to go on; None: that was the last page."""

    queued: int
    looked_at: int
    place: Place | None


class Statements(Protocol):
    """What is owed, and who was reminded of it."""

    def import_statements(self, lines: Iterable[StatementLine]) -> "Filed":
        """Write statements; one that is there (card and due date) is changed.  Idempotent."""

    def remind(self, now: float, texts: Texts, after: Place = BEGINNING) -> Reminded:
        """Queue the reminders that are due, of one page of statements.  Each statement is reminded of once.

        A reminder and the note that it was made are one commit.  One that could not be sent for a day was not made.
        """

    def give_up_reminders(self, now: float) -> int:
        """Give up reminders that still wait and whose due date has come; how many."""


from iso_alert.store.files import Filed  # noqa: E402
