"""Which message a later one means: every rule with what makes it fit, and with each thing that must not."""

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from iso_alert.domain.channel import Channel
from iso_alert.domain.event import Event
from iso_alert.domain.matching import (
    ADVICE_WITHIN,
    DAY,
    HOUR,
    MATCHES,
    OVERTAKING_WITHIN,
    SKEW,
    can_mean,
    find_authorisation,
    find_original,
    find_twin,
    overtook,
    told_by_phone,
)
from iso_alert.domain.money import Money
from iso_alert.domain.past import Past, Unit
from iso_alert.domain.reason import Reason
from iso_alert.domain.transaction import Original, Transaction
from tests.support.bank import NOW, SALE, reversal, sale

SENT = "1123081503"  # NOW as DE7 has it
Changes = Mapping[str, Any]


def past(id_: int = 1, **changed: Any) -> Past:
    """The journal's memory of `sale()`."""
    of = sale()
    made = Past(
        id=id_, mti_class="2", event=Event.PURCHASE, channel=Channel.EDC, sub_channel="", arrived_at=NOW, stan=of.stan,
        rrn=of.rrn, approval_code="A12345", terminal=of.terminal, merchant_id=of.merchant_id, acquirer="12345",
        invoice="000345", amount=of.amount, merchant=of.merchant, local="1123151503", transmitted_at=int(NOW),
        thread=id_, reason=Reason.TOLD, unit=Unit(id_, of.amount, told=True),
    )  # fmt: skip
    return evolve(made, **changed)


def cancel(**changed: Any) -> Transaction:
    """A reversal a minute later that says nothing of its original but what `changed` says."""
    bare = reversal(sale(), stan="000009", rrn="", original=None, acquirer="12345", arrived_at=NOW + 60)
    return bare.but(**changed)


def said(**changed: str) -> Original:
    return Original(**{"mti": "0200", "stan": "000001", "transmitted": SENT, "acquirer": "12345", **changed})


def found(of: Transaction, *among: Past) -> tuple[int, str] | None:
    one = find_original(of, among)
    return (one[0].id, one[1]) if one else None


# What a reversal says of its original, and by which rule that is enough.
FITS: list[tuple[str, Changes]] = [
    ("DE90", {"original": said()}),
    ("DE90", {"original": said(transmitted="")}),  # zeros
    ("DE90", {"original": said(acquirer="")}),
    ("DE90", {"original": said(acquirer="99999")}),  # the terminal is the same
    ("DE90", {"original": said(), "terminal": "TERM0002"}),  # the acquirer is the same
    ("DE90", {"original": said(mti="")}),
    ("DE37", {"rrn": sale().rrn}),
    ("DE37", {"rrn": sale().rrn, "terminal": "", "merchant_id": ""}),
    ("DE37", {"rrn": sale().rrn, "amount": Money(1)}),  # the sum does not matter
    ("DE38", {"approval_code": "A12345"}),
    ("DE38", {"approval_code": "A12345", "amount": Money(0)}),  # an advice of nothing
    ("DE11", {"stan": "000001"}),
    ("DE11", {"stan": "000001", "invoice": "000345"}),
    ("DE11", {"stan": "000001", "amount": Money(0)}),
]
# What is not enough, though nearly.
MISSES: list[Changes] = [
    {},
    {"original": said(stan="000002")},
    {"original": said(transmitted="1123081504")},
    {"original": said(acquirer="99999"), "terminal": "TERM0002"},
    {"original": said(mti="0100")},
    {"rrn": "999999999999"},
    {"rrn": sale().rrn, "terminal": "TERM0002"},
    {"rrn": sale().rrn, "terminal": "", "merchant_id": "MERCHANT0000002"},
    {"approval_code": "B12345"},
    {"approval_code": "A12345", "terminal": "TERM0002"},
    {"approval_code": "A12345", "amount": Money(1)},
    {"stan": "000001", "terminal": "TERM0002"},
    {"stan": "000001", "terminal": ""},
    {"stan": "000001", "invoice": "000346"},
    {"stan": "000001", "amount": Money(249_999)},
]


@pytest.mark.parametrize(("rule", "changed"), FITS)
def test_enough(rule: str, changed: Changes) -> None:
    """The first rule whose fields all agree finds the sale."""

    assert found(cancel(**changed), past()) == (1, rule)


@pytest.mark.parametrize("changed", MISSES)
def test_not_enough(changed: Changes) -> None:
    """One field that differs, or too few that agree, and nothing is meant."""

    assert found(cancel(**changed), past()) is None


ALONE: Mapping[str, Changes] = {  # what each rule asks, and nothing that another one does
    "DE90": {"stan": "000001"},
    "DE37": {"stan": "000700", "rrn": sale().rrn},
    "DE38": {"stan": "000700", "approval_code": "A12345"},
    "DE11": {"stan": "000009"},
}


@pytest.mark.parametrize("first", range(len(MATCHES)))
def test_rules_are_tried_in_order(first: int) -> None:
    """DE90 speaks before DE37, that before DE38, that before DE11, however new the others' messages are."""
    nothing = {"rrn": "", "approval_code": ""}
    means = [past(n, **{**nothing, **ALONE[rule], "arrived_at": NOW + n}) for n, rule in enumerate(MATCHES)]
    of = cancel(original=said(), rrn=sale().rrn, approval_code="A12345")

    assert (first, list(MATCHES)[first]) == found(of, *means[first:])


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        ({}, {"event": Event.DECLINED, "arrived_at": NOW + 10}),
        ({"stan": "000009"}, {"arrived_at": NOW + 10}),
        ({}, {"event": Event.VOID, "arrived_at": NOW + 10}),
        ({}, {"id": 0}),
    ],
)
def test_the_likelier_of_two(likely: Changes, unlikely: Changes) -> None:
    """Approved before declined, one's own STAN before others, a payment before its void, then the newest."""
    both = past(1, **likely), past(2, **unlikely)

    assert found(cancel(rrn=sale().rrn), *both) == (1, "DE37")
    assert found(cancel(rrn=sale().rrn), *reversed(both)) == (1, "DE37")


REVERSAL: Changes = {}
VOID: Changes = {"facts": evolve(SALE, void_code="yes")}
ADVICE: Changes = {"facts": evolve(SALE, function="2")}
AGES = [
    (REVERSAL, 72 * HOUR, True),
    (REVERSAL, 72 * HOUR + 1, False),
    (VOID, 10 * DAY, True),
    (VOID, 10 * DAY + 1, False),
    (ADVICE, ADVICE_WITHIN, True),
    (ADVICE, ADVICE_WITHIN + 1, False),
]


@pytest.mark.parametrize(("changed", "age", "may"), AGES)
def test_windows(changed: Changes, age: int, may: bool) -> None:
    """72 hours for a reversal, ten days for a void, thirty for an advice, to the second."""

    assert may is can_mean(cancel(**changed, arrived_at=NOW + age), past())


REFUND = evolve(SALE, processing="20")
KINDS = [
    ({}, {"event": Event.REVERSAL}, False),
    ({}, {"event": Event.REVERSAL_OF_VOID}, False),
    ({}, {"event": Event.ADJUSTMENT}, False),
    ({}, {"event": Event.REFUND}, False),  # of a sale
    ({"facts": evolve(reversal(sale()).facts, processing="20")}, {"event": Event.REFUND}, True),
    ({"facts": evolve(reversal(sale()).facts, processing="20", void_code="yes")}, {"event": Event.REFUND}, False),
    ({"facts": evolve(reversal(sale()).facts, void_code="yes")}, {}, False),  # of a void, not of the sale
    ({"facts": evolve(reversal(sale()).facts, void_code="yes")}, {"event": Event.VOID}, True),
    (VOID, {"event": Event.VOID}, False),
    (ADVICE, {"event": Event.VOID}, False),
    (VOID, {"event": Event.DECLINED}, True),  # so that it is not taken for an older one
]


@pytest.mark.parametrize(("changed", "before", "may"), KINDS)
def test_what_can_be_meant(changed: Changes, before: Changes, may: bool) -> None:
    """A cancellation means payments, the reversal of a void means voids, and nothing means a reversal."""

    assert may is can_mean(cancel(**changed), past(**before))


@pytest.mark.parametrize(
    ("changed", "before", "finds"),
    [
        ({"approval_code": "A12345"}, {}, True),
        ({"rrn": sale().rrn}, {}, True),
        ({"approval_code": "B12345"}, {}, False),
        ({"approval_code": "", "rrn": ""}, {"approval_code": "", "rrn": ""}, False),
        ({"approval_code": "A12345"}, {"mti_class": "2"}, False),
        ({"approval_code": "A12345"}, {"event": Event.DECLINED}, False),
        ({"approval_code": "A12345"}, {"event": Event.PRE_AUTHORISATION}, True),
    ],
)
def test_authorisation(changed: Changes, before: Changes, finds: bool) -> None:
    """An advice names its approval by DE38 or DE37; only approvals of class 1 count."""
    one = find_authorisation(cancel(**changed), [past(**{"mti_class": "1", **before})])

    assert finds is (one is not None)


@pytest.mark.parametrize(
    ("before", "told", "finds"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"channel": Channel.EDC}, True, False),
        ({"approval_code": "B12345"}, True, False),
        ({"event": Event.DECLINED}, True, False),
    ],
)
def test_told_by_phone(before: Changes, told: bool, finds: bool) -> None:
    """A slip is covered by a telephone approval that was told, with its code."""
    approval = past(**{"channel": Channel.PHONE, "unit": Unit(1, sale().amount, told=told), **before})

    assert finds is (told_by_phone(cancel(approval_code="A12345"), [approval]) is not None)


@pytest.mark.parametrize(
    ("sent", "after", "did"),
    [
        (-8, 2, True),
        (SKEW, 2, True),  # two clocks of one host
        (SKEW + 1, 2, False),  # it was sent after what would cancel it
        (None, OVERTAKING_WITHIN, True),
        (None, OVERTAKING_WITHIN + 1, False),
        (-8, 72 * HOUR, True),
        (-8, 72 * HOUR + 1, False),
    ],
)
def test_overtaking(sent: int | None, after: int, did: bool) -> None:
    """A cancellation overtook what was sent before it; where nothing says when, what comes within a quarter hour."""
    first = past(1, event=Event.REVERSAL, unmatched=True)
    late = past(2, arrived_at=NOW + after, transmitted_at=None if sent is None else int(NOW) + sent)

    assert did is overtook(first, late)


@pytest.mark.parametrize(
    ("changed", "before", "finds"),
    [
        ({"original": said()}, {"original": said(), "stan": "", "rrn": ""}, True),
        ({"rrn": sale().rrn}, {}, True),
        ({"stan": "000001"}, {}, True),
        ({}, {}, False),
        ({"rrn": sale().rrn}, {"unmatched": False}, False),
        ({"rrn": sale().rrn}, {"event": Event.REVERSAL_OF_VOID}, False),
    ],
)
def test_twins(changed: Changes, before: Changes, finds: bool) -> None:
    """Two cancellations of what we never saw mean one payment if they name it alike."""
    earlier = past(**{"event": Event.REVERSAL, "unmatched": True, **before})

    assert finds is (find_twin(cancel(**changed), [earlier]) is not None)
