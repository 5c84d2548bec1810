"""`iso-alert check`: is the configuration good?"""

import sys
import time
from typing import TYPE_CHECKING

import click

from iso_alert.cli.common import DEGRADED, config_option, tell_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iso_alert.config import Config


@click.command()
@config_option
def command(config: str | None) -> None:
    """Judge the configuration: every fault with its path, exit 78 if there is one, 3 if a certificate has ended.

    \b
    Examples:
      iso-alert check -c iso-alert.toml
    """
    from iso_alert.config import ConfigError, find, load

    path = find(config)
    try:
        good = load(path)
    except ConfigError as error:
        tell_faults(error.faults)
    for line in _lines(good):
        click.echo(line)
    ended = list(_ended(good, time.time()))
    for line in ended:
        click.echo(f"{path}: {line}", err=True)
    click.echo(f"{path}: {'can be used, but not all of it will work' if ended else 'good'}")
    sys.exit(DEGRADED if ended else 0)


def _lines(good: "Config") -> "Iterator[str]":
    """What would be opened and called."""
    from iso_alert.config.file import shown_address
    from iso_alert.service.tls import secured

    for link in good.links:
        door, dialect = link.door, link.dialect
        spoken = f"{dialect.profile.name}, {dialect.framing.name}, {secured(door.tls)}"
        yield f"link {link.rules.name}: {shown_address(door.host, door.port)}, {spoken}"
    for route in good.routes:
        shared = f", weight {route.weight:g}" if len(good.routes) > 1 else ""
        place = f"{shown_address(route.host, route.port)}, window {route.window}{shared}, {secured(route.tls)}"
        whose = f" (to {route.operator})" if route.operator != route.name else ""
        yield f"smsc {route.name}{whose}: {place}"
    yield f"store {good.store}, keys {', '.join(good.keyring.names)}"


def _ended(good: "Config", now: float) -> "Iterator[str]":
    """Certificates with which every handshake fails."""
    from datetime import UTC, datetime

    from iso_alert.config.wired import wires
    from iso_alert.service.expiry import expiries

    for (side, name, file), moment in expiries(wires(good)):
        if moment <= now:
            day = datetime.fromtimestamp(moment, UTC)
            yield f"{side} {name}: tls: {file}: a certificate has ended on {day:%Y-%m-%d}: handshakes fail"
