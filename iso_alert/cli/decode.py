"""`iso-alert decode`: one ISO 8583 message, masked, and what it would mean here."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from iso_alert.domain.transaction import Transaction
    from iso_alert.iso.codec import Codec
    from iso_alert.iso.dialect import Dialect
    from iso_alert.iso.guess import Guess

_EXAMPLES = """Read one ISO 8583 message: its fields without what must not be shown, and what it means.

\b
Examples:
  iso-alert decode 011530323030...                   hex; a length before the message is found out
  iso-alert decode < capture.bin                     hex or raw bytes from a file
  iso-alert decode --profile edc-bcd-tpdu --framing bcd2 0083600123...
  iso-alert decode --json 30323030...
  iso-alert decode --plan 30323030...                the Python that reads such messages, and answers them
  iso-alert decode --as-fixture fixtures/iso8583/0200-our-bug.toml < capture.bin
                                                     a test case, with a test card and nobody's data

The card number is never shown, only its last four digits. Exit code 1 if the message cannot be read.
"""


@click.command("decode", help=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("message", required=False, metavar="[HEX]")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Hex or raw bytes.")
@click.option("--profile", default="iso87-ascii", show_default=True, help="How the host speaks.")
@click.option("--framing", default="auto", show_default=True, help="A preset, `none`, or found out.")
@click.option("--charset", help="Of names, instead of the profile's.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.option("--plan", "as_plan", is_flag=True, help="Print how such messages are decoded and answered.")
@click.option("--as-fixture", metavar="PATH", help="Write a test case instead; `-` is stdout.")
def command(
    message: str | None,
    file: Path | None,
    profile: str,
    framing: str,
    charset: str | None,
    as_json: bool,
    as_plan: bool,
    as_fixture: str | None,
) -> None:
    """The help text is `_EXAMPLES`."""
    from iso_alert.cli.common import tell_faults
    from iso_alert.iso.tables import BadTable

    try:
        codec = _codec(profile, charset)
    except BadTable as bad:
        tell_faults(list(bad.faults))
    guess = _likeliest(message, file, codec, framing)
    if guess is None:
        raise click.ClickException(f"the bytes are no frame of {framing}")
    if as_fixture is not None:
        _write_fixture(as_fixture, guess, codec)
        return
    if as_plan:
        click.echo(_plans(guess, codec), nl=False)
        return
    sys.exit(_show(guess, codec, as_json))


def _codec(profile: str, charset: str | None) -> "Codec":
    """Its key is thrown away with it: a token made here finds no card."""
    from secrets import token_bytes

    from iso_alert.domain.card import Keyring
    from iso_alert.iso.codec import Codec
    from iso_alert.iso.dialect import dialect
    from iso_alert.iso.merchant import CHARSETS, Merchants, read_mcc_words
    from iso_alert.iso.profile import read_profile

    if charset is not None and charset not in CHARSETS:
        raise click.BadParameter(f"none of {', '.join(CHARSETS)}", param_hint="--charset")
    spoken = dialect("decode", read_profile(profile), charset=charset, merchants=Merchants({}, read_mcc_words()))
    return Codec(spoken, Keyring((token_bytes(32),)))


def _likeliest(message: str | None, file: Path | None, codec: "Codec", framing: str) -> "Guess | None":
    from iso_alert.iso.guess import best

    wanted = None if framing == "auto" else framing
    guesses = [guess for data in _bytes(message, file) if (guess := best(data, codec, wanted))]
    return max(guesses, key=lambda guess: guess.rank, default=None)


def _bytes(message: str | None, file: Path | None) -> list[bytes]:
    """What was given, as hex and as it stands: a raw message of nothing but digits looks like hex too."""
    if message is not None:
        return [_from_hex(message)]
    raw = file.read_bytes() if file else sys.stdin.buffer.read()
    text = raw.decode("latin-1")
    hex_too = set(text) <= set("0123456789abcdefABCDEF:- \r\n\t") and len("".join(text.split())) % 2 == 0
    return [raw, _from_hex(text)] if hex_too else [raw]


def _from_hex(text: str) -> bytes:
    try:
        data = bytes.fromhex(text.strip().removeprefix("0x").translate({ord(each): None for each in ":- \r\n\t"}))
    except ValueError:
        raise click.BadParameter("that is no hex", param_hint="HEX") from None
    if not data:
        raise click.BadParameter("nothing to decode", param_hint="HEX")
    return data


def _write_fixture(path: str, guess: "Guess", codec: "Codec") -> None:
    from datetime import UTC, datetime
    from secrets import token_bytes

    from attrs import evolve

    from iso_alert.domain.card import Keyring
    from iso_alert.iso.framing import PRESETS
    from iso_alert.sim.annotate import Unwilling, as_fixture

    say = "From a capture" if path == "-" else Path(path).stem.replace("-", " ")
    framing = PRESETS.get(guess.framing, codec.dialect.framing)
    spoken = evolve(codec.dialect, framing=framing)
    try:
        text = as_fixture(guess.frame, spoken, Keyring((token_bytes(32),)), datetime.now(UTC), say)
    except Unwilling as why:
        raise click.ClickException(str(why)) from None
    if path == "-":
        click.echo(text, nl=False)
    else:
        Path(path).write_text(text, encoding="utf-8")
        click.echo(f"written: {path}", err=True)


def _plans(guess: "Guess", codec: "Codec") -> str:
    """The functions that are generated for messages with this MTI and these fields, and for their answer."""
    from iso_alert.iso.answering import answer
    from iso_alert.iso.profile import Said

    decoding = codec.decoding(guess.frame)
    if decoding is None:
        raise click.ClickException(f"there is no plan for what cannot be read: {guess.result}")
    due = answer(guess.result, Said.RECORDED, codec.dialect)
    return "\n\n".join(filter(None, (decoding, codec.encoding(due) if due else None)))


def explain_rules(transaction: "Transaction", dialect: "Dialect") -> list[tuple[str, str]]:
    """The rules that the tables apply to it, as rows of (what, words); nothing before it is known here."""
    from iso_alert.service.rulebook import read_rulebook

    tables = read_rulebook([dialect]).profiles[dialect.link]
    event, event_rule = tables.events.of(transaction.facts)
    channel, channel_rule = tables.channels.of(transaction.facts, event)
    where = f"{channel.value}/{channel_rule.extra}" if channel_rule.extra else channel.value
    return [
        ("event", f"{event.value} ({event_rule.id}: {event_rule.say})"),
        ("channel", f"{where} ({channel_rule.id}: {channel_rule.say})"),
    ]


def _show(guess: "Guess", codec: "Codec", as_json: bool) -> int:
    from iso_alert.cli.decoded import document

    told = document(guess, codec, lambda of: explain_rules(of, codec.dialect))
    if as_json:
        import json

        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for title, rows in _sections(told):
            click.echo(title)
            for name, value in rows:
                click.echo(f"  {name:<56} {value}")
    return 1 if "fault" in told else 0


def _sections(told: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    head = [(name, told[name]) for name in ("profile", "framing", "tpdu", "bitmap", "fault") if name in told]
    sections: list[tuple[str, list[tuple[str, str]]]] = [(told["message"], [*head])]
    sections.append(("fields", [(f"{key:>3}  {each['name']}", each["value"]) for key, each in told["fields"].items()]))
    return sections + [(name, [*told[name].items()]) for name in ("reading", "rules", "answer") if told.get(name)]
