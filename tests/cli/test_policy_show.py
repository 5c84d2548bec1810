"""`iso-alert policy show`: what is promised now, and what is coming."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from iso_alert import shipped
from iso_alert.cli import policy
from tests.support.deployment import deploy

COMING = """
[[version]]
id = "2027"
announced_at = 2026-12-01T00:00:00+07:00
effective_from = 2027-01-01T00:00:00+07:00
unmatched_cancellation = "silent"
wait = 7.5
[version.burst]
on = true
[[version.row]]
id = "Q1"
say = "everything"
card = "any"
event = ["purchase"]
from = "750.00"
send = true
"""


def with_policy(directory: Path, text: str) -> Path:
    """A deployment with a directory of tables of its own, and in it the published policy with `text` after it."""
    (directory / "tables").mkdir()
    published = shipped.path("policy.toml").read_text(encoding="utf-8")
    (directory / "tables" / "policy.toml").write_text(published + text, encoding="utf-8")
    config = deploy(directory)
    config.write_text('specs = "tables"\n' + config.read_text(encoding="utf-8"), encoding="utf-8")
    return config


def shown(config: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(policy.command, ["show", "-c", str(config), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A deployment with the published policy and one that is coming."""
    return with_policy(tmp_path, COMING)


def test_in_force_and_coming(config: Path) -> None:
    """Before the new version's day both are shown, each with its day and the day of its announcement."""
    code, text = shown(config, "--at", "2026-12-31 23:59")

    assert code == 0
    assert "published: in force since 2010-02-01 00:00:00.000, announced 2010-01-01 00:00:00.000" in text
    assert "2027: comes into force 2027-01-01 00:00:00.000, announced 2026-12-01 00:00:00.000" in text
    assert "P1   debit   from THB 0.01      edc: completion, force_posted, pre_authorisation, purchase" in text
    assert "P2   debit   not told           ecommerce, phone:" in text
    assert "P4   any     as its original    anywhere:" in text
    assert "cancellations of what we never saw: told, after waiting 5 s for it" in text


def test_takes_effect_by_itself(config: Path) -> None:
    """From its day on the new version is in force, and the one before it is gone."""
    code, text = shown(config, "--at", "2027-01-01")

    assert code == 0
    assert text.splitlines() == [
        "2027: in force since 2027-01-01 00:00:00.000, announced 2026-12-01 00:00:00.000",
        "  Q1   any     from THB 750.00    anywhere: purchase",
        "  3 small purchases within 600 s, or THB 1,000.00 within 86400 s, are told together",
        "  cancellations of what we never saw: silent, after waiting 7.5 s for it",
    ]


def test_now(tmp_path: Path) -> None:
    """Without a time it is now that counts: the shipped policy has one version."""
    code, text = shown(deploy(tmp_path))

    assert (code, text.count("in force since"), text.count("comes into force")) == (0, 1, 0)


def test_announced_too_late(tmp_path: Path) -> None:
    """A version that takes effect before it is announced is a fault of the configuration (R-04)."""
    late = COMING.replace("announced_at = 2026-12-01", "announced_at = 2027-01-02")
    code, text = shown(with_policy(tmp_path, late))

    assert code == 78
    assert "2027" in text
    assert "R-04" in text


@pytest.mark.parametrize("said", ["noon", "2026-13-01", "3x"])
def test_no_time(config: Path, said: str) -> None:
    """What is no time is misuse."""

    assert shown(config, "--at", said)[0] == 2
