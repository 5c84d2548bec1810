"""`iso-alert demo`: see it work."""

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from iso_alert.cli.common import FAILED, set_up_logs

if TYPE_CHECKING:
    from iso_alert.demo.performance import Performance
    from iso_alert.demo.play import Outcome

PAUSE = 0.3  # seconds on a terminal: long enough to follow
ONCE = "Leave after the day: with 0, or with 1 if anything came other than it must."


@click.command()
@click.option("--once", is_flag=True, help=ONCE)
@click.option("--pause", type=click.FloatRange(0, 60), help="Seconds between messages  [default: 0.3, in a pipe 0]")
def command(once: bool, pause: float | None) -> None:
    """Play a day: payment hosts, the service and an operator's SMSC in one process, over real sockets.

    \b
    Examples:
      iso-alert demo                 play the day, then stay up to be tried
      iso-alert demo --once | less   play it and leave
      iso-alert demo --pause 3       slowly, for an audience

    It needs no file and writes only in a temporary directory, which is removed at the end.  Ctrl-C ends it.
    """
    from iso_alert.demo.day import read_day
    from iso_alert.demo.face import Pipe, face
    from iso_alert.demo.performance import Performance

    set_up_logs("warning")
    shown = face(_legible(sys.stdout))
    if pause is None:
        pause = 0 if isinstance(shown, Pipe) else PAUSE
    outcome = _perform(Performance(read_day(), shown, pause, once, _program()))
    if not once or outcome is None:
        click.echo("\nEnded; nothing is left behind." if outcome else "\nEnded before the day was over.")
    if outcome.faults if outcome else once:
        sys.exit(FAILED)


def _perform(performance: "Performance") -> "Outcome | None":
    """In a directory of its own, which goes whatever happens."""
    from tempfile import TemporaryDirectory

    import trio

    outcome = None
    try:
        with TemporaryDirectory(prefix="iso-alert-demo-") as directory:
            outcome = trio.run(performance.run, Path(directory))
    except* BrokenPipeError:
        _close_quietly()
        sys.exit(FAILED)
    except* OSError as group:
        for fault in group.exceptions:
            click.echo(f"the demo cannot go on: {fault}", err=True)
        sys.exit(FAILED)
    return outcome


def _legible(out: TextIO) -> TextIO:
    """An output that does not know Thai spells it out rather than fail."""
    if isinstance(out, TextIOWrapper):
        out.reconfigure(errors="backslashreplace")
    return out


def _program() -> str:
    """How this program is called from any directory."""
    import shlex

    called = Path(sys.argv[0]).absolute()
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m iso_alert"
    return shlex.quote(str(called))


def _close_quietly() -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
