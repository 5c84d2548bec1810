"""`iso-alert host`: a payment host to try a link with. It plays files, or traffic at a rate, and judges the answers."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iso_alert.iso.codec import Codec
    from iso_alert.sim.host import Pace
    from iso_alert.sim.tally import Tally
    from iso_alert.sim.wire import Connect
    from iso_alert.sim.workload import Shot

_EXAMPLES = """Be a payment host: connect to a link, send messages, judge the answers.

\b
Examples:
  iso-alert host 127.0.0.1:8583                      ten messages a second for ten seconds
  iso-alert host 127.0.0.1:8583 fixtures/iso8583/*.toml
                                                     files, one after the other; those of other profiles are skipped
  iso-alert host 127.0.0.1:8583 --rate 500 --for 10 --links 2 --window 64
  iso-alert host 127.0.0.1:8583 --rate 0 --count 20000 --links 4
                                                     a burst, as fast as the windows let it
  iso-alert host 127.0.0.1:8583 --profile edc-bcd-tpdu --framing bcd2
  iso-alert host 127.0.0.1:8583 --workload mine.toml --json
  iso-alert host 127.0.0.1:8583 --tls-ca ca.pem --tls-certificate host.pem --tls-key host.key
  iso-alert host 127.0.0.1:8583 --listen            wait to be called, for a link with `connect`

All cards are test cards. Exit code 1 if an answer was wrong or missing.
"""


@click.command("host", help=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("address", metavar="HOST:PORT")
@click.argument("files", nargs=-1, metavar="[FIXTURE]...", type=click.Path(exists=True, path_type=Path))
@click.option("--profile", default="iso87-ascii", show_default=True, help="How the host speaks.")
@click.option("--framing", help="Instead of the profile's.")
@click.option("--rate", default=10.0, show_default=True, help="Messages a second, all links together; 0: no limit.")
@click.option("--for", "seconds", type=float, help="Seconds to go on.  [default: 10, unless --count]")
@click.option("--count", type=click.IntRange(1), help="Messages to send.")
@click.option("--links", default=1, show_default=True, type=click.IntRange(1), help="Connections.")
@click.option("--window", default=64, show_default=True, type=click.IntRange(1), help="Unanswered messages a link.")
@click.option("--patience", default=10.0, show_default=True, help="Seconds to wait for an answer.")
@click.option(
    "--workload", type=click.Path(exists=True, path_type=Path), help="Templates, instead of the shipped ones."
)
@click.option("--listen", is_flag=True, help="Wait to be called.")
@click.option("--tls-ca", type=click.Path(exists=True, path_type=Path), help="Who vouches for the service: TLS.")
@click.option("--tls-certificate", type=click.Path(exists=True, path_type=Path), help="Ours, for mutual TLS.")
@click.option("--tls-key", type=click.Path(exists=True, path_type=Path), help="Of our certificate.")
@click.option("--tls-name", help="Whom the service's certificate must name.  [default: HOST]")
@click.option("--seed", default=0, help="Other traffic.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON instead of a table.")
def command(
    address: str, files: tuple[Path, ...], profile: str, framing: str | None, as_json: bool, **how: Any
) -> None:
    """The help text is `_EXAMPLES`."""
    from functools import partial

    import trio

    from iso_alert.cli.common import tell_faults
    from iso_alert.iso.tables import BadTable
    from iso_alert.sim.host import play

    wire = _wire(*_address(address), how)
    try:
        codec = _codec(profile, framing)
        shots = _files(files, codec) if files else _traffic(codec, how)
    except BadTable as bad:
        tell_faults(list(bad.faults))
    watch = _line if files and not as_json else _nothing
    try:
        tally = trio.run(partial(play, wire, codec, shots, _pace(how, bool(files)), how["links"], watch))
    except OSError as why:
        raise click.ClickException(f"{address}: {why.strerror or why}") from None
    except trio.BrokenResourceError as why:
        raise click.ClickException(f"{address}: no TLS: {why.__cause__ or 'hung up'}") from None
    _show(tally, as_json)
    sys.exit(0 if tally.good else 1)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter(f"{text!r} is no HOST:PORT", param_hint="HOST:PORT")
    return host.strip("[]"), int(port)


def _wire(host: str, port: int, how: dict[str, Any]) -> "Connect":
    from iso_alert.service.tls import calling, listening
    from iso_alert.sim.wire import Calling, Waiting

    authority, certificate, key = how["tls_ca"], how["tls_certificate"], how["tls_key"]
    try:
        if how["listen"]:
            return Waiting(host, port, listening(certificate, key, authority).context if certificate else None)
        secured = authority or certificate
        return Calling(host, port, calling(authority, certificate, key).context if secured else None, how["tls_name"])
    except ValueError as why:
        raise click.ClickException(str(why)) from None


def _codec(profile: str, framing: str | None) -> "Codec":
    """Its key is thrown away with it: the simulator finds no card again."""
    from secrets import token_bytes

    from iso_alert.domain.card import Keyring
    from iso_alert.iso.codec import Codec
    from iso_alert.iso.dialect import dialect
    from iso_alert.iso.framing import PRESETS
    from iso_alert.iso.profile import read_profile

    if framing is not None and framing not in PRESETS:
        raise click.BadParameter(f"none of {', '.join(PRESETS)}", param_hint="--framing")
    return Codec(dialect("host", read_profile(profile), framing=framing), Keyring((token_bytes(32),)))


def _files(paths: tuple[Path, ...], codec: "Codec") -> "Iterator[Shot]":
    from iso_alert.sim.fixture import read_fixtures

    shots = []
    for fixture in read_fixtures(paths):
        if fixture.lost or fixture.profile != codec.dialect.profile.name or fixture.asks_for_settings:
            click.echo(f"{fixture.name}: skipped, it wants another link", err=True)
        else:
            shots.append(fixture.shot(codec))
    return iter(shots)


def _traffic(codec: "Codec", how: dict[str, Any]) -> "Iterator[Shot]":
    import time

    from iso_alert.sim.workload import Traffic, read_workload

    return Traffic(read_workload(how["workload"]), codec, time.time, how["seed"]).shots()


def _pace(how: dict[str, Any], files: bool) -> "Pace":
    from iso_alert.sim.host import Pace

    if files:
        return Pace(window=1, patience=how["patience"])
    seconds = how["seconds"] if how["seconds"] or how["count"] else 10.0
    return Pace(how["rate"] or None, seconds, how["count"], how["window"], how["patience"])


def _nothing(shot: "Shot", seconds: float | None, fault: str) -> None:
    """Traffic is told as a table, at the end."""


def _line(shot: "Shot", seconds: float | None, fault: str) -> None:
    if fault:
        click.echo(f"{shot.name}: {fault}")
    elif seconds is None:
        click.echo(f"{shot.name}: sent, no answer is due")
    else:
        click.echo(f"{shot.name}: {shot.mti} {shot.code}  {seconds * 1000:.1f} ms")


def _show(tally: "Tally", as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps({**tally.row(), "kinds": dict(tally.kinds), "faults": tally.faults}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", "", box=None, show_header=False, pad_edge=False)
    for name, value in tally.row().items():
        unit = " ms" if name.startswith("p9") or name in ("p50", "max") else ""
        table.add_row(name.replace("_", " "), f"{value:,}{unit}")
    Console().print(table)
    for fault in tally.faults:
        click.echo(fault, err=True)
