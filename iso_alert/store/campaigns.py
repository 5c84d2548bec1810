"""The verbs of the store about news.  As in `port`: one verb, one transaction."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import field, frozen

from iso_alert.domain.command import Actor
from iso_alert.domain.news import CampaignState, Order

PORTION = 256  # SMS that are queued in one transaction
WAITING = 512  # SMS of news that may wait in the outbox: the rest of a campaign is but a pointer


@frozen
class Campaign:
    """One piece of news, to everybody who consented.  Times in seconds since 1970."""

    id: int
    texts: Mapping[str, str] = field(repr=False)  # language to text
    state: CampaignState
    made_by: str
    made_at: float
    ended_at: float | None
    left: int  # subscribers who are still to be thought of
    sms: Mapping[str, int]  # state of an alert to how many


class Campaigns(Protocol):
    """What the bank wants to tell."""

    def audience(self) -> int:
        """How many have an active subscription and consented to news."""

    def new_campaign(self, th: str, en: str, actor: Actor, now: float) -> int:
        """Begin a campaign: its number.  Leaves an audit row."""

    def order(self, campaign: int, order: Order, actor: Actor, now: float) -> CampaignState | None:
        """Stop (what waits is taken back) or resume: the state now, None when that cannot be.  Leaves an audit row."""

    def campaigns(self) -> Sequence[Campaign]:
        """All of them, oldest first."""

    def queue_news(self, now: float, until: float) -> int:
        """Queue a portion of the oldest campaign, to go before `until`; how many subscribers were thought of.

        Nobody gets it twice: the SMS and the pointer that has passed him are one commit.
        """

    def put_off_news(self, now: float) -> int:
        """Take back what waits beyond its hours: it is queued again when news may go; how many."""
