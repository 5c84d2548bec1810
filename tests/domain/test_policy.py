"""What the bank promised: versions, thresholds, and the faults of a policy file."""

import tomllib
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from iso_alert import shipped
from iso_alert.domain.card import Kind
from iso_alert.domain.channel import Channel
from iso_alert.domain.event import Event
from iso_alert.domain.money import Currency, Money
from iso_alert.domain.policy import Policy, PolicyError, Version, read_policy, satang

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SPENDING = (Event.PURCHASE, Event.PRE_AUTHORISATION, Event.COMPLETION)


def raw(name: str = "policy.toml") -> dict[str, Any]:
    return tomllib.loads(shipped.path(name).read_text(encoding="utf-8"))


def version() -> Version:
    return read_policy(raw()).at(NOW.timestamp())


# What the bank publishes: kind, channel, sum in satang, told.
PUBLISHED = [
    (Kind.DEBIT, Channel.EDC, 1, True),
    (Kind.DEBIT, Channel.ECOMMERCE, 10_000_000, False),
    (Kind.DEBIT, Channel.PHONE, 10_000_000, False),
    (Kind.DEBIT, Channel.ATM, 10_000_000, False),
    (Kind.DEBIT, Channel.UNKNOWN, 1, True),
    (Kind.CREDIT, Channel.EDC, 100_000, True),
    (Kind.CREDIT, Channel.EDC, 99_999, False),
    (Kind.CREDIT, Channel.ECOMMERCE, 100_000, True),
    (Kind.CREDIT, Channel.ECOMMERCE, 99_999, False),
    (Kind.CREDIT, Channel.PHONE, 100_000, True),
    (Kind.CREDIT, Channel.PHONE, 99_999, False),
    (Kind.CREDIT, Channel.ATM, 10_000_000, False),
    (Kind.CREDIT, Channel.UNKNOWN, 100_000, True),
]


@pytest.mark.parametrize(("kind", "channel", "minor", "told"), PUBLISHED)
@pytest.mark.parametrize("event", SPENDING)
def test_the_published_policy(kind: Kind, channel: Channel, minor: int, told: bool, event: Event) -> None:
    """To the satang, and thresholds are inclusive."""
    row = version().row(kind, channel, event)

    assert bool(row and row.sends and row.reached(Money(minor))) == told


@pytest.mark.parametrize(("kind", "channel"), [*product(Kind, Channel)])
def test_cancellations_follow_their_original(kind: Kind, channel: Channel) -> None:
    """On every card, everywhere (R-06)."""
    events = (Event.VOID, Event.REVERSAL, Event.PARTIAL_REVERSAL, Event.REVERSAL_OF_VOID)
    found = [version().row(kind, channel, event) for event in events]

    assert all(row and row.follows for row in found)


@pytest.mark.parametrize(
    "event", [Event.REFUND, Event.DECLINED, Event.CASH, Event.TRANSFER, Event.INQUIRY, Event.OTHER]
)
def test_the_rest_is_a_row_that_is_off(event: Event) -> None:
    """So that it can be switched on."""
    row = version().row(Kind.CREDIT, Channel.EDC, event)

    assert row is not None
    assert not row.sends


def test_a_foreign_sum_is_always_large_enough() -> None:
    """Nobody converts it, and a missed alert is worse than an extra one."""
    row = version().row(Kind.CREDIT, Channel.EDC, Event.PURCHASE)

    assert row is not None
    assert row.reached(Money(1, Currency("USD")))


def test_the_shipped_alternative_tells_every_debit_purchase() -> None:
    """`policy-every-debit.toml`: on line and by telephone too, and many small ones together."""
    policy = read_policy(raw("policy-every-debit.toml"))
    found = [
        policy.at(NOW.timestamp()).row(Kind.DEBIT, channel, Event.PURCHASE)
        for channel in Channel
        if channel is not Channel.ATM
    ]

    assert all(row and row.sends and row.reached(Money(1)) for row in found)
    assert policy.counts_small


# ---- versions


def versions(*starts: datetime) -> Policy:
    """A policy with a version that begins at each of these, announced a day before."""
    (published,) = raw()["version"]
    day = timedelta(days=1)
    return read_policy(
        {
            "version": [
                {**published, "id": str(n), "announced_at": at - day, "effective_from": at}
                for n, at in enumerate(starts)
            ]
        }
    )


def test_the_version_in_force_applies() -> None:
    """At the transaction's own time; from its first second on; and whatever the order in the file (R-04)."""
    policy = versions(NOW + timedelta(days=30), NOW, NOW + timedelta(days=10))
    asked = [NOW, NOW + timedelta(days=10, seconds=-1), NOW + timedelta(days=10), NOW + timedelta(days=365)]

    assert [policy.at(moment.timestamp()).id for moment in asked] == ["1", "1", "2", "0"]


def test_before_the_first_version_the_first_applies() -> None:
    """A message with a wrong date must find some policy."""
    assert versions(NOW, NOW + timedelta(days=1)).at(0.0).id == "0"


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no version": ({"version": []}, "without a version"),
    "announced too late": ({"announced_at": NOW, "effective_from": NOW}, "announced_at is not before"),
    "no offset": ({"effective_from": datetime(2027, 1, 1)}, "with an offset"),  # noqa: DTZ001
    "a date": ({"effective_from": NOW.date()}, "with an offset"),
    "unmatched": ({"unmatched_cancellation": "perhaps"}, "'perhaps', not tell or silent"),
    "unknown key": ({"colour": "red"}, "unknown key 'colour'"),
    "burst": ({"burst": {"on": True, "often": 3}}, "burst: unknown key 'often'"),
}
ROW_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown event": ({"event": ["party"]}, "'party' is no event"),
    "unknown channel": ({"channel": ["pigeon"]}, "'pigeon' is no channel"),
    "unknown card": ({"card": "gold"}, "card is 'gold'"),
    "send": ({"send": "sometimes"}, "send is 'sometimes'"),
    "a float": ({"from": 1000.0}, "is no amount"),
    "too precise": ({"from": "0.001"}, "is no amount"),
    "a word": ({"from": "much"}, "is no amount"),
    "negative": ({"from": "-1.00"}, "is no amount"),
    "unknown key": ({"when": "now"}, "unknown key 'when'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_version_is_named(fault: str) -> None:
    """With what is wrong with it."""
    changed, told = FAULTS[fault]
    (published,) = raw()["version"]
    with pytest.raises(PolicyError) as refused:
        read_policy(changed if "version" in changed else {"version": [{**published, **changed}]})

    assert told in str(refused.value)


@pytest.mark.parametrize("fault", ROW_FAULTS)
def test_a_faulty_row_is_named(fault: str) -> None:
    """By version and row."""
    changed, told = ROW_FAULTS[fault]
    (published,) = raw()["version"]
    first, *others = published["row"]
    with pytest.raises(PolicyError, match=r"^version published: row P1: ") as refused:
        read_policy({"version": [{**published, "row": [{**first, **changed}, *others]}]})

    assert told in str(refused.value)


def test_every_faulty_version_is_told_at_once() -> None:
    """A line for each."""
    (published,) = raw()["version"]
    with pytest.raises(PolicyError) as refused:
        read_policy({"version": [{**published, "id": n, "colour": "red"} for n in ("a", "b")]})

    assert [line[:10] for line in str(refused.value).splitlines()] == ["version a:", "version b:"]


@pytest.mark.parametrize(("text", "minor"), [("0.01", 1), ("1000.00", 100_000), ("1000", 100_000), ("0.00", 0)])
def test_an_amount_is_text(text: str, minor: int) -> None:
    """Never a float: 0.29 * 100 is 28.999…"""
    assert satang(text) == minor
