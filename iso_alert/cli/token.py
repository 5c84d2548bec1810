"""`iso-alert token`: who may use the contact centre's API."""

from typing import TYPE_CHECKING

import click

from iso_alert.cli.common import config_option
from iso_alert.cli.moments import Span, iso, stamp

if TYPE_CHECKING:
    from iso_alert.domain.token import Token

ROLES = ("agent", "supervisor", "operator", "auditor")


@click.group()
def command() -> None:
    """Tokens of the contact centre's API."""


@command.command()
@config_option
@click.option("--name", required=True, help="Whose it is; stands in the audit trail.")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
@click.option("--expires-in", type=Span(), help="90d, 12h; without it the token is good until it is revoked.")
def new(config: str | None, name: str, role: str, expires_in: float | None) -> None:
    """Make a token and print it, once: it is kept nowhere.

    \b
    Examples:
      iso-alert token new --name crm --role agent
      iso-alert token new --name somchai --role supervisor --expires-in 90d > somchai.token
    """
    import secrets
    import time

    from iso_alert.cli.people import me, opened
    from iso_alert.domain.command import Result
    from iso_alert.domain.token import ID_BYTES, SECRET_BYTES, Role, new_token
    from iso_alert.store.people import Entry
    from iso_alert.web.api.fields import text_fault

    if not 0 < len(name) <= 64 or (fault := text_fault(name)):
        raise click.UsageError(f"--name {fault if name and len(name) <= 64 else 'is not of 1 to 64 characters'}")
    now = time.time()
    expires_at = None if expires_in is None else now + expires_in
    said, token = new_token(name, Role(role), secrets.token_bytes(SECRET_BYTES + ID_BYTES), now, expires_at)
    with opened(config) as store:
        if not store.tokens.add_token(token):
            raise click.ClickException(f"a token in use has the name {name}; revoke it first")
        store.people.append_audit(Entry(me(), "token_new", Result.DONE.value, reason=f"{name}, {role}"), now)
    click.echo(said)
    click.echo(f"the token of {name}, {role}; it is shown this once", err=True)


@command.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each token.")
def list_(config: str | None, as_json: bool) -> None:
    """List every token that was ever made, without its secret.

    \b
    Examples:
      iso-alert token list
      iso-alert token list --json
    """
    import json
    import time

    from iso_alert.cli.people import opened

    with opened(config) as store:
        tokens, now = store.tokens.tokens(), time.time()
    for token in tokens:
        click.echo(json.dumps(as_object(token), ensure_ascii=False) if as_json else as_text(token, now))
    if not tokens:
        click.echo("there is no token; make one with: iso-alert token new", err=True)


@command.command()
@config_option
@click.argument("name")
def revoke(config: str | None, name: str) -> None:
    """End the token called NAME, at once.

    \b
    Examples:
      iso-alert token revoke crm
    """
    import time

    from iso_alert.cli.people import me, opened
    from iso_alert.domain.command import Result
    from iso_alert.store.people import Entry

    now = time.time()
    with opened(config) as store:
        if not store.tokens.revoke_token(name, now):
            raise click.ClickException(f"no token in use is called {name}")
        store.people.append_audit(Entry(me(), "token_revoke", Result.DONE.value, reason=name), now)
    click.echo(f"the token of {name} opens nothing any more", err=True)


def as_text(token: "Token", now: float) -> str:
    """`crm  agent  made 2026-11-23 15:15  good`."""
    made = stamp(token.made_at)[:16]
    return f"{token.name}  {token.role.value}  {token.id}  made {made}  {_how(token, now)}"


def _how(token: "Token", now: float) -> str:
    if token.revoked_at is not None:
        return f"revoked {stamp(token.revoked_at)[:16]}"
    if token.expires_at is None:
        return "good"
    return f"{'good until' if token.good(now) else 'expired'} {stamp(token.expires_at)[:16]}"


def as_object(token: "Token") -> dict[str, str | None]:
    """The same for a machine; times in UTC."""
    return {
        "name": token.name,
        "role": token.role.value,
        "id": token.id,
        "made_at": iso(token.made_at),
        "expires_at": iso(token.expires_at),
        "revoked_at": iso(token.revoked_at),
    }
