"""`iso-alert audit` at a terminal: whether the trail is whole, and who did what."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.counter import PANS, Bank


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """Two files were imported, and a subscription changed."""
    bank = Bank(tmp_path)
    bank.import_("cards", "customer,pan,kind,primary", f"C1,{PANS[1]},credit,yes")
    for language in ("th", "en"):
        bank.import_("subscriptions", "customer,mobile,language", f"C1,0810000001,{language}")
    return bank


def tamper(bank: Bank, *statements: str) -> None:
    """As whoever can write the file, and takes the triggers away first."""
    with closing(sqlite3.connect(bank.directory / "alerts.db")) as db, db:
        for trigger in ("audit_is_never_changed", "audit_is_kept"):
            db.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            db.execute(statement)


def test_a_trail_that_is_whole(bank: Bank) -> None:
    """Exit 0, and a word on stderr."""
    run = bank.type("audit", "verify")

    assert (run.exit_code, run.stdout, run.stderr) == (0, "", "the audit trail is sound\n")


TAMPERED = {
    "row 2 is not what was written": "UPDATE audit SET outcome = '05' WHERE id = 2",
    "row 3 is missing": "DELETE FROM audit WHERE id = 3",
    "the trail ends with row 3": "DELETE FROM audit WHERE id = 4",
}


@pytest.mark.parametrize("fault", TAMPERED)
def test_a_trail_that_was_tampered_with(bank: Bank, fault: str) -> None:
    """T-08: a flipped byte, a missing row, a cut end: exit 1, and a sentence on stdout."""
    tamper(bank, TAMPERED[fault])
    run = bank.type("audit", "verify")

    assert run.exit_code == 1
    assert fault in run.stdout


def test_the_trail_is_shown(bank: Bank) -> None:
    """Who, how, what, of whom; oldest first; no whole number in it (T-07)."""
    lines = bank.type("audit", "show").stdout.splitlines()

    assert [line.split("  ")[3] for line in lines] == [
        "import_cards", "import_subscriptions", "change_language", "import_subscriptions"
    ]  # fmt: skip
    assert "(file)  change_language  00  C1" in lines[2]
    assert "+66*****0001" in lines[2]
    assert "810000001" not in "".join(lines)


def test_that_it_was_looked_at_is_a_row(bank: Bank) -> None:
    """A view of personal data is in the trail too."""
    bank.type("audit", "show", "--customer", "C1")
    row = json.loads(bank.type("audit", "show", "--operation", "audit_show", "--json").stdout)

    assert (row["operation"], row["customer"], row["via"]) == ("audit_show", "C1", "cli")


def test_only_some_of_it(bank: Bank) -> None:
    """By customer, by operation, since a time, the newest so many."""
    shown = [
        len(bank.type("audit", "show", *words).stdout.splitlines())
        for words in (
            ("--customer", "C1"), ("--operation", "import_cards"), ("--since", "1h", "--limit", "2"),
            ("--customer", "C9"),
        )
    ]  # fmt: skip

    assert shown == [1, 1, 2, 0]
