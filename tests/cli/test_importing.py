"""The card file and the subscriptions: good lines are kept, bad ones named, and nothing of a number is shown."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iso_alert.cli import main
from iso_alert.sim.cards import test_pan
from tests.support.deployment import deploy
from tests.support.scanner import known, passing

CARDS, PEOPLE = "customer,pan,kind,primary", "customer,mobile,language"
GOOD = [f"C{n},{test_pan(n)},credit,yes" for n in range(1, 4)]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return deploy(tmp_path)


def import_(config: Path, what: str, lines: Iterable[str] | bytes, *options: str, standard: bool = False) -> Result:
    """`cards import` or `subscriptions import` of a file with these lines, or of standard input."""
    content = lines if isinstance(lines, bytes) else "".join(f"{line}\n" for line in lines).encode()
    file = config.parent / f"{what}.csv"
    file.write_bytes(content)
    arguments = [what, "import", "-c", str(config), "-" if standard else str(file), *options]
    return CliRunner().invoke(main, arguments, input=content if standard else b"")


def count(config: Path, table: str) -> int:
    with closing(sqlite3.connect(config.parent / "alerts.db")) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def bad_lines(result: Result) -> dict[int, str]:
    """Line number to reason, as told."""
    told = [line.split(": ", 2) for line in result.stderr.splitlines() if ": line " in line]
    return {int(number.removeprefix("line ")): why for _, number, why in told}


def test_a_good_file(config: Path) -> None:
    """Every line counts, the code is 0, and stdout is left to data."""
    result = import_(config, "cards", [CARDS, *GOOD])

    assert (result.exit_code, result.stdout) == (0, "")
    assert "3 good lines, 3 of them new or changed, 0 bad" in result.stderr
    assert count(config, "card") == 3


def test_twice_is_as_once(config: Path) -> None:
    """The second run changes nothing and says so."""
    import_(config, "cards", [CARDS, *GOOD])
    result = import_(config, "cards", [CARDS, *GOOD])

    assert result.exit_code == 0
    assert "3 good lines, 0 of them new or changed, 0 bad" in result.stderr
    assert count(config, "card") == 3


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("standard", [False, True], ids=["file", "standard input"])
def test_files_come_from_anywhere(config: Path, before: bytes, end: bytes, standard: bool) -> None:
    """A spreadsheet writes a byte order mark and two characters at the end of a line."""
    content = before + end.join(line.encode() for line in [CARDS, *GOOD]) + end

    assert import_(config, "cards", content, standard=standard).exit_code == 0
    assert count(config, "card") == 3


def test_columns_may_stand_in_any_order(config: Path) -> None:
    """The first line names them."""
    lines = ["primary, kind ,customer,pan", f"yes,debit,C1,{test_pan(1)}"]

    assert import_(config, "cards", lines).exit_code == 0


PAN = test_pan(9)
WRONG_DIGIT = PAN[:-1] + str((int(PAN[-1]) + 1) % 10)
BAD_CARDS = {
    f",{PAN},credit,yes": "customer",
    f"C1,{PAN},gold,yes": "kind",
    f"C1,{PAN},credit,perhaps": "primary",
    "C1,,credit,yes": "card number",
    "C1,4111x11111111111,credit,yes": "no digit",
    "C1,41111111,credit,yes": "8 digits",
    f"C1,{WRONG_DIGIT},credit,yes": "check digit",
    "C1": "fields",
    f'C1,"{PAN},credit,yes': "quotes",
    f"C1,{PAN},credit,yes,more": "fields",
}


@pytest.mark.parametrize("line", BAD_CARDS, ids=range(len(BAD_CARDS)))
def test_a_bad_card_is_named_by_its_line_and_kept_out(config: Path, line: str) -> None:
    """The good ones around it are kept; the code is 1; no number is shown."""
    result = import_(config, "cards", [CARDS, GOOD[0], line, GOOD[1]])
    told = bad_lines(result)

    assert (result.exit_code, set(told)) == (1, {3})
    assert BAD_CARDS[line] in told[3]
    assert "2 good lines, 2 of them new or changed, 1 bad" in result.stderr
    assert count(config, "card") == 2
    assert known(result.output.encode(), [PAN, WRONG_DIGIT, test_pan(1)]) | passing(result.output.encode()) == set()


def test_a_byte_that_is_no_text_spoils_one_line(config: Path) -> None:
    """And not the thousands around it."""
    lines = [line.encode() for line in [CARDS, *GOOD]]
    lines.insert(2, b"C\xe0\xb8\xff," + PAN.encode() + b",credit,yes")
    result = import_(config, "cards", b"\n".join(lines) + b"\n")

    assert (result.exit_code, bad_lines(result)) == (1, {3: "is not UTF-8"})
    assert count(config, "card") == 3


def test_many_lines_are_many_commits(config: Path) -> None:
    """Each of them small; a bad line in the middle is none's but its own."""
    lines = [f"C{n},{test_pan(n)},credit,yes" for n in range(1, 2501)]
    lines[1233] = lines[1233].replace("credit", "gold")
    result = import_(config, "cards", [CARDS, *lines])

    assert set(bad_lines(result)) == {1235}
    assert count(config, "card") == 2499


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"customer,pan\n", "does not name kind, primary"),
        (b"\xff\xfe\x00\n", "does not name"),
        (b"C1,1,2,3\n", "does not name"),
    ],
    ids=["empty", "columns missing", "utf-16", "no first line"],
)
def test_a_file_of_another_kind_is_refused(config: Path, content: bytes, told: str) -> None:
    """Before anything is kept of it; one line and no traceback."""
    result = import_(config, "cards", content)

    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("file", ["none.csv", "."])
def test_a_file_that_cannot_be_read_is_named(config: Path, file: str) -> None:
    """As every tool does."""
    result = CliRunner().invoke(main, ["cards", "import", "-c", str(config), str(config.parent / file)])

    assert result.exit_code == 1
    assert str(config.parent) in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_a_store_that_cannot_be_opened_is_named(config: Path) -> None:
    """It is no bug of ours: no traceback."""
    (config.parent / "alerts.db").mkdir()
    result = import_(config, "cards", [CARDS, *GOOD])

    assert result.exit_code in (1, 78)
    assert "alerts.db" in result.stderr
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("what", ["cards", "subscriptions"])
def test_a_bad_configuration_is_told_with_78(config: Path, what: str) -> None:
    """Before the file is looked at."""
    (config.parent / "pan.key").unlink()
    result = import_(config, what, [CARDS])

    assert result.exit_code == 78
    assert "pan.key: no such file" in result.stderr


# ---- subscriptions

MOBILE = "0812345678"
BAD_PEOPLE = {
    "C1,021234567,th": "not a mobile number",
    "C1,+14155552671,th": "not a Thai number",
    "C1,12,th": "number",
    "C1,,th": "no telephone number",
    f"C1,{MOBILE},de": "language",
    f"C99,{MOBILE},th": "card",
    f",{MOBILE},th": "",
}


@pytest.mark.parametrize("line", BAD_PEOPLE, ids=range(len(BAD_PEOPLE)))
def test_a_bad_subscription_is_named_by_its_line_and_kept_out(config: Path, line: str) -> None:
    """And the number in it is not shown (T-07)."""
    import_(config, "cards", [CARDS, *GOOD])
    result = import_(config, "subscriptions", [PEOPLE, "C2,0898765432,en", line, "C3,0898765431,th"])
    told, mobile = bad_lines(result), line.split(",")[1]

    assert (result.exit_code, set(told)) == (1, {3})
    assert BAD_PEOPLE[line] in told[3]
    assert count(config, "subscription") == 2
    assert not mobile or mobile not in result.output.replace(str(config.parent), "")


def test_subscriptions_twice_are_as_once(config: Path) -> None:
    """Active at once, and unchanged by the same file again."""
    import_(config, "cards", [CARDS, *GOOD])
    lines = [PEOPLE, f"C1,{MOBILE},th", "C2,+66898765432,en"]
    first, second = import_(config, "subscriptions", lines), import_(config, "subscriptions", lines)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "2 of them new or changed" in first.stderr
    assert "0 of them new or changed" in second.stderr
