"""`iso-alert cards import`: the bank's card file."""

import click

from iso_alert.cli.common import import_into


@click.group()
def command() -> None:
    """The card file."""


@import_into(command)
def import_(config: str | None, rejects: str | None, file: str) -> None:
    """Import cards from FILE (`-`: standard input), a CSV with the columns customer, pan, kind, primary.

    \b
    Examples:
      iso-alert cards import cards.csv --rejects bad-cards.csv
      gpg -d cards.csv.gpg | iso-alert cards import -

    kind is credit or debit, primary yes or no.  Two more columns may be there: status (open, blocked, closed; empty
    leaves it as it is) and replaces, the number of a card that this one replaces: that is closed, and the customer's
    subscription covers the new one.  Of a card number the last four digits and a token are kept.  A service may run
    meanwhile.  The same file again changes nothing.
    """
    from iso_alert.cli.forms import cards
    from iso_alert.cli.importing import import_file
    from iso_alert.cli.people import opened
    from iso_alert.config import find, load_keys

    with opened(config) as store:
        import_file(file, cards(store, load_keys(find(config))[1]), store, rejects)
