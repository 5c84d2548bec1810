"""The day as data: it shows what it should, contradicts itself nowhere, and is written as hosts write."""

from datetime import date

from iso_alert import shipped
from iso_alert.demo.writing import Writer
from iso_alert.domain.card import luhn
from iso_alert.domain.channel import Channel
from iso_alert.sim.workload import card as guest
from iso_alert.sim.workload import read_workload
from tests.demo.day import DAY, PUBLISHED, card_numbers, told

NEW_YEAR = date(2026, 1, 1)


def test_what_the_day_holds() -> None:
    """Both languages, every channel, and each kind of silence that a stranger asks about."""
    silences = {"switched_off", "below_threshold", "declined", "original_not_told", "not_subscribed"}
    expected = [message for message in DAY.message if message.reason]

    assert set(PUBLISHED) <= {message.sms for message in DAY.message}
    assert silences == {message.reason.value for message in expected if message.reason and not message.reason.told}
    assert set(Channel) - {Channel.UNKNOWN} == {message.channel for message in expected}
    assert any(message.mti == "0201" for message in DAY.message)
    assert any(message.mti == "0400" for message in DAY.message)


def test_an_sms_is_due_exactly_where_something_is_told() -> None:
    """The day contradicts itself nowhere."""
    assert [
        message.say for message in DAY.message if bool(message.sms) != bool(message.reason and message.reason.told)
    ] == []


def test_the_day_holds_no_card_number() -> None:
    """Card numbers are made up at start."""
    assert card_numbers(shipped.path("demo.toml").read_text(encoding="utf-8")) == []


def test_every_card_is_another() -> None:
    """Right check digits and last fours, and none is a card of the simulated host."""
    numbers = [card.number() for card in DAY.card]
    guests = {guest(number) for number in range(read_workload().cards)}

    assert all(luhn(number) and len(number) == 16 for number in numbers)
    assert [card.last4 for card in DAY.card] == [number[-4:] for number in numbers]
    assert len(numbers) == len({*numbers} - guests)


def test_the_time_is_one_moment_everywhere() -> None:
    """DE7 is UTC, DE12 and DE13 are Bangkok's, and DE37 counts from the same hour."""
    message = told(PUBLISHED[0])
    fields = Writer(DAY, NEW_YEAR).fields(message, "tis-620")

    assert (fields["7"], fields["12"], fields["13"]) == ("0101081500", "151500", "0101")
    assert fields["37"][:6] == "600115"


def test_a_repeat_is_the_same_but_for_its_mti() -> None:
    """What the host sends again differs in nothing else."""
    writer = Writer(DAY, NEW_YEAR)
    first, again = told(PUBLISHED[0]), next(message for message in DAY.message if message.mti == "0201")
    before, after = writer.fields(first, "tis-620"), writer.fields(again, "tis-620")

    assert {"t"} == {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
