"""`iso-alert keys`: how far the cards have moved to the newest key."""

import sys

import click

from iso_alert.cli.common import CONFIGURATION, DEGRADED, config_option, tell_faults


@click.group()
def command() -> None:
    """The keys of the card tokens."""


@command.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def status(config: str | None, as_json: bool) -> None:
    """Say how many cards are written under each key, and which key may be retired.

    \b
    Examples:
      iso-alert keys status -c iso-alert.toml

    No command moves all cards at once: that would take their numbers, which nobody keeps.  A card moves to the newest
    key when a message names it, or when the card file is imported again.  Exit code 3 if there are cards under a key
    that is not in [keys] pan: without it they are never found again.
    """
    from iso_alert.config import ConfigError, find, load_keys
    from iso_alert.store.keys import held
    from iso_alert.store.port import StoreUnavailable

    try:
        store, keyring = load_keys(find(config))
        found = held(store, keyring.names)
    except ConfigError as error:
        tell_faults(error.faults)
    except StoreUnavailable as error:
        click.echo(f"the store cannot be opened: {error}", err=True)
        sys.exit(CONFIGURATION)
    rows = [(one.key, _place(n, len(keyring.names)), one.cards, one.owned) for n, one in enumerate(found)]
    _show(rows, as_json)
    sys.exit(DEGRADED if len(found) > len(keyring.names) else 0)


def _place(n: int, configured: int) -> str:
    return "newest" if n == 0 else "older" if n < configured else "unknown"


def _show(rows: list[tuple[str, str, int, int]], as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps([dict(zip(("key", "place", "cards", "owned"), row, strict=True)) for row in rows]))
        return
    for key, place, cards, owned in rows:
        click.echo(f"{key}  {place:8} {cards:>12,} cards, {owned:,} of them a customer's{_advice(place, cards, owned)}")


def _advice(place: str, cards: int, owned: int) -> str:
    """What to do about a key that is not the newest."""
    if place == "older" and not cards:
        return ": may be retired"
    if place == "older" and not owned:
        return ": needed only to match cancellations of the last ten days"
    if place == "unknown":
        return ": not in [keys] pan, never found again without it"
    return ""
