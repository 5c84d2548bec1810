"""What is asked: the bodies and queries of requests, as values that cannot be wrong in form."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from attrs import field, frozen

from iso_alert.domain.text import Language
from iso_alert.web.api import fields as f

MOST_ROWS, MOST_LINES = 500, 5000


@frozen(kw_only=True)
class Asked:
    """What every request may say beside its matter."""

    operator: Annotated[str | None, f.OPERATOR] = None
    reason: Annotated[str | None, f.REASON] = None


@frozen(kw_only=True)
class Subject(Asked):
    """Whose subscription: named by a card, by the bank's own name, or by both (then they must belong together)."""

    card: Annotated[str | None, f.CARD] = field(default=None, repr=False)
    customer: Annotated[str | None, f.CUSTOMER] = None
    verified: Annotated[bool, f.said("Whether the caller is known to be the customer; if not, nothing is done.")] = True


@frozen(kw_only=True)
class Application(Subject):
    """Applying; whoever is not in the card file must name a card."""

    mobile: Annotated[str, f.MOBILE] = field(repr=False)
    language: Annotated[Language, f.LANGUAGE]
    terms: Annotated[str, f.TERMS]
    news: Annotated[bool | None, f.said("Consent to bank news; applying is consent unless this is false.")] = None
    network: Annotated[str | None, f.NETWORK] = None


@frozen(kw_only=True)
class NewNumber(Subject):
    """Another mobile number, in force at once."""

    mobile: Annotated[str, f.MOBILE] = field(repr=False)
    language: Annotated[Language | None, f.LANGUAGE] = None
    network: Annotated[str | None, f.NETWORK] = None


@frozen(kw_only=True)
class NewLanguage(Subject):
    """Another language, in force with the next SMS."""

    language: Annotated[Language, f.LANGUAGE]
    terms: Annotated[str | None, f.TERMS] = None


@frozen(kw_only=True)
class NewsConsent(Subject):
    """Consent to bank news."""

    terms: Annotated[str | None, f.TERMS] = None


@frozen(kw_only=True)
class Search(Asked):
    """Who is looked for: by exactly one of card, customer and mobile number."""

    card: Annotated[str | None, f.CARD] = field(default=None, repr=False)
    customer: Annotated[str | None, f.CUSTOMER] = None
    mobile: Annotated[str | None, f.MOBILE] = field(default=None, repr=False)


@frozen(kw_only=True)
class Everybody(Asked):
    """For all subscribers; the reason must be told."""

    reason: Annotated[str, f.REASON]


@frozen(kw_only=True)
class OneRoute(Everybody):
    """One of the routes to operators."""

    route: Annotated[str, f.ROUTE]


@frozen(kw_only=True)
class Sums:
    """What is owed, and by when."""

    due: Annotated[str, f.day("When it must be paid.", "2026-12-05")]
    total: Annotated[str, f.AMOUNT]
    minimum: Annotated[str, f.AMOUNT]

    @property
    def day(self) -> date:
        return date.fromisoformat(self.due)

    def satang(self, name: str) -> int:
        return int(str(getattr(self, name)).replace(".", ""))


@frozen(kw_only=True)
class Owed(Sums):
    """What a reminder would tell of one card, or of a customer's credit cards."""

    operator: Annotated[str | None, f.OPERATOR] = None
    card: Annotated[str | None, f.CARD] = field(default=None, repr=False)
    customer: Annotated[str | None, f.CUSTOMER] = None


@frozen(kw_only=True)
class Owing(Sums):
    """One statement."""

    card: Annotated[str, f.CARD] = field(repr=False)


@frozen(kw_only=True)
class Upload(Asked):
    """Statements; one that is there (card and due date) gets the new sums."""

    statements: Annotated[tuple[Owing, ...], f.several(MOST_LINES)]


@frozen(kw_only=True)
class Rows:
    """Which rows of a list."""

    limit: Annotated[int, f.whole("At most so many.", 1, MOST_ROWS)] = 100


@frozen(kw_only=True)
class TrailRows(Rows):
    """Which rows of the audit trail."""

    after: Annotated[int, f.whole("Those behind the row of this number.", 0, 2**53)] = 0


@frozen
class Nothing:
    """A request that says nothing."""


@frozen
class Together:
    """What several fields must have in common, which none of them can say."""

    names: tuple[str, ...]
    only_one: bool

    def fault(self, asked: object) -> str | None:
        given = sum(getattr(asked, name) is not None for name in self.names)
        if given == 1 or (given and not self.only_one):
            return None
        return f"name {'exactly' if self.only_one else 'at least'} one of {', '.join(self.names)}"


TOGETHER: Mapping[type, Together] = {
    Subject: Together(("card", "customer"), only_one=False),
    Owed: Together(("card", "customer"), only_one=True),
    Search: Together(("card", "customer", "mobile"), only_one=True),
}


def together(asked: type) -> Together | None:
    """The rule of a class, or of what it was made from."""
    return next((TOGETHER[base] for base in asked.__mro__ if base in TOGETHER), None)
