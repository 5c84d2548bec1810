"""`iso-alert policy show`: what is promised now, and what is coming."""

import time

import click

from iso_alert.cli.common import config_option, tell_faults
from iso_alert.cli.moments import Moment, stamp


@click.group()
def command() -> None:
    """What the bank promises to tell."""


@command.command()
@config_option
@click.option("--at", "moment", type=Moment(), help="Then instead of now.")
def show(config: str | None, moment: float | None) -> None:
    """Show the policy in force, and the versions that are coming.

    \b
    Examples:
      iso-alert policy show
      iso-alert policy show --at 2027-01-01
    """
    from iso_alert.config import ConfigError, find, load
    from iso_alert.domain.money import Money

    try:
        policy = load(find(config)).rulebook.policy
    except ConfigError as error:
        tell_faults(error.faults)
    now = time.time() if moment is None else moment
    current = policy.at(now)
    for version in policy.versions:
        start = version.effective_from.timestamp()
        if version is not current and start <= now:
            continue
        word = "in force since" if version is current else "comes into force"
        click.echo(f"{version.id}: {word} {stamp(start)}, announced {stamp(version.announced_at.timestamp())}")
        for row in version.rows:
            where, what = ", ".join(sorted(row.channels)) or "anywhere", ", ".join(sorted(row.events))
            sent = "as its original" if row.follows else f"from THB {Money(row.least)}" if row.sends else "not told"
            click.echo(f"  {row.id:<4} {row.card:<7} {sent:<18} {where}: {what}")
        burst = version.burst
        if burst.on:
            click.echo(
                f"  {burst.count} small purchases within {burst.within} s, or THB {Money(burst.sum)} within "
                f"{burst.sum_within} s, are told together"
            )
        alone = "told" if version.tell_unmatched else "silent"
        click.echo(f"  cancellations of what we never saw: {alone}, after waiting {version.wait:g} s for it")
