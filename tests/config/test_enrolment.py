"""What the bank decides about subscriptions, as the configuration says it."""

from pathlib import Path

import pytest

from iso_alert.config import ConfigError, load
from iso_alert.domain.subscribing import EnrolmentRules
from tests.support.bank import book
from tests.support.deployment import deploy
from tests.support.people import DAY, HOUR

ATM = '[[link]]\nname = "atm"\nlisten = "127.0.0.1:0"\nenrolment = true\n'


def test_the_defaults_are_those_of_the_rules(tmp_path: Path) -> None:
    """DOMAIN section 5: three times in 72 hours, approved by policy, unknown cards covered alone."""
    config = load(deploy(tmp_path), {})
    rules = config.enrolment.rules

    assert rules == EnrolmentRules(rules.texts)
    assert (rules.confirm_times, rules.confirm_within, rules.refusal_stands) == (3, 72 * HOUR, 30 * DAY)
    assert rules.texts.words == book().texts.words


def test_everything_may_be_decided_otherwise(tmp_path: Path) -> None:
    """In [enrolment]."""
    more = """
[enrolment]
needs_approval = true
unknown_cards = "refuse"
confirm_times = 1
confirm_again_after = 3600.0
confirm_within = 7200.0
refusal_stands = 0.0
terms = "2026-11"
networks = ["AIS"]
operators = ["OP-1"]
"""
    enrolment = load(deploy(tmp_path, more=more), {}).enrolment

    assert enrolment.operators == {"OP-1"}
    assert enrolment.rules == EnrolmentRules(
        enrolment.rules.texts, True, "refuse", 1, HOUR, 2 * HOUR, 0.0, "2026-11", frozenset({"AIS"})
    )


def test_links_enrol_only_where_they_are_flagged(tmp_path: Path) -> None:
    """A payment host's link does not."""
    config = load(deploy(tmp_path, more=ATM), {})

    assert [(one.rules.name, one.dialect.enrolment) for one in config.links] == [("switch", False), ("atm", True)]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("[enrolment]\nconfirm_within = 0.0\n", "enrolment.confirm_within: must be more than nothing"),
        ("[enrolment]\nconfirm_again_after = -1.0\n", "enrolment.confirm_again_after: must be more than nothing"),
        ('[enrolment]\nunknown_cards = "maybe"\n', "enrolment.unknown_cards"),
        ("[enrolment]\nsend_twice = true\n", "enrolment"),
        (ATM + 'profile = "iso93-ascii"\n', "enrolment is defined for ISO 8583:1987 only"),
    ],
    ids=["no time", "back in time", "no such word", "no such key", "1993"],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, more: str, fault: str) -> None:
    """With its place, before anything is opened."""
    with pytest.raises(ConfigError) as wrong:
        load(deploy(tmp_path, more=more), {})

    assert any(fault in line for line in wrong.value.faults)


def test_slips_in_one_language_only_are_named(tmp_path: Path) -> None:
    """A deployment's own table must be whole."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "slips.toml").write_text('[cancel]\nth = "x"\n', encoding="utf-8")
    path = deploy(tmp_path)
    path.write_text('specs = "own"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load(path, {})

    assert any("slips.toml: cancel: missing" in line for line in wrong.value.faults)


@pytest.mark.parametrize("word", ["on_delivery", "on_accept"])
def test_a_route_says_what_activates(tmp_path: Path, word: str) -> None:
    """A receipt, or where there are none the operator's word."""
    assert load(deploy(tmp_path), {"ISO_ALERT__SMSC__0__ACTIVATE": word}).routes[0].activate == word
