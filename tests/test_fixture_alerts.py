"""Every fixture that is a message for us is told as it says, or silent for the reason that it says.

Each is decided on alone, by the shipped policy, for a card whose holder subscribed in English.
"""

import pytest

from iso_alert.domain.deciding import decide
from iso_alert.domain.decision import NOTHING_KNOWN
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import Holder, Subscription, SubscriptionState
from iso_alert.domain.text import Language
from iso_alert.domain.transaction import Transaction
from iso_alert.iso.codec import Codec
from iso_alert.iso.message import Message
from iso_alert.iso.reading import read
from iso_alert.service.rulebook import read_rulebook
from iso_alert.sim.fixture import Fixture
from tests.fixtures import KEYRING, READ, each

REASONS = {reason.value for reason in Reason}
SUBSCRIBER = Subscription(1, "+66812345678", Language.EN, SubscriptionState.ACTIVE)


def reading(fixture: Fixture) -> object:
    message = Codec(fixture.dialect(), KEYRING).decode(fixture.frame())
    assert isinstance(message, Message)
    return read(message, fixture.dialect(), fixture.arrived.timestamp())


FINANCIAL = [fixture for fixture in READ if isinstance(reading(fixture), Transaction)]


@each(FINANCIAL)
def test_told(fixture: Fixture) -> None:
    """The exact text, or the reason why there is none."""
    of = reading(fixture)
    assert isinstance(of, Transaction)
    book = read_rulebook([fixture.dialect()])
    decision = decide(1, of, Holder(of.account, SUBSCRIBER), NOTHING_KNOWN, book)
    texts = [alert.text for alert in decision.alerts]

    assert (texts, decision.reason.value) == (
        ([fixture.alert], decision.reason.value) if fixture.alert else ([], fixture.silent)
    )


@each([fixture for fixture in FINANCIAL if fixture.rules])
def test_rules(fixture: Fixture) -> None:
    """The rows of events and channels that fired are those that the file names."""
    of = reading(fixture)
    assert isinstance(of, Transaction)
    decision = decide(1, of, Holder(of.account, SUBSCRIBER), NOTHING_KNOWN, read_rulebook([fixture.dialect()]))

    assert (decision.event_rule, decision.channel_rule) == fixture.rules


def test_enough_is_told() -> None:
    """A folder of silence would pass unseen."""
    assert len([fixture for fixture in FINANCIAL if fixture.alert]) >= 30


@pytest.mark.parametrize("silent", sorted({fixture.silent for fixture in FINANCIAL} - {""}))
def test_reasons_are_of_the_list(silent: str) -> None:
    """No fixture invents a reason."""
    assert silent in REASONS
