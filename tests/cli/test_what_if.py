"""`iso-alert what-if`: another policy over the journal's decisions, as a person and a machine read the answer."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from iso_alert import shipped
from iso_alert.cli import what_if
from tests.support.deployment import deploy
from tests.support.journal import Journal, journal


@pytest.fixture
def made(tmp_path: Path) -> Journal:
    """A journal with a sale of 2,500.00, its void, and an untold sale of 99.00."""
    return journal(tmp_path)


def asked(of: Journal, least: str, *arguments: str) -> tuple[int, str]:
    """The answer for a policy that tells credit cards from `least` baht on."""
    text = shipped.path("policy.toml").read_text(encoding="utf-8").replace('from = "1000.00"', f'from = "{least}"')
    other = of.config.with_name("other.toml")
    other.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(what_if.command, ["-c", str(of.config), str(other), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_table(made: Journal) -> None:
    """SMS and parts by channel and card, as it was and then; the cost; who begins and who ceases."""
    code, text = asked(made, "50.00", "--price", "0.25")

    assert code == 0
    assert [line.split() for line in text.splitlines()] == [
        ["3", "decisions"],
        ["channel", "card", "SMS", "then", "more", "parts", "then"],
        ["edc", "credit", "2", "3", "+1", "2", "3"],
        ["all", "2", "3", "+1", "2", "3"],
        ["cost:", "THB", "0.50,", "then", "THB", "0.75"],
        ["customers", "who", "begin", "to", "be", "told:", "1;", "who", "cease:", "0"],
    ]


def test_json(made: Journal) -> None:
    """The same for a machine."""
    code, text = asked(made, "3000.00", "--json", "--price", "0.25")

    assert code == 0
    assert json.loads(text) == {
        "decisions": 3,
        "rows": [{"channel": "edc", "kind": "credit", "sms": 2, "sms_then": 0, "parts": 2, "parts_then": 0}],
        "customers": {"begin": 0, "cease": 1},
        "cost": 0.5,
        "cost_then": 0.0,
    }


@pytest.mark.parametrize(
    ("span", "decisions"),
    [
        ((), 3),
        (("--since", "2026-11-23 15:15"), 3),
        (("--since", "2026-11-23 15:16"), 2),
        (("--until", "2026-11-23 15:16"), 1),
        (("--since", "2026-11-23 15:16", "--until", "2026-11-23 15:17"), 1),
        (("--since", "2026-11-24"), 0),
    ],
)
def test_a_span_of_time(made: Journal, span: tuple[str, ...], decisions: int) -> None:
    """Only what came within it counts."""

    assert json.loads(asked(made, "1000.00", "--json", *span)[1])["decisions"] == decisions


def test_a_void_whose_sale_came_before(made: Journal) -> None:
    """Its payment is judged too, though it lies before the span."""
    (row,) = json.loads(asked(made, "3000.00", "--json", "--since", "2026-11-23 15:16")[1])["rows"]

    assert (row["sms"], row["sms_then"]) == (1, 0)


def test_a_bad_policy(made: Journal) -> None:
    """Every fault of it is told with its path, and nothing is counted."""
    code, text = asked(made, "a lot")

    assert code == 78
    assert "other.toml: version published: row P3: 'a lot' is no amount" in text


def test_no_policy(made: Journal) -> None:
    """A file that is not there is misuse."""
    result = CliRunner().invoke(what_if.command, ["-c", str(made.config), "none.toml"])

    assert result.exit_code == 2


def test_no_journal(tmp_path: Path) -> None:
    """Without a store there is nothing to ask."""
    result = CliRunner().invoke(what_if.command, ["-c", str(deploy(tmp_path)), str(shipped.path("policy.toml"))])

    assert result.exit_code == 1
