"""`iso-alert news` at a terminal."""

import json
from pathlib import Path

import pytest

from tests.cli.counter import PANS, Bank


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """C1 consented to news, C2 did not."""
    bank = Bank(tmp_path)
    bank.import_("cards", "customer,pan,kind,primary", *(f"C{n},{PANS[n]},credit,yes" for n in (1, 2)))
    bank.import_("subscriptions", "customer,mobile,language,news", "C1,0810000001,th,yes", "C2,0810000002,en,no")
    return bank


def send(bank: Bank, th: str = "ข่าว", en: str = "News") -> str:
    """Begin a campaign: its number."""
    run = bank.type("news", "send", "--th", bank.file("th.txt", th), "--en", bank.file("en.txt", en))
    assert run.exit_code == 0, run.output
    return run.stdout.strip()


def test_a_campaign_is_begun(bank: Bank) -> None:
    """Its number on stdout; to how many it goes, and in how many parts, on stderr (R-33)."""
    run = bank.type("news", "send", "--th", bank.file("th.txt", "ข" * 80), "--en", bank.file("en.txt", "News"))

    assert run.stdout == "1\n"
    assert run.stderr == "campaign 1: 1 subscribers consented; SMS parts: 2 in th, 1 in en\n"


def test_its_progress_is_shown(bank: Bank) -> None:
    """State, who began it, how many have it, how many are to come."""
    send(bank)
    run = bank.type("news", "status")

    assert run.stdout.startswith("1  sending  begun ")
    assert run.stdout.endswith("0 with the operator, 0 of them delivered, 0 not sent, 0 wait, 1 to come\n")


def test_its_progress_as_json(bank: Bank) -> None:
    """A line for each campaign."""
    send(bank)
    send(bank)
    lines = [json.loads(line) for line in bank.type("news", "status", "--json").stdout.splitlines()]

    assert [(line["id"], line["state"], line["left"]) for line in lines] == [(1, "sending", 1), (2, "sending", 1)]


def test_without_news_there_is_none(bank: Bank) -> None:
    """Nothing on stdout, a word on stderr."""
    run = bank.type("news", "status")

    assert (run.exit_code, run.stdout, run.stderr) == (0, "", "there is no news\n")


def test_it_is_stopped_and_resumed(bank: Bank) -> None:
    """Each once; what cannot be is exit 1."""
    campaign = send(bank)
    runs = [bank.type("news", order, campaign) for order in ("stop", "stop", "resume", "resume")]

    assert [run.exit_code for run in runs] == [0, 1, 0, 1]
    assert runs[0].stderr == "campaign 1: stopped\n"
    assert "there is no campaign 1 that could be told to stop" in runs[1].stderr


BAD = {
    "": "it is empty",
    "see kbank.com": "a phone makes a link of what stands at character 9",
    "left\u202eright": "character 5 is one that no phone shows",
}


@pytest.mark.parametrize("text", BAD, ids=list(BAD.values()))
def test_a_text_that_must_not_go(bank: Bank, text: str) -> None:
    """T-10: told with its file, and nothing is begun."""
    run = bank.type("news", "send", "--th", bank.file("th.txt", "ข่าว"), "--en", bank.file("en.txt", text))

    assert run.exit_code == 1
    assert f"en.txt: {BAD[text]}" in run.stderr
    assert bank.type("news", "status").stdout == ""


def test_a_text_in_another_encoding(bank: Bank) -> None:
    """Thai in TIS-620 is told, not garbled."""
    thai = bank.directory / "th.txt"
    thai.write_bytes("ข่าว".encode("tis-620"))
    run = bank.type("news", "send", "--th", str(thai), "--en", bank.file("en.txt", "News"))

    assert "th.txt: is not UTF-8" in run.stderr
