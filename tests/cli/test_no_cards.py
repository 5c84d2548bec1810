"""A card number that a person types, or has in a file, comes back nowhere: not in faults, not in the store (T-06)."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from iso_alert.cli import COMMANDS, main
from iso_alert.cli.common import set_up_logs, tell_bug
from iso_alert.sim.cards import test_pan
from tests.support.deployment import deploy, iso_alert
from tests.support.scanner import known, passing

PAN = test_pan(31)
SPACED = " ".join(PAN[at : at + 4] for at in range(0, 16, 4))
FORMS = {"plain": PAN, "spaced": SPACED, "beside another number": f"7 {SPACED}", "underlined": SPACED.replace(" ", "_")}


def found(text: str) -> set[str]:
    return passing(text.encode()) | known(text.encode(), [PAN])


@pytest.mark.parametrize("name", sorted(COMMANDS))
@pytest.mark.parametrize("option", [False, True], ids=["argument", "option"])
def test_a_mistyped_word_is_not_told_back(
    name: str, option: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Click repeats what it does not understand; here it does so without card numbers."""
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(main, [name, f"--{PAN}" if option else "-c", PAN])

    assert found(run.output) == set()


@pytest.mark.parametrize("form", FORMS)
def test_nor_is_a_command_that_there_is_not(form: str) -> None:
    """Somebody pasted into the wrong window."""
    run = CliRunner().invoke(main, [FORMS[form]])

    assert run.exit_code == 2
    assert found(run.output) == set()


@pytest.mark.parametrize(
    "words",
    [
        ["cards", "import", "-c", "CONFIG", "CARD.csv"],
        ["cards", "import", "-c", "CONFIG", "cards.csv", "--rejects", "none/CARD"],
        ["what-if", "-c", "CONFIG", "CARD"],
        ["decode", "--profile", "CARD", "cards.csv"],
        ["host", "127.0.0.1:9", "--profile", "CARD"],
        ["host", "CARD:CARD"],
        ["smsc", "--port", "CARD"],
        ["check", "-c", "CARD.toml"],
        ["routes", "drain", "-c", "CONFIG", "CARD", "--reason", "CARD"],
        ["explain", "-c", "CONFIG", "--last4", "CARD"],
        ["token", "new", "-c", "CONFIG", "--name", "CARD", "--role", "agent"],
        ["keygen", "CARD"],
    ],
    ids=lambda words: " ".join(words[:2]).lower(),
)
@pytest.mark.parametrize("form", FORMS)
def test_a_value_is_not_told_back(words: list[str], form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of files, routes, hosts and tokens."""
    monkeypatch.chdir(tmp_path)
    config = str(deploy(tmp_path))
    (tmp_path / "cards.csv").write_text("customer,pan,kind,primary\n")
    (tmp_path / f"{FORMS[form]}.csv").write_text(f"customer,pan,kind,primary\nC1,{PAN},credit,maybe\n")
    run = CliRunner().invoke(main, [word.replace("CARD", FORMS[form]).replace("CONFIG", config) for word in words])

    assert found(run.output) == set()
    assert list(kept(tmp_path)) == []


def kept(directory: Path) -> Iterator[str]:
    """Where in the store it stands."""
    with closing(sqlite3.connect(directory / "alerts.db")) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in db.execute(f"SELECT * FROM {table}"):
                if found(" | ".join(str(value) for value in row if not isinstance(value, int))):
                    yield table


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        ("cards", ["customer,pan,kind,primary", "CARD,CARD,credit,yes", "C1,CARD CARD,credit,no", '"C2,CARD,x,no']),
        ("customers", ["customer,natural", "CARD,yes", "XCARD,no", "C1,CARD"]),
        ("subscriptions", ["customer,mobile,language", "C1,CARD,th", "C1,0812345678,CARD", "CARD,0812345678,th"]),
        ("statements", ["pan,due,total,minimum", "CARD,CARD,1,1", "CARD,2026-12-05,CARD,1"]),
        ("cards", ["CARD,pan"]),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_columns_that_are_mixed_up(what: str, lines: list[str], form: str, tmp_path: Path) -> None:
    """The number in every other column: told by its line, set aside masked, and nowhere in the store."""
    file, rejects = tmp_path / "file.csv", tmp_path / "rejects.csv"
    file.write_text("".join(line.replace("CARD", FORMS[form]) + "\n" for line in lines))
    words = [what, "import", "-c", str(deploy(tmp_path)), str(file), "--rejects", str(rejects)]
    run = CliRunner().invoke(main, words)

    assert run.exit_code == 1
    assert found(run.output + (rejects.read_text() if rejects.exists() else "")) == set()
    assert list(kept(tmp_path)) == []


# ---- logs and last words


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("terminal", [False, True], ids=["json", "terminal"])
def test_no_log_line_tells_it(form: str, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the event, nor in a value, nor in what an exception says."""
    out = StringIO()
    monkeypatch.setattr(out, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", out)
    try:
        set_up_logs("debug")
        log = structlog.get_logger()
        log.info(f"event {FORMS[form]}", what=FORMS[form])
        try:
            raise ValueError(f"cannot record {FORMS[form]}")
        except ValueError:
            log.exception("it fell")
    finally:
        structlog.reset_defaults()

    assert "cannot record" in out.getvalue()
    assert found(out.getvalue()) == set()


@pytest.mark.parametrize("form", FORMS)
def test_a_crash_does_not_tell_it(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even from within groups of exceptions."""
    try:
        raise ExceptionGroup("bugs", [ValueError(f"cannot record {FORMS[form]}")])
    except ExceptionGroup as bug:
        tell_bug(type(bug), bug, bug.__traceback__)
    told = capsys.readouterr().err

    assert "cannot record" in told
    assert found(told) == set()


def test_crashes_of_the_program_are_told_so(tmp_path: Path) -> None:
    """The real one: its last word goes the same way."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib\n"
        "def fall(*_, **__): raise RuntimeError('met ' + ' '.join(['7', *CARD]))\n"
        f"CARD = {SPACED.split()}\n"
        "import iso_alert.config as config\n"
        "config.load = fall\n"
    )
    run = iso_alert("check", "-c", "x", PYTHONPATH=str(tmp_path))

    assert run.returncode == 1
    assert "RuntimeError: met 7 *" in run.stderr
    assert found(run.stderr) == set()
