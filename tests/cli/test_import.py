"""The bank's files at a terminal: good lines are kept, bad ones told and set aside, twice is as once."""

import sqlite3
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from iso_alert.cli.forms import mobile
from iso_alert.cli.importing import LINES, LONGEST
from iso_alert.cli.rejects import SHOWN, masked
from iso_alert.domain.command import Via
from iso_alert.domain.mobile import BadMobile, thai_mobile
from tests.cli.counter import PANS, Bank
from tests.demo.day import card_numbers

CARDS = "customer,pan,kind,primary"
SUBSCRIPTIONS = "customer,mobile,language"
STATEMENTS = "pan,due,total,minimum"


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


@pytest.fixture
def told(bank: Bank) -> Bank:
    """C1 has a card and a subscription."""
    bank.import_("cards", CARDS, f"C1,{PANS[1]},credit,yes")
    bank.import_("subscriptions", SUBSCRIPTIONS, "C1,0810000001,th")
    return bank


def query(bank: Bank, sql: str) -> list[Any]:
    with closing(sqlite3.connect(bank.directory / "alerts.db")) as db:
        return db.execute(sql).fetchall()


GOOD: dict[str, tuple[str, Sequence[str]]] = {
    "customers": ("customer,natural", ("C1,yes", "C2,no")),
    "cards": (f"{CARDS},status,replaces", (f"C1,{PANS[5]},credit,yes,,{PANS[1]}", f"C3,{PANS[6]},debit,no,blocked,")),
    "subscriptions": (f"{SUBSCRIPTIONS},news,terms", ("C1,081 000 0001,th,,",)),
    "statements": (STATEMENTS, (f"{PANS[1]},2026-12-05,12345.60,500", f"{PANS[1]},2027-01-05,-1,0")),
}


@pytest.mark.parametrize("what", GOOD)
def test_a_file_twice_changes_nothing(told: Bank, what: str) -> None:
    """The second run finds every line as it is; both end with 0."""
    columns, lines = GOOD[what]
    first, second = (told.import_(what, columns, *lines) for _ in range(2))

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert second.stderr == f"{len(lines)} good lines, 0 of them new or changed, 0 bad\n"


BAD = [
    ("cards", CARDS, f",{PANS[1]},credit,yes", "customer is empty"),
    ("cards", CARDS, f"~1,{PANS[1]},credit,yes", "customer begins with ~, which is ours"),
    ("cards", CARDS, f"C1,{PANS[1]},gold,yes", "kind is not credit or debit"),
    ("cards", CARDS, f"C1,{PANS[1]},credit,1", "primary is not yes or no"),
    ("cards", CARDS, f"C1,{PANS[1][:-1]}x,credit,yes", "a card number has a character that is no digit"),
    ("cards", CARDS, f"C1,{PANS[1][:-1]}{(int(PANS[1][-1]) + 1) % 10},credit,yes", "check digit is wrong"),
    ("cards", CARDS, "C1,4539,credit,yes", "a card number of 4 digits"),
    ("cards", CARDS, f"C1,{PANS[1]},credit", "has 3 fields, and the first line 4"),
    ("cards", CARDS, f'"C1,{PANS[1]},credit,yes', "its quotes do not match"),
    ("cards", f"{CARDS},status", f"C1,{PANS[1]},credit,yes,lost", "status is not open or blocked or closed"),
    ("cards", f"{CARDS},replaces", f"C1,{PANS[1]},credit,yes,{PANS[1]}", "it replaces itself"),
    ("cards", f"{CARDS},replaces", f"C1,{PANS[2]},credit,yes,{PANS[1][:-1]}x", "a character that is no digit"),
    ("customers", "customer,natural", "C1,maybe", "natural is not yes or no"),
    ("subscriptions", SUBSCRIPTIONS, "C1,0810000001,fr", "language is not th or en"),
    ("subscriptions", SUBSCRIPTIONS, "C1,021234567,th", "not a mobile number"),
    ("subscriptions", SUBSCRIPTIONS, "C1,0010000001,th", "no number that exists in Thailand"),
    ("subscriptions", SUBSCRIPTIONS, "C9,0810000001,th", "this customer has no card here"),
    ("subscriptions", f"{SUBSCRIPTIONS},news", "C1,0810000001,th,perhaps", "news is not yes or no"),
    ("statements", STATEMENTS, f"{PANS[1]},05/12/2026,1,0", "due is no date such as 2026-12-05"),
    ("statements", STATEMENTS, f"{PANS[1]},2026-12-05,1.234,0", "total is no sum such as 12345.60"),
    ("statements", STATEMENTS, f"{PANS[1]},2026-12-05,,0", "total is no sum such as 12345.60"),
    ("statements", STATEMENTS, f"{PANS[1]},2026-12-05,99999999999999,0", "total is too large"),
    ("statements", STATEMENTS, f"{PANS[1]},2026-12-05,1,2", "minimum is more than total"),
    ("statements", STATEMENTS, f"{PANS[9]},2026-12-05,1,0", "this card is not on file"),
]


@pytest.mark.parametrize(("what", "columns", "line", "why"), BAD, ids=[f"{what} {why}" for what, _, _, why in BAD])
def test_a_bad_line_is_told_and_set_aside(told: Bank, what: str, columns: str, line: str, why: str) -> None:
    """With its number and the reason, on stderr and in the reject file; exit 1; no card number in either."""
    run = told.import_(what, columns, line, rejects="bad.csv")
    rejects = told.read("bad.csv")

    assert run.exit_code == 1
    assert f"line 2: {why}" in run.stderr or why in run.stderr
    assert rejects.startswith("line,reason,text\n2,")
    assert why in rejects
    assert card_numbers(rejects + run.output) == []


def test_the_good_lines_are_kept(bank: Bank) -> None:
    """One bad line among many, over several portions."""
    lines = [f"C{n},{PANS[n % 20]},credit,yes" for n in range(2 * LINES + 10)]
    lines[LINES + 3] = "nonsense"
    run = bank.import_("cards", CARDS, *lines)

    assert run.exit_code == 1
    assert f"line {LINES + 5}: has 1 fields" in run.stderr
    assert f"{2 * LINES + 9} good lines" in run.stderr


def test_a_flood_of_bad_lines_is_not_told_one_by_one(bank: Bank) -> None:
    """The file holds them all, the terminal the first."""
    run = bank.import_("cards", CARDS, *["nonsense"] * (SHOWN + 50), rejects="bad.csv")

    assert run.stderr.count("has 1 fields") == SHOWN
    assert "more bad lines are in" in run.stderr
    assert len(bank.read("bad.csv").splitlines()) == SHOWN + 51


def test_a_reject_file_is_for_nobody_else(bank: Bank) -> None:
    """It holds names and mobile numbers."""
    bank.import_("cards", CARDS, "nonsense", rejects="bad.csv")

    assert oct((bank.directory / "bad.csv").stat().st_mode & 0o777) == "0o600"


MASKED = {
    f"C1,{PANS[1]},x": f"C1,********{PANS[1][-4:]},x",
    "4539 5787 6362 1486": "********1486",
    "4539-5787-6362-1486": "********1486",
    "C1,0812345678,th": "C1,0812345678,th",
    "C1,+66 81 234 5678,th": "C1,+66 81 234 5678,th",
}


@pytest.mark.parametrize("line", MASKED, ids=range(len(MASKED)))
def test_what_is_set_aside_is_masked(line: str) -> None:
    """T-06: whatever its spelling; a mobile number is left, or nobody could mend the line."""
    assert masked(line) == MASKED[line]


# ---- files as they are found


def test_a_file_may_come_by_standard_input(bank: Bank) -> None:
    """So that it need not lie about in the clear."""
    text = f"{CARDS}\nC1,{PANS[1]},credit,yes\n"

    assert bank.type("cards", "import", "-", stdin=text).exit_code == 0
    assert len(query(bank, "SELECT 1 FROM card")) == 1


FORMS = {
    "a byte order mark": b"\xef\xbb\xbf" + f"{CARDS}\nC1,{PANS[1]},credit,yes\n".encode(),
    "lines that end as on Windows": f"{CARDS}\r\nC1,{PANS[1]},credit,yes\r\n".encode(),
    "no end of the last line": f"{CARDS}\nC1,{PANS[1]},credit,yes".encode(),
    "quotes": f'"customer","pan","kind","primary"\n"C1","{PANS[1]}","credit","yes"\n'.encode(),
    "another order and one column more": f"pan,name,primary,kind,customer\n{PANS[1]},x,yes,credit,C1\n".encode(),
    "blanks and empty lines": f"{CARDS}\n\n C1 , {PANS[1]} , credit , yes \n\n".encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_a_good_file_may_look_like(bank: Bank, form: str) -> None:
    """As spreadsheets and host programs write it."""
    run = bank.type("cards", "import", "-", stdin=FORMS[form])

    assert (run.exit_code, query(bank, "SELECT ref, kind FROM card JOIN customer ON customer.id = customer")) == (
        0, [("C1", "credit")]
    )  # fmt: skip


SPOILT = {
    "not UTF-8": b"C\xe9line,1,credit,yes\n",
    "longer than": b"C" * (3 * LONGEST) + b"\n",
    "quotes do not match": b'"C0,1,credit,yes\n',
    "no digit": b"C0,\x00,credit,yes\n",
}


@pytest.mark.parametrize("why", SPOILT)
def test_a_spoilt_line_spoils_no_other(bank: Bank, why: str) -> None:
    """Also where a CSV reader would give up, or swallow the rest of the file."""
    text = f"{CARDS}\n".encode() + SPOILT[why] + f"C1,{PANS[1]},credit,yes\n".encode()
    run = bank.type("cards", "import", "-", stdin=text)

    assert "1 good lines, 1 of them new or changed, 1 bad" in run.stderr
    assert why in run.stderr


@pytest.mark.parametrize("text", ["", "customer,pan\nC1,1\n", "\xff\n"])
def test_a_file_that_is_none_of_ours(bank: Bank, text: str) -> None:
    """Empty, or without a column: exit 1 before anything is written."""
    run = bank.type("cards", "import", "-", stdin=text.encode("latin-1"))

    assert run.exit_code == 1
    assert "is empty" in run.stderr or "does not name" in run.stderr


def test_a_file_that_is_not_there(bank: Bank) -> None:
    """Told in a line."""
    run = bank.type("cards", "import", str(bank.directory / "none.csv"))

    assert run.exit_code == 1
    assert "No such file" in run.stderr


# ---- what a line does


def test_every_run_leaves_a_row_in_the_audit_trail(told: Bank) -> None:
    """Who, which file by its digest, how many lines; no row a line."""
    rows = query(told, "SELECT operation, reason, after FROM audit ORDER BY id")

    assert [row[:2] for row in rows] == [("import_cards", "cards.csv"), ("import_subscriptions", "subscriptions.csv")]
    assert all('"good": 1, "changed": 1' in row[2] and "sha256" in row[2] for row in rows)


CHANGES = {
    "0810000002,th": (["change_number"], ["number_new", "number_old"]),
    "0810000001,en": (["change_language"], []),
    "0810000002,en": (["change_number"], ["number_new", "number_old"]),
}


@pytest.mark.parametrize("said", CHANGES)
def test_a_changed_subscription_is_a_command(told: Bank, said: str) -> None:
    """R-36, R-38: as the contact centre would change it, with its SMS and a row of its own; the second run none."""
    operations, notices = CHANGES[said]
    runs = [told.import_("subscriptions", SUBSCRIPTIONS, f"C1,{said}").exit_code for _ in range(2)]
    rows = query(told, f"SELECT operation, via FROM audit WHERE via = '{Via.FILE.value}'")

    assert runs == [0, 0]
    assert rows == [(operation, "file") for operation in operations]
    assert [row[0] for row in query(told, "SELECT key FROM alert ORDER BY id")] == notices


def test_consent_to_news_is_what_the_file_says(told: Bank) -> None:
    """R-33, R-40: given, left as it is, and ended, with its SMS."""
    consents = []
    for news in ("yes", "", "no"):
        told.import_("subscriptions", f"{SUBSCRIPTIONS},news", f"C1,0810000001,th,{news}")
        consents += query(told, "SELECT news FROM subscription")

    assert consents == [(1,), (1,), (0,)]
    assert query(told, "SELECT key FROM alert") == [("news_off",)]


def test_a_replacement_keeps_the_subscription(told: Bank) -> None:
    """R-08: the old card is closed, the new one covered."""
    told.import_("cards", f"{CARDS},replaces", f"C1,{PANS[2]},credit,yes,{PANS[1]}")

    assert query(told, "SELECT status FROM card ORDER BY id") == [("closed",), ("open",)]
    assert query(told, "SELECT count(*) FROM subscription WHERE state = 'active'") == [(1,)]


SUMS = {"12345.6": 1_234_560, '"12,345.60"': 1_234_560, "-0.05": -5, "0": 0, "7.": 700}


@pytest.mark.parametrize("said", SUMS)
def test_sums_are_read_exactly(told: Bank, said: str) -> None:
    """Baht as people write them, to the satang; a credit is negative."""
    told.import_("statements", STATEMENTS, f"{PANS[1]},2026-12-05,{said},0")

    assert query(told, "SELECT total FROM statement") == [(SUMS[said],)]


def test_the_quick_way_to_a_mobile_number_is_the_long_one() -> None:
    """R-34: of every beginning the same verdict, whatever follows."""

    def verdict(way: Callable[[str], str], text: str) -> str:
        try:
            return way(text)
        except BadMobile as bad:
            return str(bad)

    numbers = [f"0{beginning:04d}{beginning * 7919 % 10**5:05d}" for beginning in range(10_000)]
    different = [text for text in numbers if verdict(thai_mobile, text) != verdict(mobile, text)]

    assert different == []


def test_memory_does_not_grow_with_the_file(bank: Bank) -> None:
    """Ten times the lines take no more: they are forgotten when they are written."""

    def peak(portions: int) -> int:
        file = bank.file("cards.csv", CARDS, *[f"C1,{PANS[1]},credit,yes"] * (portions * LINES))
        tracemalloc.start()
        assert bank.type("cards", "import", file).exit_code == 0
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1)  # what is imported and cached

    assert peak(20) < 1.5 * peak(2)
