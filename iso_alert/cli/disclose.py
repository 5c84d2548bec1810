"""`iso-alert disclose`: what must be told under a legal duty (R-53), asked by one person and approved by another.

Who somebody is: the account of the machine, which the kernel vouches for, or, with `--as NAME`, the owner of an API
token, who shows it.  Never a bare name: it would let one person be two.  Where many share an account, tokens are the
only way that tells them apart; where each has an account of his own, nothing needs to be handed out.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from iso_alert.cli.common import config_option
from iso_alert.cli.moments import Moment, iso, stamp

if TYPE_CHECKING:
    from iso_alert.domain.command import Actor
    from iso_alert.store.disclosures import Disclosure
    from iso_alert.store.sqlite import Sqlite

TOKEN = "ISO_ALERT_TOKEN"  # the environment variable; a secret is never an option
as_option = click.option(
    "--as", "name", metavar="NAME", help=f"Be the owner of this API token, shown in {TOKEN} or typed when asked."
)


@click.group()
def command() -> None:
    """Tell the authorities what they must be told, by two people."""


@command.command()
@config_option
@as_option
@click.option("--customer", "customers", multiple=True, required=True, help="The bank's name of a customer; several.")
@click.option("--since", type=Moment(), required=True, help="From then on, 2026-10-01 or 90d (ago).")
@click.option("--until", type=Moment(), required=True, help="Until then.")
@click.option("--legal-reference", required=True, help="The order or the law that demands it.")
def request(
    config: str | None, name: str | None, customers: tuple[str, ...], since: float, until: float, legal_reference: str
) -> None:
    """Ask for a disclosure.  Its number is printed; another person approves it.

    \b
    Examples:
      iso-alert disclose request --customer C1 --since 2026-10-01 --until 2026-11-01 \\
          --legal-reference "court order 123/2569"
    """
    import time

    from iso_alert.cli.people import opened
    from iso_alert.store.disclosures import NotAllowed

    if not legal_reference.strip() or since >= until:
        raise click.UsageError("--legal-reference is empty" if since < until else "--since is not before --until")
    with opened(config) as store:
        now = time.time()
        try:
            number = store.disclosures.request(
                customers, since, until, legal_reference.strip(), who(store, name, now), now
            )
        except NotAllowed as why:
            raise click.ClickException(str(why)) from None
    click.echo(number)
    click.echo(f"another person approves it with: iso-alert disclose approve {number}", err=True)


@command.command()
@config_option
@as_option
@click.option("--output", metavar="FILE", help="A new file, for nobody else to read; else standard output.")
@click.argument("number", type=int)
def approve(config: str | None, name: str | None, output: str | None, number: int) -> None:
    """Approve request NUMBER of somebody else, and write what is told: a line of JSON for each record.

    \b
    Examples:
      iso-alert disclose approve 7 --output C1.jsonl
      iso-alert disclose approve 7 --as somchai

    Mobile numbers are masked; of cards there are the last four digits.  It can be approved once.
    """
    import time

    from iso_alert.cli.people import opened
    from iso_alert.store.disclosures import NotAllowed

    with opened(config) as store, _written(output) as out:
        now = time.time()
        try:
            disclosure = store.disclosures.approve(number, who(store, name, now), now)
        except NotAllowed as why:
            raise click.ClickException(str(why)) from None
        count = sum(
            out.write(json.dumps(record, ensure_ascii=False) + "\n") > 0
            for record in store.disclosures.export(disclosure)
        )
    click.echo(f"{count} records of {', '.join(disclosure.customers)}", err=True)


@command.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each request.")
def list_(config: str | None, as_json: bool) -> None:
    """List every request that was ever made.

    \b
    Examples:
      iso-alert disclose list
    """
    from iso_alert.cli.people import opened

    with opened(config) as store:
        found = store.disclosures.disclosures()
    for one in found:
        click.echo(json.dumps(_as_object(one), ensure_ascii=False) if as_json else _as_text(one))
    if not found:
        click.echo("nobody has asked for a disclosure", err=True)


def who(store: "Sqlite", name: str | None, now: float) -> "Actor":
    """The person at the terminal."""
    from iso_alert.cli.people import me
    from iso_alert.domain.command import Actor
    from iso_alert.domain.token import NOBODY, id_of

    account = me()
    if name is None:
        return account
    said: str = (os.environ.get(TOKEN) or click.prompt(f"token of {name}", hide_input=True, err=True)).strip()
    public = id_of(said)
    token = (store.tokens.token(public) if public else None) or NOBODY
    if not token.opens(said, now) or token.name != name:
        raise click.ClickException(f"this is no token of {name}, or not any more")
    return Actor(name, account.via, f"{account.name} at {account.origin}")


@contextmanager
def _written(output: str | None) -> Iterator[IO[str]]:
    """Opened before anything is approved: an approval whose file cannot be written would be lost."""
    if output is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as fault:
        raise click.ClickException(f"{output}: {fault.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
    except click.ClickException:
        Path(output).unlink()  # nothing was told
        raise


def _as_text(one: "Disclosure") -> str:
    span = f"{stamp(one.since)[:16]} to {stamp(one.until)[:16]}"
    end = f"approved by {one.approved_by}" if one.approved_by else "not approved"
    return f"{one.id}  {', '.join(one.customers)}  {span}  {one.legal_reference}  asked by {one.requested_by}, {end}"


def _as_object(one: "Disclosure") -> dict[str, object]:
    times = {"since": iso(one.since), "until": iso(one.until)}
    asked = {"requested_by": one.requested_by, "requested_at": iso(one.requested_at)}
    approved = {"approved_by": one.approved_by, "approved_at": iso(one.approved_at)}
    reference = {"legal_reference": one.legal_reference}
    return {"id": one.id, "customers": list(one.customers), **times, **reference, **asked, **approved}
