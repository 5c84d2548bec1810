"""`iso-alert explain`: found by whatever a person has at hand, told in words, and never with a card number."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from iso_alert.cli import explain
from iso_alert.domain.card import luhn
from iso_alert.domain.name import name_of
from iso_alert.sim.cards import test_pan as pan_of
from tests.support.bank import card, mobile, sale
from tests.support.deployment import deploy
from tests.support.journal import Journal, add_sale, journal

AT = ("--at", "2026-11-23 15:15")


@pytest.fixture
def made(tmp_path: Path) -> Journal:
    """A journal with a sale and its void."""
    return journal(tmp_path)


def asked(of: Journal, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(explain.command, ["-c", str(of.config), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def ways(of: Journal) -> list[tuple[str, ...]]:
    """Everything by which the sale may be found."""
    return [
        ("--stan", "000001"),
        ("--stan", "000002"),  # its void's
        ("--stan", "000001", *AT),
        ("--rrn", sale().rrn),
        ("--last4", card().last4, *AT),
        ("--last4", card().last4, "--at", "2026-11-23 15:40", "--within", "1h"),
        ("--alert", name_of(of.alert)),
        ("--alert", name_of(of.alert), "--at", "2020-01-01"),  # an alert needs no time
    ]


def test_found_by_everything(made: Journal) -> None:
    """STAN, RRN, last four and time, or alert: the same story."""
    stories = {asked(made, *way)[:2] for way in ways(made)}

    assert len(stories) == 1
    assert next(iter(stories))[0] == 0


@pytest.mark.parametrize(
    "way",
    [
        ("--stan", "999999"),
        ("--stan", "000001", "--at", "2026-11-20 15:15"),
        ("--last4", "0000", *AT),
        ("--last4", card().last4, "--at", "2026-11-23 17:00"),
        ("--rrn", "999999999999"),
        ("--alert", "1"),
    ],
)
def test_nothing_found(made: Journal, way: tuple[str, ...]) -> None:
    """What is not recorded is said so, beside the output, and the command fails."""

    assert asked(made, *way) == (1, "", "nothing is recorded under that\n")


@pytest.mark.parametrize(
    "way",
    [
        (),
        ("--stan", "1", "--rrn", "2"),
        ("--last4", "1235"),
        ("--stan", "1", "--at", "noon"),
        ("--alert", "no name"),
        ("--alert", "1795421703000000"),  # its number instead of its name
    ],
)
def test_misused(made: Journal, way: tuple[str, ...]) -> None:
    """One thing to look for, and a time where it is needed, else the usage is told."""

    assert asked(made, *way)[0] == 2


def test_no_configuration(tmp_path: Path) -> None:
    """A configuration that is not there is the configuration's fault."""
    result = CliRunner().invoke(explain.command, ["-c", str(tmp_path / "none.toml"), "--stan", "000001"])

    assert result.exit_code == 78


def test_no_journal_yet(tmp_path: Path) -> None:
    """A store that was never opened holds nothing, and is not made by asking."""
    result = CliRunner().invoke(explain.command, ["-c", str(deploy(tmp_path)), "--stan", "000001"])

    assert result.exit_code == 1
    assert not (tmp_path / "alerts.db").exists()


def test_the_story(made: Journal) -> None:
    """Messages with the rows that decided, the policy, the subscription, the SMS, the operator's words, the times."""
    _, text, _ = asked(made, "--stan", "000001")

    for said in (
        f"card *{card().last4}  THB 2,500.00 @ COMPANY NAME: voided",
        "0200 on switch: purchase of THB 2,500.00",
        "STAN 000001",
        "event purchase: E20 (purchase)",
        "event void: E09 (the processing code of a void)",
        "found by DE37",
        "credit card, policy published, P3 (credit cards: from 1,000 baht); subscription active",
        "P4 (a cancellation is told if and only if its original was)",
        "told: the policy promises an SMS for this",
        "told: the cardholder was told of the payment, so of its cancellation too",
        "(approval, en) to +66*****0001: delivered",
        "Reversed THB 2,500.00",
        "part 1/1 accepted by operator ",
        "part 1/1 accepted by operator, over operator-2, ",
        "(+20 ms)",
        "DELIVRD",
        "(+1.5 s)",
    ):
        assert said in text


def test_silence_is_explained(made: Journal) -> None:
    """What was not told has its reason in words."""
    _, text, _ = asked(made, "--rrn", "632800000003")

    assert "silent: below the policy's amount" in text
    assert "SMS" not in text


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_card_and_no_mobile_number(made: Journal, options: tuple[str, ...]) -> None:
    """Nothing shown is a card number, a token, or somebody's whole number (T-06, T-07)."""
    output = "".join(asked(made, *way, *options)[1] for way in ways(made))
    runs = re.findall(r"\d(?:[ -]?\d){12,18}", output)

    assert [run for run in runs if luhn("".join(filter(str.isdecimal, run)))] == []
    for secret in (pan_of(1), card().token.hex(), mobile(1), mobile(1)[3:]):
        assert secret not in output


def test_json(made: Journal) -> None:
    """A line for each purchase: the same facts for a machine, times in UTC."""
    _, output, _ = asked(made, "--stan", "000001", "--json")
    (line,) = output.splitlines()
    said = json.loads(line)

    assert said["state"] == "voided"
    assert [each["event"] for each in said["messages"]] == ["purchase", "void"]
    assert [each["reason"] for each in said["messages"]] == ["told", "cancellation_told"]
    assert said["messages"][0]["at"] == "2026-11-23T08:15:03.000+00:00"
    assert said["messages"][0]["amount"] == {"currency": "THB", "amount": "2500.00"}
    assert said["messages"][1]["matched"] == name_of(made.numbers[0])
    assert [each["state"] for each in said["alerts"]] == ["delivered"] * 2
    assert said["alerts"][0]["parts"][0]["state"] == "DELIVRD"
    assert said["alerts"][0]["mobile"] == "+66*****0001"


def test_several_purchases(made: Journal) -> None:
    """Whatever fits is told, newest first, a line each."""
    add_sale(made.config.parent, 9)
    _, output, _ = asked(made, "--last4", card().last4, *AT, "--json")

    assert [json.loads(line)["messages"][0]["stan"] for line in output.splitlines()] == ["000009", "000001"]
