"""Alert states, mobile numbers, the time that is shown."""

from typing import Any

import pytest
from attrs import evolve

from iso_alert.domain.alert import NEVER_SENT, OPEN, TRANSITIONS, AlertState, Happening, after, parts, pause
from iso_alert.domain.deciding import decide
from iso_alert.domain.decision import NOTHING_KNOWN, Change, NewAlert, Overtaken
from iso_alert.domain.event import Event
from iso_alert.domain.mobile import BadMobile, thai_mobile
from iso_alert.domain.reason import Reason
from iso_alert.domain.shown import shown_time
from iso_alert.domain.subscription import Holder, masked
from iso_alert.domain.thread import State
from tests.support.bank import NOW, book, sale

# ---- alerts

ENDS = {AlertState.DELIVERED, AlertState.REFUSED, AlertState.GIVEN_UP, AlertState.WITHDRAWN}


def test_every_state_can_be_reached() -> None:
    """From `queued`, by the table alone."""
    reached, before = {AlertState.QUEUED}, set[AlertState]()
    while reached != before:
        before = set(reached)
        reached |= {to for (state, _), to in TRANSITIONS.items() if state in before}

    assert reached == set(AlertState)


def test_what_has_ended_stays_so() -> None:
    """Nothing leads out of an end, and something leads out of everything else."""
    left = {state for state, _ in TRANSITIONS}

    assert set(AlertState) - left == ENDS
    assert not OPEN & NEVER_SENT
    assert NEVER_SENT <= ENDS


def test_every_happening_happens() -> None:
    """No row of the table is for show."""
    assert {happening for _, happening in TRANSITIONS} == set(Happening)


def test_what_is_not_in_the_table_is_our_mistake() -> None:
    """It has a name: KeyError, in a traceback."""
    with pytest.raises(KeyError):
        after(AlertState.DELIVERED, Happening.CLAIMED)


def test_pauses_grow_and_have_an_end() -> None:
    """From a second to some minutes, and no longer than that however often it failed."""
    pauses = [pause(attempt) for attempt in range(1, 50)]

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1.0, 300.0)


# ---- mobile numbers


@pytest.mark.parametrize(
    ("text", "count"), [("", 1), ("ก" * 70, 1), ("ก" * 71, 2), ("a" * 160, 1), ("a" * 161, 2), ("a" * 70 + "ก", 2)]
)
def test_the_room_that_a_text_takes(text: str, count: int) -> None:
    """One SMS has 160 characters, or 70 where one of them is Thai."""
    assert parts(text) == count


@pytest.mark.parametrize(
    "text", ["0812345678", "081 234 5678", "081-234-5678", "+66812345678", "+66 81 234 5678", "66812345678"]
)
def test_a_thai_mobile_is_kept_as_e164(text: str) -> None:
    """However people write it."""
    assert thai_mobile(text) == "+66812345678"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no telephone number"),
        ("somebody", "no telephone number"),
        ("021234567", "not a mobile number"),
        ("+14155552671", "not a Thai number"),
        ("08123", "no number that exists"),
        ("081234567890123", "no number that exists"),
        ("1155", "no number that exists"),
    ],
)
def test_what_cannot_be_reached_is_refused_with_the_reason(text: str, why: str) -> None:
    """And the number is not shown: the reason may be logged (T-07)."""
    with pytest.raises(BadMobile, match=why) as refused:
        thai_mobile(text)

    assert not text or text not in str(refused.value)


def test_a_masked_mobile_shows_its_ends() -> None:
    """As logs and lists do."""
    assert masked("+66812345678") == "+66*****5678"


# ---- the time that is shown


def test_a_domestic_sale_shows_the_time_of_its_shop() -> None:
    """DE12, whatever DE7 says."""
    assert shown_time(sale(local_time="151502", transmitted_at=0)) == "15:15"


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({"domestic": False}, "15:15"),
        ({"local_time": ""}, "15:15"),
        ({"local_time": "", "transmitted_at": None}, "15:15"),
        ({"local_time": "250000"}, "15:15"),
        ({"local_time": "120000", "domestic": False}, "15:15"),
    ],
)
def test_otherwise_the_time_of_transmission_in_bangkok(changed: dict[str, Any], shown: str) -> None:
    """Of a shop abroad, or one that sends no time or an impossible one; and without that the time of arrival."""
    assert shown_time(sale(**changed)) == shown


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (1_798_736_400, "00:00"),  # 2026-12-31 17:00 UTC is the new year in Bangkok
        (1_798_736_399, "23:59"),
        (1_798_761_599, "06:59"),  # the last second of the year in UTC
        (1_798_761_600, "07:00"),
    ],
)
def test_the_year_rolls_over_seven_hours_early(moment: int, shown: str) -> None:
    """31 December in London is 1 January in Bangkok."""
    assert shown_time(sale(local_time="", transmitted_at=moment, arrived_at=NOW)) == shown


def test_a_decision_is_put_into_words_once() -> None:
    """One with its SMS has the words of the one without; one that is changed has its own."""
    alone = decide(1, sale(), Holder(), NOTHING_KNOWN, book())
    told = alone.telling(NewAlert("approval", 1, "+66810000001", "en", "THB 2,500.00"))
    changed = evolve(alone, reason=Reason.STOPPED)

    assert told.words is alone.words
    assert told.outcome is alone.outcome
    assert changed.words == (*alone.words[:-1], "stopped")
    assert changed.outcome == ("purchase", "edc", "stopped", False)
    assert (told.words, told.outcome) == (evolve(told).words, evolve(told).outcome)


def test_what_is_decided_is_remembered_by_what_was_asked() -> None:
    """Not by its text, in which a host may write what stands between two words."""
    rules, plain = book(), sale()
    strange, usual = (
        plain.but(facts=evolve(plain.facts, processing=processing, entry_mode=entry_mode))
        for processing, entry_mode in (("00|05", ""), ("00", "05|"))
    )
    events = [decide(1, of, Holder(), NOTHING_KNOWN, rules).event for of in (strange, usual, strange)]

    assert strange.said == usual.said
    assert events == [Event.OTHER, Event.PURCHASE, Event.OTHER]


@pytest.mark.parametrize(
    ("more", "follows", "reaches_back"),
    [
        ({}, False, False),
        ({"original": 7}, True, False),
        ({"matched_by": "DE38"}, True, False),
        ({"unmatched": True}, True, False),
        ({"changes": [Change(7, State.VOIDED)]}, False, True),
        ({"withdraw": [7]}, False, True),
        ({"overtook": [Overtaken(7, 7, None, Reason.NOTHING_TO_RESTORE)]}, False, True),
        ({"covers": [7]}, False, True),
    ],
    ids=str,
)
def test_what_a_decision_has_to_do_with_earlier_messages(
    more: dict[str, Any], follows: bool, reaches_back: bool
) -> None:
    """It speaks of one, or waits for it; it changes one, or an alert of it.  With its SMS it does the same."""
    one = evolve(decide(1, sale(), Holder(), NOTHING_KNOWN, book()), **more)
    told = one.telling(NewAlert("approval", 1, "+66810000001", "en", "THB 2,500.00"))

    assert (one.follows, one.reaches_back) == (told.follows, told.reaches_back) == (follows, reaches_back)
