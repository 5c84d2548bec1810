"""A terminal gets boxes that close and colours that can be switched off; a pipe gets lines."""

import re
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from iso_alert.demo.face import Pipe, Terminal
from iso_alert.demo.words import Fact, caption
from iso_alert.sim.smsc import Sms
from tests.demo.day import PUBLISHED


def terminal(width: int) -> tuple[Terminal, StringIO]:
    out = StringIO()
    return Terminal(Console(file=out, force_terminal=True, width=width, highlight=False, markup=False)), out


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_boxes_close(width: int) -> None:
    """Thai has characters of no width; the right border of an SMS is straight all the same, and fits the terminal."""
    face, out = terminal(width)
    face.sms("SMS to +66*****5678: 2 parts, UCS-2, 74 characters", PUBLISHED[0])
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in out.getvalue().splitlines()]

    assert len({cell_len(line) for line in lines}) == 1
    assert cell_len(lines[0]) <= width


def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR leaves bold and dim, and takes every colour away."""
    monkeypatch.setenv("NO_COLOR", "1")
    face, out = terminal(80)
    face.scene("07:42", "Emma buys a coffee")
    face.fact(Fact("decision", "told: because", True))
    face.sms("SMS", "Paid")
    codes = {code for group in re.findall(r"\x1b\[([0-9;]*)m", out.getvalue()) for code in group.split(";")}

    assert codes <= {"0", "1", "2"}


def test_a_line_to_copy_is_never_broken() -> None:
    """However narrow the terminal."""
    face, out = terminal(40)
    line = "/somewhere/far/away/bin/iso-alert host 127.0.0.1:40123 --count 10 --rate 2"
    face.verbatim(line)

    assert [line] == [re.sub(r"\x1b\[[0-9;]*m", "", each).strip() for each in out.getvalue().splitlines()]


def test_an_output_without_a_terminal_is_a_pipe() -> None:
    """A pipe gets one text a line, however long."""
    out = StringIO()
    Pipe(out).sms(caption(Sms("KBANK", "66812345678", PUBLISHED[0], 2, "ucs2", 0.0), 0.0123), PUBLISHED[0])

    assert [
        "SMS to +66*****5678 after 12 ms: 2 parts, UCS-2, 74 characters",
        PUBLISHED[0],
    ] == [line.strip() for line in out.getvalue().splitlines()]
