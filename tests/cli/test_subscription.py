"""`iso-alert subscription`: the API's operations at a terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import fields
from click.testing import CliRunner, Result

from iso_alert.cli import main
from iso_alert.cli.subscription import COMMANDS, OPTIONS
from iso_alert.store.sqlite import Sqlite
from iso_alert.web.api.operations import BY_NAME
from tests.support.bank import card_line, mobile
from tests.support.deployment import deploy
from tests.support.scanner import passing
from tests.web.counter import PAN

Type = Callable[..., Result]
APPLY = ("apply", "--card-file", "-", "--mobile", mobile(1), "--language", "en", "--terms", "1")


@pytest.fixture
def type_(tmp_path: Path) -> Type:
    """Type a sub-command, at a bank where C1 has a card."""
    config = str(deploy(tmp_path))
    store = Sqlite(tmp_path / "alerts.db")
    store.import_cards([card_line(1)])
    store.close()
    return lambda *words, stdin="": CliRunner().invoke(
        main, ["subscription", words[0], "-c", config, *words[1:]], stdin
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_fields_of_its_operation(name: str) -> None:
    """What the API can be told can be typed, and nothing else; that the caller is known goes without saying."""
    operation, options, _ = COMMANDS[name]

    assert {one.name for one in fields(BY_NAME[operation].takes)} - {"verified"} == set(options)
    assert set(options) <= set(OPTIONS)


def test_a_life_at_the_terminal(type_: Type) -> None:
    """Apply, change, end news, suspend, resume, cancel: each is told as it is then."""
    steps = [
        (APPLY, "confirming"),
        (("change-language", "--customer", "C1", "--language", "th"), "th"),
        (("change-number", "--customer", "C1", "--mobile", mobile(2)), "+66*****0002"),
        (("news-off", "--customer", "C1"), "no news"),
        (("suspend", "--customer", "C1", "--reason", "lost telephone"), "suspended"),
        (("resume", "--customer", "C1"), "confirming"),
        (("news-on", "--customer", "C1"), "  news"),
        (("cancel", "--customer", "C1"), "cancelled"),
        (("find", "--customer", "C1"), "cancelled"),
    ]

    for words, told in steps:
        run = type_(*words, stdin=PAN + "\n")
        assert run.exit_code == 0, run.output
        assert told in run.stdout
        assert passing(run.output.encode()) == set()


def test_a_card_number_is_no_argument(type_: Type, tmp_path: Path) -> None:
    """It comes from a file or standard input; where a file's name should be it is not told back."""
    (tmp_path / "card").write_text(f"{PAN}\n", encoding="ascii")
    by_file = type_("find", "--card-file", str(tmp_path / "card"), "--json")
    argument = type_("find", "--card-file", PAN)

    assert json.loads(by_file.stdout)["subscribers"][0]["customer"] == "C1"
    assert argument.exit_code == 1
    assert PAN not in argument.output


def test_why_not_in_words(type_: Type) -> None:
    """A refusal is on stderr with the field at fault and leaves with 1; as JSON it is the API's problem."""
    said = type_("change-number", "--customer", "C1", "--mobile", "021234567")
    asked = type_("cancel", "--customer", "C1", "--json")

    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr == "a field is missing or wrong: mobile: not a mobile number\n"
    assert (asked.exit_code, json.loads(asked.stdout)["title"]) == (1, "there is no such subscription")


def test_nothing_is_missing_in_silence(type_: Type) -> None:
    """Every field that is missing is named at once."""
    run = type_("apply", "--customer", "C1")

    assert run.stderr == "a field is missing or wrong: mobile: is missing; language: is missing; terms: is missing\n"


def test_stop_and_start_for_all(type_: Type, tmp_path: Path) -> None:
    """The kill switch wants a reason, and holds in the store beside a running service."""
    runs = [
        type_("stop-all"),
        type_("stop-all", "--reason", "SMS are repeated"),
        type_("start-all", "--reason", "mended"),
    ]
    store = Sqlite(tmp_path / "alerts.db")
    rows = [(row.entry.operation, row.entry.reason) for row in store.people.audit()]
    store.close()

    assert [run.exit_code for run in runs] == [1, 0, 0]
    assert rows == [("stop", "SMS are repeated"), ("go_on", "mended")]


def test_nobody_waits(type_: Type) -> None:
    """An empty list is said in a word."""
    run = type_("applications")

    assert (run.exit_code, run.stdout) == (0, "nobody\n")


def test_a_view_is_in_the_trail(type_: Type, tmp_path: Path) -> None:
    """Looking somebody up at the terminal leaves a row with the account's name."""
    type_("find", "--customer", "C1", "--operator", "jane")
    store = Sqlite(tmp_path / "alerts.db")
    (row,) = store.people.audit()
    store.close()

    assert (row.entry.operation, row.entry.customer, row.entry.actor.via.value) == ("view", "C1", "cli")
    assert row.entry.actor.name.endswith("/jane")


def test_no_configuration(tmp_path: Path) -> None:
    """Without one it leaves with 78, and says what is missing."""
    run = CliRunner().invoke(main, ["subscription", "find", "-c", str(tmp_path / "none.toml"), "--customer", "C1"])

    assert run.exit_code == 78
