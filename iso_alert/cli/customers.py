"""`iso-alert customers import`: who is a natural person and who is not."""

import click

from iso_alert.cli.common import import_into


@click.group()
def command() -> None:
    """The customers of the bank."""


@import_into(command)
def import_(config: str | None, rejects: str | None, file: str) -> None:
    """Import customers from FILE (`-`: standard input), a CSV with the columns customer, natural.

    \b
    Examples:
      iso-alert customers import customers.csv

    natural is yes for a person, no for a company, which cannot subscribe.  A customer of the card file who is in no
    file of customers counts as a person.
    """
    from iso_alert.cli.forms import customers
    from iso_alert.cli.importing import import_file
    from iso_alert.cli.people import opened

    with opened(config) as store:
        import_file(file, customers(store), store, rejects)
