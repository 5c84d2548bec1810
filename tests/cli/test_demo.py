"""What a stranger sees first: the demo as a process of its own."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.request import urlopen

import pytest
from attrs import evolve, frozen
from click.testing import CliRunner, Result

from iso_alert.cli import main
from iso_alert.demo import day as days
from iso_alert.demo.day import Day
from iso_alert.domain.channel import Channel
from iso_alert.domain.reason import Reason
from tests.demo.day import DAY, PUBLISHED, card_numbers

PATIENCE = 60  # seconds, for a machine that has other things to do


Process = subprocess.Popen[str]


@frozen
class Place:
    """Where a demo runs: an empty directory to stand in, and one for temporary files."""

    cwd: Path
    tmp: Path

    @classmethod
    def under(cls, path: Path) -> "Place":
        made = cls(path / "cwd", path / "tmp")
        made.cwd.mkdir()
        made.tmp.mkdir()
        return made

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Process]:
        """A demo; one that hangs is killed, so that whoever reads from it comes to an end."""
        environ = {**os.environ, "TMPDIR": str(self.tmp), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
        environ.pop("FORCE_COLOR", None)
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "iso_alert", "demo", *arguments]
        with subprocess.Popen(command, cwd=self.cwd, env=environ, stdout=pipe, stderr=pipe, encoding="utf-8") as demo:
            watchdog = Timer(PATIENCE, demo.kill)
            watchdog.start()
            try:
                yield demo
            finally:
                watchdog.cancel()
                demo.kill()

    def left(self) -> list[str]:
        """What lies in either directory."""
        return [path.name for path in (*self.cwd.rglob("*"), *self.tmp.rglob("*"))]


@frozen
class Ran:
    """A demo that is over, and what it left."""

    code: int
    out: str
    err: str
    left: list[str]


def ended(demo: Process, where: Place, ask: signal.Signals | None = None) -> Ran:
    """The end of a demo, if need be after a signal."""
    if ask:
        demo.send_signal(ask)
    out, err = demo.communicate(timeout=PATIENCE)
    return Ran(demo.returncode, out, err, where.left())


def read_until(demo: Process, words: str) -> list[str]:
    """The lines up to the one that says so."""
    assert demo.stdout
    said = []
    for line in demo.stdout:
        said.append(line.strip())
        if words in line:
            return said
    raise AssertionError(f"it never said {words!r}")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    where = Place.under(tmp_path_factory.mktemp("once"))
    with where.started("--once") as demo:
        return ended(demo, where)


def test_once_ends_well(once: Ran) -> None:
    """The day is played, all comes as it must, and no log line disturbs it."""
    assert (once.code, once.err) == (0, "")


@pytest.mark.parametrize("text", PUBLISHED, ids=["approval-th", "approval-en", "cancel-th", "cancel-en"])
def test_the_published_texts_arrive(once: Ran, text: str) -> None:
    """Each published sample arrives on a phone byte for byte."""
    assert [line.strip() for line in once.out.splitlines()].count(text) == 1


def test_every_message_is_shown(once: Ran) -> None:
    """Each message of the day is told with its time, in order."""
    shown = [line for line in once.out.splitlines() if re.match(r"\d\d:\d\d ", line)]

    assert [f"{message.at} {message.say}" for message in DAY.message] == shown


def test_every_silence_has_its_reason(once: Ran) -> None:
    """Whoever asks why no SMS came can read it."""
    silent = [message.reason for message in DAY.message if message.reason and not message.reason.told]

    assert silent
    assert [reason for reason in silent if reason and f"silent: {reason.words}" not in once.out] == []


def test_no_card_number_is_shown(once: Ran) -> None:
    """Of a card nothing but the last four digits is seen."""
    assert card_numbers(once.out + once.err) == []


def test_the_check_for_card_numbers_would_find_one() -> None:
    """A check that cannot fail is worth nothing."""
    number = DAY.card[0].number()

    assert card_numbers(f"card {number[:4]} {number[4:]}, time 15:15")


def test_nothing_is_left_behind(once: Ran) -> None:
    """Neither where it was started nor where temporary files go."""
    assert once.left == []


def test_a_pipe_gets_plain_lines(once: Ran) -> None:
    """No escape codes, no boxes."""
    assert not set("\x1b│╭╰") & set(once.out)


def test_it_stays_up_until_ctrl_c(tmp_path: Path) -> None:
    """Its pages answer at the printed address; an interrupt ends it with 0 and leaves nothing."""
    where = Place.under(tmp_path)
    with where.started() as demo:
        said = read_until(demo, "Ctrl-C ends it")
        address = next(word for line in said for word in line.split() if word.endswith("/status"))
        with urlopen(address, timeout=PATIENCE) as page:
            status = page.read()
        ran = ended(demo, where, signal.SIGINT)

    assert b'"state":"ok"' in status
    assert (ran.code, ran.err, ran.left) == (0, "", [])


def test_the_lines_to_try_work(tmp_path: Path) -> None:
    """The printed commands, as they stand, make SMS arrive that the demo shows, and explain a payment of the day."""
    where = Place.under(tmp_path)
    with where.started() as demo:
        said = read_until(demo, "Ctrl-C ends it")
        host, explain = (tried(next(line for line in said if words in line)) for words in (" host 127.", " explain "))
        ran = ended(demo, where, signal.SIGTERM)

    assert (host.returncode, host.stderr) == (0, "")
    assert (explain.returncode, explain.stderr) == (0, "")
    assert PUBLISHED[0] in explain.stdout
    assert (ran.code, ran.err, ran.left) == (0, "", [])
    assert "SMS to +66*****" in ran.out
    assert card_numbers(ran.out) == []


def tried(line: str) -> "subprocess.CompletedProcess[str]":
    """A line of the demo, copied into another terminal."""
    environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        shlex.split(line), env=environ, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
    )


def test_interrupted_before_the_end(tmp_path: Path) -> None:
    """A day that was to be judged and was not played to its end is no success, and leaves nothing either."""
    where = Place.under(tmp_path)
    with where.started("--once", "--pause", "30") as demo:
        read_until(demo, "decision")
        ran = ended(demo, where, signal.SIGINT)

    assert (ran.code, ran.err, ran.left) == (1, "", [])
    assert "Ended before the day was over." in ran.out


def expecting(change: dict[str, Any], text: str) -> Day:
    """The day, expecting something else of one message."""
    messages = (evolve(message, **change) if message.sms == text else message for message in DAY.message)
    return evolve(DAY, message=tuple(messages))


def play(monkeypatch: pytest.MonkeyPatch, day: Day) -> Result:
    monkeypatch.setattr(days, "read_day", lambda: day)
    return CliRunner().invoke(main, ["demo", "--once"])


def test_a_missing_sms_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, the SMS that did not come, and the one that came in its place."""
    ran = play(monkeypatch, expecting({"sms": "Paid THB 9.99"}, PUBLISHED[1]))

    assert ran.exit_code == 1
    assert "this SMS did not come: Paid THB 9.99" in ran.stdout
    assert f"this SMS should not have come: {PUBLISHED[1]}" in ran.stdout
    assert "every SMS that had to come came" not in ran.stdout


def test_a_wrong_decision_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decided, and what had to be."""
    ran = play(monkeypatch, expecting({"reason": Reason.DECLINED, "channel": Channel.ATM}, PUBLISHED[0]))

    assert ran.exit_code == 1
    assert "decided told, expected declined" in ran.stdout
    assert "the channel is edc, expected atm" in ran.stdout
