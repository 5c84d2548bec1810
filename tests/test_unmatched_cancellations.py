"""A cancellation of something that never reached us is judged as what it cancels, and not as a sale.

The policy promises nothing of refunds, cash and transfers, and an inquiry moves no money: nobody was told of them, so
nobody shall read that money came back.
"""

import pytest

from iso_alert.domain.deciding import decide
from iso_alert.domain.decision import NOTHING_KNOWN, Decision
from iso_alert.domain.subscription import Holder, Subscription, SubscriptionState
from iso_alert.domain.text import Language
from iso_alert.domain.transaction import Transaction
from iso_alert.iso.reading import read
from iso_alert.service.rulebook import read_rulebook
from tests.iso.messages import ARRIVED, message, speak

SUBSCRIBER = Subscription(1, "+66812345678", Language.EN, SubscriptionState.ACTIVE)


def decided(**fields: str) -> Decision:
    """The decision on a message of 2,500 baht of credit, when nothing of its card is known."""
    dialect = speak()
    of = read(message(fields), dialect, ARRIVED)
    assert isinstance(of, Transaction)
    return decide(1, of, Holder(of.account, SUBSCRIBER), NOTHING_KNOWN, read_rulebook([dialect]))


def test_of_a_sale() -> None:
    """The reversal of an unknown sale is told: the policy is applied to its own amount."""
    alerts = decided(t="0400").alerts

    assert [alert.key for alert in alerts] == ["cancel"]


@pytest.mark.parametrize("mti, processing", [("0200", "223000"), ("0400", "223000"), ("0400", "203000")])
def test_of_a_refund(mti: str, processing: str) -> None:
    """Whoever takes a refund back takes money: "Reversed" would say the opposite."""
    assert decided(t=mti, **{"3": processing}).alerts == ()


@pytest.mark.parametrize("processing", ["013000", "173000", "403000", "313000"])
def test_of_what_is_not_promised(processing: str) -> None:
    """Cash over the counter, a transfer, an inquiry: a reversal repeats the processing code of its original."""
    assert decided(t="0400", **{"3": processing}).alerts == ()
