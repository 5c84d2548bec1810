"""`iso-alert disclose` at a terminal: by two people, each shown to be somebody (R-53)."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from iso_alert.cli import people
from iso_alert.domain.command import Actor, Via
from tests.cli.counter import PANS, Bank
from tests.support.scanner import passing

SPAN = ("--since", "2026-10-01", "--until", "2027-11-01", "--legal-reference", "court order 123/2569")


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """C1 is subscribed."""
    bank = Bank(tmp_path)
    bank.import_("cards", "customer,pan,kind,primary", f"C1,{PANS[1]},credit,yes")
    bank.import_("subscriptions", "customer,mobile,language", "C1,0810000001,th")
    return bank


@pytest.fixture
def sit_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anna is at the terminal; the token of the environment is nobody's."""
    at(monkeypatch, "anna")
    monkeypatch.delenv("ISO_ALERT_TOKEN", raising=False)


def at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Another account is at the terminal."""
    monkeypatch.setattr(people, "me", lambda: Actor(name, Via.CLI, "host"))


def token(bank: Bank, name: str) -> str:
    """A token of the API for somebody."""
    run = bank.type("token", "new", "--name", name, "--role", "supervisor")
    assert run.exit_code == 0, run.output
    return run.stdout.strip()


def ask(bank: Bank, *words: str) -> Result:
    return bank.type("disclose", "request", "--customer", "C1", *SPAN, *words)


@pytest.mark.usefixtures("sit_down")
def test_two_accounts_disclose(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked by one, approved by another; records as JSON, masked."""
    number = ask(bank).stdout.strip()
    at(monkeypatch, "ben")
    run = bank.type("disclose", "approve", number)
    records = [json.loads(line) for line in run.stdout.splitlines()]

    assert (run.exit_code, [record["record"] for record in records]) == (
        0, ["customer", "subscription", "command", "command"]
    )  # fmt: skip
    assert records[1]["mobile"] == "+66*****0001"
    assert passing(run.stdout.encode()) == set()
    assert run.stderr == f"{len(records)} records of C1\n"


@pytest.mark.usefixtures("sit_down")
def test_one_account_does_not(bank: Bank) -> None:
    """The same person: exit 1, nothing told, and the attempt is remembered."""
    number = ask(bank).stdout.strip()
    run = bank.type("disclose", "approve", number)

    assert (run.exit_code, run.stdout) == (1, "")
    assert "another person must" in run.stderr
    assert "  05  C1" in bank.type("audit", "show", "--operation", "disclose").stdout


@pytest.mark.usefixtures("sit_down")
def test_a_name_is_not_enough(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--as ben` without the token of ben, or with another's, is nobody."""
    number = ask(bank).stdout.strip()
    carols = token(bank, "carol")
    token(bank, "ben")

    runs = []
    for said in ("", "ben", "iat_0000_nonsense", carols):
        monkeypatch.setenv("ISO_ALERT_TOKEN", said)
        runs.append(bank.type("disclose", "approve", number, "--as", "ben", stdin="guess\n"))

    assert {run.exit_code for run in runs} == {1}
    assert all("this is no token of ben" in run.stderr for run in runs)


@pytest.mark.usefixtures("sit_down")
@pytest.mark.parametrize("typed", [False, True])
def test_the_owner_of_a_token_is_somebody(bank: Bank, monkeypatch: pytest.MonkeyPatch, typed: bool) -> None:
    """At a shared account: the token from the environment, or typed; both people by tokens."""
    annas, bens = token(bank, "anna.k"), token(bank, "ben.s")
    monkeypatch.setenv("ISO_ALERT_TOKEN", annas)
    number = ask(bank, "--as", "anna.k").stdout.strip()
    monkeypatch.setenv("ISO_ALERT_TOKEN", "" if typed else bens)
    run = bank.type("disclose", "approve", number, "--as", "ben.s", stdin=bens + "\n" if typed else "")

    assert run.exit_code == 0, run.stderr
    assert bens not in run.output


@pytest.mark.usefixtures("sit_down")
def test_a_revoked_token_is_nobodys(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once."""
    monkeypatch.setenv("ISO_ALERT_TOKEN", token(bank, "ben"))
    bank.type("token", "revoke", "ben")

    assert "not any more" in ask(bank, "--as", "ben").stderr


@pytest.mark.usefixtures("sit_down")
def test_it_is_written_for_nobody_else_to_read(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file; one that is there is not overwritten, and nothing is approved then."""
    number, output = ask(bank).stdout.strip(), bank.directory / "C1.jsonl"
    at(monkeypatch, "ben")
    there = bank.type("disclose", "approve", number, "--output", bank.config)
    run = bank.type("disclose", "approve", number, "--output", str(output))

    assert (there.exit_code, run.exit_code, run.stdout) == (1, 0, "")
    assert oct(output.stat().st_mode & 0o777) == "0o600"
    assert len(output.read_text(encoding="utf-8").splitlines()) == 4


@pytest.mark.usefixtures("sit_down")
def test_an_approval_that_is_refused_leaves_no_file(bank: Bank) -> None:
    """Nothing was told, so there is nothing."""
    number, output = ask(bank).stdout.strip(), bank.directory / "C1.jsonl"
    bank.type("disclose", "approve", number, "--output", str(output))

    assert not output.exists()


USAGE = {
    "--legal-reference is empty": ("--legal-reference", " "),
    "--since is not before --until": ("--since", "2028-01-01"),
}


@pytest.mark.usefixtures("sit_down")
@pytest.mark.parametrize("why", USAGE)
def test_what_a_request_needs(bank: Bank, why: str) -> None:
    """R-53: a legal reference, and a span of time."""
    run = ask(bank, *USAGE[why])

    assert run.exit_code == 2
    assert why in run.stderr


@pytest.mark.usefixtures("sit_down")
def test_a_stranger_is_told(bank: Bank) -> None:
    """A customer who is not on file."""
    assert "not on file: C9" in ask(bank, "--customer", "C9").stderr


@pytest.mark.usefixtures("sit_down")
def test_requests_are_listed(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that wait, and those that were approved, by whom."""
    empty = bank.type("disclose", "list")
    number = ask(bank).stdout.strip()
    ask(bank)
    at(monkeypatch, "ben")
    bank.type("disclose", "approve", number)
    lines = bank.type("disclose", "list").stdout.splitlines()
    objects = [json.loads(line) for line in bank.type("disclose", "list", "--json").stdout.splitlines()]

    assert (empty.stdout, empty.stderr) == ("", "nobody has asked for a disclosure\n")
    assert [line.rpartition(", ")[2] for line in lines] == ["approved by ben", "not approved"]
    assert [one["approved_by"] for one in objects] == ["ben", None]
