"""`iso-alert check`: is the configuration good?"""

import click

from iso_alert.cli.common import config_option, tell_faults


@click.command()
@config_option
def command(config: str | None) -> None:
    """Judge the configuration: every fault with its path, exit 78 if there is one.

    \b
    Examples:
      iso-alert check -c iso-alert.toml
    """
    from iso_alert.config import ConfigError, find, load
    from iso_alert.service.tls import secured

    path = find(config)
    try:
        good = load(path)
    except ConfigError as error:
        tell_faults(error.faults)
    for link in good.links:
        door, dialect = link.door, link.dialect
        spoken = f"{dialect.profile.name}, {dialect.framing.name}, {secured(door.tls)}"
        click.echo(f"link {link.rules.name}: {door.host}:{door.port}, {spoken}")
    for route in good.routes:
        shared = f", weight {route.weight:g}" if len(good.routes) > 1 else ""
        place = f"{route.host}:{route.port}, window {route.window}{shared}, {secured(route.tls)}"
        whose = f" (to {route.operator})" if route.operator != route.name else ""
        click.echo(f"smsc {route.name}{whose}: {place}")
    click.echo(f"store {good.store}, keys {', '.join(good.keyring.names)}")
    click.echo(f"{path}: good")
