"""`python -m tests.endurance`: what a person types to treat the service badly.

A campaign is a module with `run(*, seed, ...) -> Report`.  Every other argument of its `run` is an option of the
command, with its default, so that a campaign is written down once.
"""

import inspect
import shlex
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from random import SystemRandom
from typing import Any

import click

from tests.endurance.report import Report, print_report

CAMPAIGNS = {  # name: what it does
    "smsc": "An SMSC that throttles, lies, tears, hangs up and falls silent.",
    "hosts": "Slow hosts, floods, storms of connections, and a million broken frames.",
    "kill": "SIGKILL at random moments under load, and then count.",
    "disks": "Full, read-only, locked and slow disks under load.",
    "overload": "Five times the capacity for a minute, and how soon all is well again.",
    "flat": "An hour at half of the capacity: memory, descriptors, threads, latency as a curve.",
}


class Campaigns(click.Group):
    """Imports a campaign when it is asked for: each needs other things installed."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(CAMPAIGNS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        return _command(cmd_name) if cmd_name in CAMPAIGNS else None

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Campaigns"):
            formatter.write_dl(list(CAMPAIGNS.items()))


@click.group(cls=Campaigns, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Treat the service badly, and see which promises hold.  Exit code 1 when one did not.

    \b
    Examples:
      python -m tests.endurance kill                  in full, with a seed of its own
      python -m tests.endurance kill --seed 7         the same once more
      python -m tests.endurance kill --times 20       for the impatient
    """


def _command(name: str) -> click.Command:
    run: Callable[..., Report] = import_module(f"tests.endurance.{name}").run
    own = {key: each.default for key, each in inspect.signature(run).parameters.items() if key != "seed"}
    options = [
        click.Option([_flag(key)], type=type(usual), default=usual, show_default=True) for key, usual in own.items()
    ]
    seed = click.Option(["--seed"], type=int, help="What reproduces a run; told at its end.")
    return click.Command(name, callback=partial(_campaign, name, run), params=[seed, *options], help=CAMPAIGNS[name])


def _campaign(name: str, run: Callable[..., Report], seed: int | None, **given: Any) -> None:
    chosen = {"seed": SystemRandom().randrange(1_000_000) if seed is None else seed, **given}
    again = _again(name, chosen)
    click.echo(again, err=True)  # at the start too: whoever interrupts it wants to know
    report = run(**chosen)
    print_report(name, again, report)
    sys.exit(1 if report.broken else 0)


def _again(name: str, chosen: Mapping[str, Any]) -> str:
    words = [word for key, value in chosen.items() for word in (_flag(key), str(value))]
    return shlex.join(["python", "-m", "tests.endurance", name, *words])


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


if __name__ == "__main__":
    main()
