"""The tables of events and channels, walked whole: every row is reached, and the first that fits is the one."""

import tomllib
from functools import cache
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from iso_alert import shipped
from iso_alert.domain.channel import Channel, Channels, read_channel_rules, read_channels
from iso_alert.domain.event import NO_TIES, Event, Events, Ties, read_event_rules, read_events
from iso_alert.domain.rules import RuleError
from iso_alert.domain.transaction import Facts
from iso_alert.iso.profile import read_profile

SALE = Facts("2", "0", "0", processing="00", entry_mode="05", condition="00", mcc="5411", amount="positive")
PLAIN = evolve(SALE, entry_mode="", condition="00", mcc="")  # nothing that a channel could be told by
PROFILES = sorted(path.stem for path in (shipped.SPECS / "profiles").glob("*.toml"))


def rows(name: str) -> list[dict[str, Any]]:
    file = tomllib.loads((shipped.SPECS / f"{name}s.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = file[name]
    return found


@cache
def events(profile: str) -> Events:
    return read_events(rows("event"), read_event_rules(read_profile(profile).event))


@cache
def channels(profile: str) -> Channels:
    return read_channels(rows("channel"), read_channel_rules(read_profile(profile).channel))


def seen(**changed: str) -> Facts:
    return evolve(SALE, **changed)


# Row, profile, what is asked, and what is known of earlier messages.
EVENTS: list[tuple[str, str, Facts, Ties]] = [
    ("E01", "iso87-ascii", seen(mti_class="3"), NO_TIES),
    ("E01", "iso87-ascii", seen(mti_class="5"), NO_TIES),
    ("E02", "iso87-ascii", seen(mti_class="4", origin="2"), NO_TIES),
    ("E03", "iso87-ascii", seen(mti_class="4"), Ties(original="void")),
    ("E03", "iso87-ascii", seen(mti_class="4", processing="02", void_code="yes"), NO_TIES),
    ("E04", "iso87-ascii", seen(mti_class="4", partial="yes"), NO_TIES),
    ("E05", "iso87-ascii", seen(mti_class="4"), NO_TIES),
    ("E05", "iso87-ascii", seen(mti_class="4", approved="no", amount="zero"), Ties(original="purchase")),
    ("E06", "iso87-ascii", seen(approved="unknown"), NO_TIES),
    ("E07", "iso87-ascii", seen(approved="no", processing="02", void_code="yes"), NO_TIES),
    ("E08.edc-pre-authorisation", "edc-bcd-tpdu", seen(mti_class="1", processing="30"), NO_TIES),
    ("E08.edc-adjustment", "edc-bcd-tpdu", seen(function="2", processing="21"), NO_TIES),
    ("E08.93-completion", "iso93-ascii", seen(condition="06"), NO_TIES),
    ("E08.up-refund", "unionpay-pos", seen(function="2", processing="20"), NO_TIES),
    ("E08.up-pre-authorisation", "unionpay-pos", seen(mti_class="1", processing="03"), NO_TIES),
    ("E08.up-completion", "unionpay-pos", seen(condition="06"), NO_TIES),
    ("E09", "iso87-ascii", seen(processing="02", void_code="yes"), NO_TIES),
    ("E09", "unionpay-pos", seen(processing="20", void_code="yes"), NO_TIES),
    ("E10", "iso87-ascii", seen(function="2", amount="zero"), Ties(original="purchase")),
    ("E11", "iso87-ascii", seen(mti_class="1", processing="30", condition="06", amount="zero"), NO_TIES),
    ("E11", "iso87-ascii", seen(mti_class="1", processing="30"), NO_TIES),
    ("E12", "iso87-ascii", seen(processing="30"), NO_TIES),
    ("E12", "iso87-ascii", seen(processing="18"), NO_TIES),
    ("E12", "iso87-ascii", seen(condition="51"), NO_TIES),
    ("E12", "iso87-ascii", seen(amount="zero"), NO_TIES),
    ("E12", "iso87-ascii", seen(function="2", amount="zero"), NO_TIES),
    ("E13", "iso87-ascii", seen(processing="20"), NO_TIES),
    ("E13", "iso87-ascii", seen(processing="29"), NO_TIES),
    ("E14", "iso87-ascii", seen(processing="22"), NO_TIES),
    ("E15", "iso87-ascii", seen(processing="01"), NO_TIES),
    ("E15", "iso87-ascii", seen(processing="17"), NO_TIES),
    ("E16", "iso87-ascii", seen(processing="12"), NO_TIES),
    ("E16", "iso87-ascii", seen(processing="21", function="2"), NO_TIES),
    ("E16", "iso87-ascii", seen(processing="59"), NO_TIES),
    ("E17", "iso87-ascii", seen(function="2"), Ties(original="purchase", original_class="1", told_by_phone="yes")),
    ("E18", "iso87-ascii", seen(function="2"), Ties(original="pre_authorisation", original_class="1")),
    ("E18", "iso87-ascii", seen(function="2", condition="06"), NO_TIES),
    ("E19", "iso87-ascii", seen(mti_class="1", condition="06"), NO_TIES),
    ("E20", "iso87-ascii", seen(), NO_TIES),
    ("E20", "iso87-ascii", seen(mti_class="1", processing="16"), NO_TIES),
    ("E20", "iso87-ascii", seen(function="2"), NO_TIES),
    ("E99", "iso87-ascii", seen(processing="60"), NO_TIES),
    ("E99", "iso87-ascii", seen(processing=""), NO_TIES),
    ("E99", "iso87-ascii", seen(processing="0"), NO_TIES),
]


@pytest.mark.parametrize(("row", "profile", "facts", "ties"), EVENTS)
def test_an_event_is_told_by_its_row(row: str, profile: str, facts: Facts, ties: Ties) -> None:
    """And the row leads where its file says."""
    event, rule = events(profile).of(facts, ties)

    assert rule.id == row
    assert event.value == rule.leads


def plain(**changed: str) -> Facts:
    return evolve(PLAIN, **changed)


# Row, profile, what is asked, and the event.
CHANNELS: list[tuple[str, str, Facts, Event]] = [
    ("C01", "iso87-ascii", plain(mcc="6011"), Event.PURCHASE),
    ("C01", "iso87-ascii", plain(entry_mode="51", chip_or_track="yes"), Event.PURCHASE),
    ("C01", "iso87-ascii", plain(entry_mode="71"), Event.PURCHASE),
    ("C01", "iso87-ascii", plain(entry_mode="05"), Event.CASH),
    ("C02", "iso87-ascii", plain(voice_listed="yes", entry_mode="01", condition="05"), Event.PURCHASE),
    ("C02", "iso87-ascii", plain(voice_listed="yes", condition="59"), Event.PURCHASE),
    ("C03", "iso87-ascii", plain(indicator="recurring"), Event.PURCHASE),
    ("C03", "iso87-ascii", plain(indicator="instalment", condition="59"), Event.PURCHASE),
    ("C03", "iso87-ascii", plain(condition="40"), Event.PURCHASE),
    ("C03", "iso87-ascii", plain(condition="73"), Event.PURCHASE),
    ("C04", "iso87-ascii", plain(entry_mode="81"), Event.PURCHASE),
    ("C04", "iso87-ascii", plain(entry_mode="09"), Event.PURCHASE),
    ("C04", "iso87-ascii", plain(indicator="ecommerce", condition="08"), Event.PURCHASE),
    *(("C04.condition-59", name, plain(condition="59", entry_mode="01"), Event.PURCHASE)
      for name in ("iso87-ascii", "iso87-binary-bitmap", "iso87-ebcdic", "visa-side")),
    ("C05", "iso87-ascii", plain(condition="07"), Event.PURCHASE),
    ("C05", "iso87-ascii", plain(condition="08", entry_mode="01"), Event.PURCHASE),
    ("C05", "iso87-ascii", plain(indicator="moto"), Event.PURCHASE),
    ("C06", "iso87-ascii", plain(entry_mode="10"), Event.PURCHASE),
    ("C07", "iso87-ascii", plain(indicator="no terminal", entry_mode="01"), Event.PURCHASE),
    ("C08", "iso87-ascii", plain(entry_mode="02"), Event.PURCHASE),
    ("C08", "iso87-ascii", plain(entry_mode="07"), Event.PURCHASE),
    ("C08", "iso87-ascii", plain(entry_mode="95"), Event.PURCHASE),
    ("C08", "iso87-ascii", plain(entry_mode="", chip_or_track="yes"), Event.PURCHASE),
    ("C08", "iso87-ascii", plain(entry_mode="01", indicator="no terminal", chip_or_track="yes"), Event.PURCHASE),
    ("C09", "iso87-ascii", plain(function="2", entry_mode="01", approval_code="yes", condition="05"), Event.PURCHASE),
    ("C10", "iso87-ascii", plain(entry_mode="01", condition="05"), Event.PURCHASE),
    ("C10", "iso87-ascii", plain(entry_mode="01", condition="71"), Event.PURCHASE),
    ("C11", "iso87-ascii", plain(condition="01"), Event.PURCHASE),
    ("C12", "iso87-ascii", plain(entry_mode="01", mcc="5960", terminal="yes"), Event.PURCHASE),
    ("C12", "iso87-ascii", plain(entry_mode="01", mcc="5969"), Event.PURCHASE),
    ("C13", "iso87-ascii", plain(entry_mode="01", terminal="yes"), Event.PURCHASE),
    ("C99", "iso87-ascii", plain(), Event.PURCHASE),
    ("C99", "iso87-ascii", plain(entry_mode="01"), Event.PURCHASE),
    ("C99", "unionpay-pos", plain(condition="59"), Event.PURCHASE),
]  # fmt: skip


@pytest.mark.parametrize(("row", "profile", "facts", "event"), CHANNELS)
def test_a_channel_is_told_by_its_row(row: str, profile: str, facts: Facts, event: Event) -> None:
    """And the row leads where its file says."""
    channel, rule = channels(profile).of(facts, event)

    assert rule.id == row
    assert channel.value == rule.leads


@pytest.mark.parametrize("profile", PROFILES)
def test_every_row_is_walked(profile: str) -> None:
    """A new row comes with a message that reaches it."""
    walked = {row for row, *_ in EVENTS + CHANNELS}
    here = {rule.id for rule in (*events(profile).table.rules, *channels(profile).table.rules)}

    assert here <= walked


@pytest.mark.parametrize("profile", PROFILES)
def test_rows_stand_in_the_order_of_their_ids(profile: str) -> None:
    """So that a row's place can be told from what is printed of it, and the last one holds always."""
    ids = [rule.id for rule in events(profile).table.rules]

    assert ids == sorted(ids)
    assert (ids[-1], channels(profile).table.rules[-1].id) == ("E99", "C99")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_row_has_words(profile: str) -> None:
    """They are what a person reads."""
    assert all(rule.say for rule in (*events(profile).table.rules, *channels(profile).table.rules))


WORDS = st.sampled_from(
    ["", "0", "00", "01", "02", "05", "06", "20", "30", "59", "5965", "yes", "no", "zero", "void", "2", "4", "é"]
)
ANY_FACTS = st.builds(Facts, **{each.name: WORDS for each in fields(Facts)})
ANY_TIES = st.builds(Ties, **{each.name: WORDS for each in fields(Ties)})


@given(facts=ANY_FACTS, ties=ANY_TIES, profile=st.sampled_from(PROFILES))
def test_anything_has_an_event_and_a_channel(facts: Facts, ties: Ties, profile: str) -> None:
    """Whatever a host sends, a row answers; and asked again it answers the same."""
    event, rule = events(profile).of(facts, ties)
    channel, way = channels(profile).of(facts, event)

    assert isinstance(channel, Channel)
    assert (events(profile).of(facts, ties)[1], channels(profile).of(facts, event)[1]) == (rule, way)


# ---- faults of a table


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "E1", "say": "x", "event": "purchase", "when": [{"colour": "red"}]}, "no fact is called 'colour'"),
        ({"id": "E1", "say": "x", "event": "party"}, "'party' is none of"),
        ({"id": "E1", "say": "x"}, "'event' is missing"),
        ({"id": "E1", "event": "purchase"}, "'say' is missing"),
        ({"id": "E1", "say": "x", "event": "purchase", "wenn": []}, "unknown key 'wenn'"),
    ],
)
def test_a_faulty_row_is_named(row: dict[str, Any], told: str) -> None:
    """Before any port is opened."""
    with pytest.raises(RuleError, match=r"^row E1: ") as fault:
        read_event_rules([row])

    assert told in str(fault.value)


@pytest.mark.parametrize(
    ("pattern", "fits", "misses"),
    [
        ("30-39", ["30", "35", "39"], ["29", "40", "3", "300", "", "3x"]),
        ("5960-5969", ["5960", "5969"], ["5959", "5970", "60", ""]),
        ("!4", ["1", "", "44"], ["4"]),
        ("0*", ["0", "00", "01"], ["10", ""]),
        ("", [""], ["0"]),
        ("card-on-file", ["card-on-file"], ["card"]),
    ],
)
def test_patterns(pattern: str, fits: list[str], misses: list[str]) -> None:
    """Words, ranges of equally long numbers, wildcards, and not."""
    (rule,) = read_channel_rules([{"id": "C1", "say": "x", "channel": "edc", "when": [{"processing": pattern}]}])

    assert [word for word in fits + misses if rule.holds({"processing": word})] == fits
