"""`iso-alert cards import`: the bank's card file."""

from pathlib import Path

import click

from iso_alert.cli.common import config_option, tell_faults

YES_NO = {"yes": True, "no": False}


@click.group()
def command() -> None:
    """The card file."""


@command.command("import")
@config_option
@click.argument("file")
def import_(config: str | None, file: str) -> None:
    """Import cards from FILE (`-`: standard input), a CSV with the columns customer, pan, kind, primary.

    \b
    Examples:
      iso-alert cards import cards.csv
      gpg -d cards.csv.gpg | iso-alert cards import -

    kind is credit or debit, primary yes or no.  Of a card number the last four digits and a token are kept.
    """
    from iso_alert.cli.importing import BadLine, import_csv
    from iso_alert.config import ConfigError, find, load_keys
    from iso_alert.domain.card import Keyring, Kind, luhn
    from iso_alert.store.port import CardLine
    from iso_alert.store.sqlite import Sqlite

    def keys() -> tuple[Path, Keyring]:
        try:
            return load_keys(find(config))
        except ConfigError as error:
            tell_faults(error.faults)

    def understand(row: dict[str, str]) -> CardLine:
        if not row["customer"]:
            raise BadLine("customer is empty")
        if row["kind"] not in (kind.value for kind in Kind):
            raise BadLine("kind is neither credit nor debit")
        if row["primary"] not in YES_NO:
            raise BadLine("primary is neither yes nor no")
        card = keyring.card(row["pan"].replace(" ", ""))
        if not luhn(row["pan"].replace(" ", "")):
            raise BadLine("the card number's check digit is wrong")
        return CardLine(row["customer"], card, Kind(row["kind"]), YES_NO[row["primary"]])

    path, keyring = keys()
    store = Sqlite(path)
    try:
        import_csv(
            file,
            ("customer", "pan", "kind", "primary"),
            understand,
            lambda batch: (store.import_cards([line for _, line in batch]), []),
        )
    finally:
        store.close()
