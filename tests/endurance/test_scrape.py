"""Reading /metrics: sums, and what is left when every message's fate is taken from them."""

import pytest
from prometheus_client import generate_latest

from iso_alert.service.metrics import Metrics
from tests.endurance.scrape import Scrape

HEARD = [  # MTI, what was said, and how the message was counted besides
    ("0200", "recorded", "repeats"),
    ("0800", "recorded", ""),
    ("0200", "format_error", "unreadable"),
    ("0210", "none", "ignored"),
]


def page(*heard: tuple[str, str, str]) -> str:
    metrics = Metrics()
    for mti, said, counted in heard:
        metrics.answered("switch", mti, said)
        if counted == "repeats":
            metrics.repeats.inc()
        elif counted:
            getattr(metrics, counted)("switch", "some reason")
    return generate_latest(metrics.registry).decode()


def test_sums() -> None:
    """Over all samples that have the labels which are asked for."""
    scrape = Scrape(page(*HEARD))

    assert scrape.total("messages") == 4
    assert scrape.total("messages", mti="0200") == 2
    assert scrape.fates(["switch"]) == {"messages": 4, "unreadable": 1, "ignored": 1, "recorded": 2, "none": 1}


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ([], 0),
        ([("0200", "recorded", "")], 1),  # answered, and never decided on
        ([("other", "recorded", "")], 0),  # an MTI without a name may have been about the link
        ([("0200", "recorded", "repeats"), ("0210", "none", "")], 1),
    ],
)
def test_every_message_has_a_fate(more: list[tuple[str, str, str]], left: int) -> None:
    """What is counted as answered and as nothing else is left over."""

    assert Scrape(page(*HEARD, *more)).unaccounted() == left
