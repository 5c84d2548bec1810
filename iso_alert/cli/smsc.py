"""`iso-alert smsc`: an SMSC to try things on. It shows every SMS as the phone would, and can be told to misbehave."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from iso_alert.sim.smsc import Sms

_EXAMPLES = """Be an SMSC: take messages, join and decode them, show them, and send receipts.

\b
Examples:
  iso-alert smsc                                    on 127.0.0.1:2775, polite
  iso-alert smsc --port 0 --json                    on a free port; a line of JSON for each SMS
  iso-alert smsc --response-latency 0.2             an operator on the other side of the sea
  iso-alert smsc --throttle-every 20 --rate 100     one that is soon too busy
  iso-alert smsc --drop-every 500 --receipt-id decimal --receipt-first
                                                    one that tests our patience
  iso-alert smsc --refuse-bind 14                   one that does not know the password

The port is the first line on stderr. Ctrl-C ends it.
"""
_OPTIONS = (
    ("--system-id", "system_id", str, "Let in only this ESME."),
    ("--password-file", "password_file", click.Path(exists=True, dir_okay=False), "Its password, from a file."),
    ("--refuse-bind", "refuse_bind", int, "Refuse every bind with this status, e.g. 14."),
    ("--response-latency", "response_latency", float, "Seconds before an answer."),
    ("--receipt-latency", "receipt_latency", float, "Seconds between an answer and its receipt."),
    ("--drop-receipts", "drop_receipts", click.FloatRange(0, 1), "Share of receipts that never come."),
    ("--undelivered", "undelivered", click.FloatRange(0, 1), "Share of messages that are not delivered."),
    ("--throttle-every", "throttle_every", int, "Refuse every n-th message as too fast."),
    ("--rate", "rate", float, "Refuse what is faster than this many PDUs a second."),
    ("--ignore-every", "ignore_every", int, "Take every n-th message and never answer it."),
    ("--drop-every", "drop_every", int, "Break the connection at every n-th message."),
    ("--seed", "seed", int, "Throw the dice the same way again."),
)


def _with_options(function: Any) -> Any:
    for flag, name, kind, text in reversed(_OPTIONS):
        function = click.option(flag, name, type=kind, help=text)(function)
    return function


@click.command("smsc", help=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=2775, show_default=True, help="0 takes a free one.")
@_with_options
@click.option("--receipt-first", is_flag=True, help="Send the receipt before the answer.")
@click.option("--receipt-id", type=click.Choice(["same", "hex", "decimal"]), help="How receipts spell the id.")
@click.option("--gsm", type=click.Choice(["gsm0338", "ascii", "latin1"]), help="What data_coding 0 means.")
@click.option("--clear", is_flag=True, help="Show whole numbers; without it only the last four digits.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each SMS.")
def command(host: str, port: int, clear: bool, as_json: bool, **given: Any) -> None:
    """The help text is `_EXAMPLES`."""
    import trio

    from iso_alert.sim.smsc import SmscOptions

    options = SmscOptions(**_chosen(given))
    show = _as_json if as_json else _as_line
    faults: list[BaseException] = []
    try:
        trio.run(_serve, options, host, port, lambda sms: click.echo(show(sms, clear)))
    except* OSError as group:
        faults += group.exceptions
    if faults:  # a port that is taken, a host that is not ours: nothing for a traceback
        raise click.ClickException(f"{host}:{port}: {faults[0]}")


def _chosen(given: dict[str, Any]) -> dict[str, Any]:
    """What was not given keeps the simulator's own default. The password never stands on a command line."""
    from pathlib import Path

    file = given.pop("password_file", None)
    chosen = {name: value for name, value in given.items() if value is not None}
    return chosen | ({"password": Path(file).read_text("utf-8").strip()} if file else {})


async def _serve(options: Any, host: str, port: int, show: Any) -> None:
    """Until SIGINT or SIGTERM; either is the ordinary way to end a simulator, so the exit code is 0."""
    import signal
    from functools import partial

    import trio

    from iso_alert.sim.smsc import serve_smsc

    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            bound = await nursery.start(partial(serve_smsc, options, host, port, show))
            click.echo(f"listening on {host}:{bound}", err=True)
            await anext(signals)
            nursery.cancel_scope.cancel()


def _as_line(sms: "Sms", clear: bool) -> str:
    parts = "1 part" if sms.parts == 1 else f"{sms.parts} parts"
    return f"{_time(sms.at)}  {_number(sms.destination, clear)}  {sms.encoding}, {parts}  {_one_line(sms.text)}"


def _as_json(sms: "Sms", clear: bool) -> str:
    import json

    from attrs import asdict

    shown = asdict(sms) | {"destination": _number(sms.destination, clear)}
    return json.dumps(shown, ensure_ascii=False)


def _time(at: float) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(at).astimezone():%H:%M:%S}"


def _number(number: str, clear: bool) -> str:
    """`+66*****5678`"""
    return f"+{number}" if clear or len(number) < 7 else f"+{number[:2]}{'*' * (len(number) - 6)}{number[-4:]}"


def _one_line(text: str) -> str:
    """A text is shown as one line, and can play no tricks on a terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
