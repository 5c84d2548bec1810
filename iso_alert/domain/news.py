"""News of the bank: when it may go, what it may say, and the states of a campaign as a table.

Only between 09:00 and 21:00 in Bangkok, only to those who consented, and after everything else.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from enum import Enum

from iso_alert.domain.shown import BANGKOK

NEWS = "news"  # the key of such an alert
FROM, UNTIL = time(9), time(21)


class CampaignState(Enum):
    """Where a campaign is."""

    SENDING = "sending"
    STOPPED = "stopped"  # what was queued is withdrawn; it can be resumed
    DONE = "done"  # everybody has been thought of


class Order(Enum):
    """What can be asked of a campaign, or happens to it."""

    STOP = "stop"
    RESUME = "resume"
    FINISH = "finish"  # nobody is left


TRANSITIONS: Mapping[tuple[CampaignState, Order], CampaignState] = {
    (CampaignState.SENDING, Order.STOP): CampaignState.STOPPED,
    (CampaignState.SENDING, Order.FINISH): CampaignState.DONE,
    (CampaignState.STOPPED, Order.RESUME): CampaignState.SENDING,
}


def closes(now: float) -> float | None:
    """When the hours in which `now` lies end (seconds since 1970); None: no news goes now."""
    here = datetime.fromtimestamp(now, BANGKOK)
    return datetime.combine(here.date(), UNTIL, BANGKOK).timestamp() if FROM <= here.time() < UNTIL else None


# Dates, times, sums, Thai abbreviations (น., พ.ศ.) and the bank's telephone number are not links.
_LINK = re.compile(r"(?i)[a-z]+://|\bwww\b|[^\W_]\.(?:[a-z]{2}|ไทย)|\S@\S")
_DOTS = str.maketrans("。．｡․·", ".....")
_CARD = re.compile(r"\d(?:[ -]?\d){12,}")
_HIDDEN = {"Cf", "Co", "Cs", "Cn"}  # what no phone shows, and what turns the direction of writing


def faults(text: str) -> Iterator[str]:
    """What is wrong with a text of news.  Thai banks may not send links, nor anything a phone makes one of."""
    if not text.strip():
        yield "it is empty"
    if found := _LINK.search(text.translate(_DOTS)):
        yield f"a phone makes a link of what stands at character {found.start() + 1}"
    if found := _CARD.search(text):
        yield f"what stands at character {found.start() + 1} could be a card number"
    if hidden := next((at for at, c in enumerate(text, 1) if unicodedata.category(c) in _HIDDEN), None):
        yield f"character {hidden} is one that no phone shows"
