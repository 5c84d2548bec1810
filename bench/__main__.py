"""`python -m bench`: what a person types to measure.  Each measurement is a module with `run(workload) -> rows`."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from bench.process import Died
from bench.report import machine, print_json, print_table

WORKLOADS = Path(__file__).parent / "workloads"
BENCHES = {  # name: what it measures
    "codec": "Frames decoded and answers encoded a second, beside pyiso8583.",
    "link": "Answers a second of a link without a store, in one process and in speakers.",
    "journal": "Durable messages a second and their latency, beside SQLite alone.",
    "alerts": "From a message to its SMS: latency at given rates, and what is sustained.",
    "smpp": "PDUs a second over one session, at several windows, beside foreign clients.",
    "idle": "What silent links and subscriptions cost in memory.",
    "pauses": "How long garbage collections stop the service.",
    "burst": "Fire at any ISO 8583 server, also one that is not ours.",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure.

    \b
    Examples:
      python -m bench journal                         the shipped workload, as a table
      python -m bench journal --rows 10_000_000       with a past of ten million messages
      python -m bench smpp --set rounds=5 --json      one line of JSON
      python -m bench burst --connect 127.0.0.1:8583  somebody else's server
    """


def _read(name: str, file: str | None, changed: tuple[str, ...]) -> dict[str, Any]:
    """The workload with what was changed on the command line."""
    path = Path(file) if file else WORKLOADS / f"{name}.toml"
    try:
        workload = tomllib.loads(path.read_text(encoding="utf-8"))
        for change in changed:
            key, _, value = change.partition("=")
            if key not in workload:
                raise ValueError(f"{key!r} is none of {', '.join(workload)}")
            workload[key] = tomllib.loads(f"value = {value}")["value"]
    except (OSError, ValueError) as fault:
        raise click.UsageError(f"{path.name}: {fault}") from None
    return workload


def _command(name: str, say: str) -> click.Command:
    def measure(workload: str | None, changed: tuple[str, ...], as_json: bool, **given: Any) -> None:
        chosen = _read(name, workload, changed) | {key: value for key, value in given.items() if value is not None}
        about = machine()
        try:
            rows = import_module(f"bench.{name}").run(chosen)
        except Died as why:
            raise click.ClickException(str(why)) from None
        if as_json:
            print_json(name, about, chosen, rows)
        else:
            print_table(name, about, rows)

    return click.Command(name, callback=measure, help=say, params=[*_COMMON, *_OWN.get(name, ())])


_COMMON: tuple[click.Parameter, ...] = (
    click.Option(["--workload"], metavar="FILE", help="A TOML file in place of the shipped workload."),
    click.Option(["--set", "changed"], multiple=True, metavar="KEY=VALUE", help="Change one key of the workload."),
    click.Option(["--json", "as_json"], is_flag=True, help="One line of JSON in place of the table."),
)
_OWN: dict[str, tuple[click.Parameter, ...]] = {
    "journal": (click.Option(["--rows"], type=int, help="Messages that the journal holds already."),),
    "burst": (click.Option(["--connect"], required=True, metavar="HOST:PORT", help="The server to fire at."),),
}
for _name, _say in BENCHES.items():
    main.add_command(_command(_name, _say))

if __name__ == "__main__":
    main()
