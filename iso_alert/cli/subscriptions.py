"""`iso-alert subscriptions import`: who wants to be told."""

import click

from iso_alert.cli.common import config_option, tell_faults


@click.group()
def command() -> None:
    """Who wants to be told."""


@command.command("import")
@config_option
@click.argument("file")
def import_(config: str | None, file: str) -> None:
    """Import subscriptions from FILE (`-`: standard input), a CSV with the columns customer, mobile, language.

    \b
    Examples:
      iso-alert subscriptions import subscriptions.csv

    language is th or en.  They are active at once.  The customer's cards must have been imported before.
    """
    import time

    from iso_alert.cli.importing import BadLine, import_csv
    from iso_alert.config import ConfigError, find, load_keys
    from iso_alert.domain.mobile import thai_mobile
    from iso_alert.domain.text import Language
    from iso_alert.store.port import SubscriptionLine
    from iso_alert.store.sqlite import Sqlite

    def understand(row: dict[str, str]) -> SubscriptionLine:
        if row["language"] not in (language.value for language in Language):
            raise BadLine("language is neither th nor en")
        return SubscriptionLine(row["customer"], thai_mobile(row["mobile"]), Language(row["language"]))

    def write(batch: list[tuple[int, SubscriptionLine]]) -> tuple[int, list[tuple[int, str]]]:
        changed, cardless = store.import_subscriptions([line for _, line in batch], time.time())
        unknown = set(cardless)
        refused = [(number, "this customer has no card here") for number, line in batch if line.customer in unknown]
        return changed, refused

    try:
        path, _ = load_keys(find(config))
    except ConfigError as error:
        tell_faults(error.faults)
    store = Sqlite(path)
    try:
        import_csv(file, ("customer", "mobile", "language"), understand, write)
    finally:
        store.close()
