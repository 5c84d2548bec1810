"""When news may go, what it may say, and where a campaign can be."""

from datetime import datetime
from itertools import product

import pytest

from iso_alert.domain.news import TRANSITIONS, CampaignState, Order, closes, faults
from iso_alert.domain.shown import BANGKOK


def at(text: str) -> float:
    """A time in Bangkok."""
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK).timestamp()


HOURS = [  # now, and until when it goes
    ("2026-11-23 08:59:59", None),
    ("2026-11-23 09:00:00", "2026-11-23 21:00"),
    ("2026-11-23 20:59:59", "2026-11-23 21:00"),
    ("2026-11-23 21:00:00", None),
    ("2026-11-24 00:00:00", None),
    ("2028-02-29 12:00:00", "2028-02-29 21:00"),
]


@pytest.mark.parametrize(("now", "until"), HOURS, ids=[now for now, _ in HOURS])
def test_news_goes_by_day(now: str, until: str | None) -> None:
    """From nine to nine in Bangkok; nobody is woken."""
    assert closes(at(now)) == (at(until) if until else None)


GOOD = [
    "โปรโมชั่นสงกรานต์ 12/04/2570 ถึง 15/04/2570 เวลา 10.30 น. ลด 50%",
    "โทร. 02 888 8888 พ.ศ.2569",
    "Up to 1,000.00 baht back. Call 02-888-8888.",
    "ครั้งที่ 1\nครั้งที่ 2",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_news_may_say(text: str) -> None:
    """Dates, hours, sums, abbreviations, the bank's telephone number, several lines."""
    assert list(faults(text)) == []


BAD = {
    "": "empty",
    " \n": "empty",
    "see https://x": "link",
    "WWW something": "link",
    "go to kbank.co.th": "link",
    "go to kbank。com": "link",
    "ดู ธนาคาร.ไทย": "link",
    "write to me@bank": "link",
    "card 4539 5787 6362 1486 wins": "card number",
    "left\u202eright": "no phone shows",
    "zero\u200bwidth": "no phone shows",
}


@pytest.mark.parametrize("text", BAD, ids=list(BAD.values()))
def test_what_news_may_not_say(text: str) -> None:
    """T-10, T-06: nothing a phone makes a link of, nothing that could be a card number, nothing hidden."""
    (fault,) = faults(text)

    assert BAD[text] in fault


@pytest.mark.parametrize(("state", "order"), list(product(CampaignState, Order)), ids=lambda value: value.value)
def test_where_a_campaign_goes(state: CampaignState, order: Order) -> None:
    """Only what is being sent can be stopped or end, only what was stopped resumes; the rest is not possible."""
    possible = {
        (CampaignState.SENDING, Order.STOP): CampaignState.STOPPED,
        (CampaignState.SENDING, Order.FINISH): CampaignState.DONE,
        (CampaignState.STOPPED, Order.RESUME): CampaignState.SENDING,
    }

    assert TRANSITIONS.get((state, order)) is possible.get((state, order))
