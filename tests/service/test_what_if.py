"""Another policy over the journal's decisions: what it would have told, without telling anybody."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from iso_alert.domain.policy import Policy
from iso_alert.service.what_if import Answer, Cell, Customers, WhatIf
from iso_alert.store.inquiry import FOREVER, Inquiry
from tests.threads.player import play
from tests.threads.promise import book_of, policy_of
from tests.threads.story import BANGKOK, STORIES, Story, read_stories, read_story
from tests.threads.wire import link_of

EACH = [pytest.param(story, id=story.name) for story in read_stories()]


def asked(story: Story, path: Path, policy: Policy | None = None) -> Answer:
    """The story's journal under `policy`, else under its own; it is played first, unless it was."""
    if not path.exists():
        play(story, path)
    book = book_of(link_of(story), story.policy)
    with closing(Inquiry(path)) as inquiry:
        return WhatIf(policy or book.policy, book.texts, inquiry.decision).run(inquiry.decisions(FOREVER))


def told(name: str, tmp_path: Path, changed: Mapping[str, Any]) -> tuple[int, int]:
    """How many SMS a story told, and how many it would have told with the shipped policy so changed."""
    answer = asked(read_story(STORIES / f"{name}.toml"), tmp_path / "story.db", policy_of(changed))
    return answer.sms.total(), answer.sms_then.total()


@pytest.mark.parametrize("story", EACH)
def test_the_policy_that_was(story: Story, tmp_path: Path) -> None:
    """Asked about the policy that was in force, it answers that nothing would have been different."""
    answer = asked(story, tmp_path / "story.db")

    assert answer.sms == answer.sms_then
    assert answer.parts == answer.parts_then
    assert (answer.begin, answer.cease) == (0, 0)


# Decided to be told, and then refused by the operator, too old, or withdrawn: they count as told.
NOT_LEFT = {
    "given-up-with-its-void-waiting": 2,
    "refused-then-void": 1,
    "refused-with-its-void-waiting": 2,
    "unmatched-void-taken-back-while-it-waits": 1,
    "void-taken-back-while-it-waits": 1,
}


@pytest.mark.parametrize("story", EACH)
def test_what_was_told(story: Story, tmp_path: Path) -> None:
    """It counts the SMS that left, each once, and those that were only decided on."""
    seen = play(story, tmp_path / "story.db")
    left = sum(len(texts) for texts in seen.read.values())

    assert left + NOT_LEFT.get(story.name, 0) == asked(story, tmp_path / "story.db").sms.total()


@pytest.mark.parametrize(
    ("name", "changed", "was", "then"),
    [
        ("void-by-rrn", {"from": {"P3": "3000.00"}}, 2, 0),
        ("void-by-rrn", {"from": {"P3": "2500.00"}}, 2, 2),
        ("void-taken-back", {"from": {"P3": "3000.00"}}, 3, 0),
        ("below-threshold-and-void", {"from": {"P3": "0.01"}}, 0, 2),
        ("untold-online-debit-reversed", {"send": {"P2": True}}, 0, 2),
        ("refund-silent", {"send": {"P5": True}}, 2, 4),
        ("refund-voided", {}, 2, 0),
        ("unmatched-void-told", {"unmatched_cancellation": "silent"}, 1, 0),
        ("unmatched-void-silent", {}, 0, 1),
        ("preauthorisation-completed", {"from": {"P3": "6000.00"}}, 1, 0),
        ("preauthorisation-untold-then-completion", {"from": {"P3": "0.01"}}, 2, 2),
        ("partial-reversal", {"from": {"P3": "10000.00"}}, 2, 0),
        ("burst-of-three", {}, 1, 0),
        ("burst-of-three", {"burst": {"on": True, "count": 2}}, 1, 2),
        ("burst-by-sum", {"burst": {"on": True, "sum": "1000.01"}}, 1, 0),
        ("overtaken-within-the-wait", {"from": {"P3": "3000.00"}}, 2, 0),
        ("overtaken-too-late", {"unmatched_cancellation": "silent"}, 1, 0),
        ("subscription-cancelled-before-the-void", {"from": {"P3": "0.01"}}, 1, 1),
    ],
)
def test_another_policy(name: str, changed: Mapping[str, Any], was: int, then: int, tmp_path: Path) -> None:
    """Payments are judged anew, and what follows them goes where they go."""

    assert (was, then) == told(name, tmp_path, changed)


def test_who_begins_and_who_ceases(tmp_path: Path) -> None:
    """Customers who would be told for the first time, and who would not be told at all, by channel and kind of card."""
    story = read_story(STORIES / "sale-of-debit-in-thai-and-english.toml")
    answer = asked(story, tmp_path / "story.db", policy_of({"send": {"P1": False}, "from": {"P3": "900.00"}}))

    assert (answer.begin, answer.cease) == (0, 1)
    assert {Cell("edc", "debit"): 1, Cell("edc", "credit"): 1} == answer.sms
    assert {Cell("edc", "credit"): 2} == answer.sms_then
    assert (answer.parts.total(), answer.parts_then.total()) == (2 + 1, 2 + 2)  # Thai takes two, English one


def test_versions_of_the_other_policy(tmp_path: Path) -> None:
    """Every version of the other policy counts from its own day."""
    later = {
        "id": "2027",
        "announced_at": datetime(2026, 12, 1, tzinfo=BANGKOK),
        "effective_from": datetime(2027, 1, 1, tzinfo=BANGKOK),
        "from": {"P3": "9000.00"},
    }

    assert told("year-roll-over", tmp_path, {"later": [later]}) == (2, 2)  # the sale was before, its void follows


def test_nothing_is_written(tmp_path: Path) -> None:
    """A question changes nothing: the journal is read only, and no SMS is made."""
    story, path = read_story(STORIES / "void-by-rrn.toml"), tmp_path / "story.db"
    play(story, path)
    before = path.read_bytes()
    asked(story, path, policy_of({"from": {"P3": "0.01"}}))

    assert before == path.read_bytes()


def test_a_set_of_customers() -> None:
    """A bit each: how many are in one set and not in another, also where they lie far apart."""
    mine, theirs = Customers(), Customers()
    for customer in (1, 2, 9, 500_000):
        mine.add(customer)
    for customer in (2, 3):
        theirs.add(customer)

    assert (mine.without(theirs), theirs.without(mine), mine.without(mine)) == (3, 1, 0)


@pytest.mark.parametrize("size", [0, 9_999, 10_000, 25_000])
def test_progress(size: int, tmp_path: Path) -> None:
    """Whoever waits hears of every ten thousand decisions, and of the end."""
    story, heard = read_story(STORIES / "sale.toml"), list[int]()
    asked(story, tmp_path / "story.db")
    book = book_of(link_of(story), {})
    with closing(Inquiry(tmp_path / "story.db")) as inquiry:
        (one,) = inquiry.decisions(FOREVER)
        WhatIf(book.policy, book.texts, inquiry.decision).run((one for _ in range(size)), heard.append)

    assert [*range(10_000, size + 1, 10_000), size] == heard
