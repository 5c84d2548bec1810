"""`iso-alert statements import`: what is owed on credit cards, and by when."""

import click

from iso_alert.cli.common import import_into


@click.group()
def command() -> None:
    """Statements of credit cards."""


@import_into(command)
def import_(config: str | None, rejects: str | None, file: str) -> None:
    """Import statements from FILE (`-`: standard input), a CSV with the columns pan, due, total, minimum.

    \b
    Examples:
      iso-alert statements import statements.csv --rejects bad-statements.csv

    due is a date such as 2026-12-05, total and minimum are baht.  Subscribers are reminded at 09:00 three days before,
    once for each card and due date; a line that is there already gets the new sums.
    """
    from iso_alert.cli.forms import statements
    from iso_alert.cli.importing import import_file
    from iso_alert.cli.people import opened
    from iso_alert.config import find, load_keys

    with opened(config) as store:
        import_file(file, statements(store, load_keys(find(config))[1]), store, rejects)
