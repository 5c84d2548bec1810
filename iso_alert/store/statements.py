"""The verbs of the store about reminders of statements (R-20).  As in `port`: one verb, one transaction.

Statements themselves come by `files`.
"""

from typing import Protocol

from attrs import frozen

from iso_alert.domain.text import Texts

PAGE = 250  # statements that are looked at in one transaction
Place = tuple[str, int]  # due date and card: the order in which statements are looked at
BEGINNING: Place = ("", 0)


@frozen
class Reminded:
    """What a page came to.  `place` is where to go on; None: nothing is left to look at."""

    queued: int
    place: Place | None


class Statements(Protocol):
    """Who is reminded."""

    def remind(self, now: float, texts: Texts, after: Place = BEGINNING) -> Reminded:
        """Queue the reminders that are due in one page of statements.  A statement is reminded of once.

        The reminder and the note that it was made are one commit.  One that waited for a day in vain (the operator was
        away) was not made, and is made again while there is time.
        """

    def give_up_reminders(self, now: float) -> int:
        """Give up reminders that wait although their due date has come; how many."""
