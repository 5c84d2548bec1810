"""`iso-alert audit`: who did what, and whether the trail is whole."""

import sys
from collections import deque
from typing import TYPE_CHECKING

import click

from iso_alert.cli.common import FAILED, config_option
from iso_alert.cli.moments import Moment, iso, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iso_alert.store.people import AuditRow, People

PAGE = 10_000  # rows at a time


@click.group()
def command() -> None:
    """The audit trail."""


@command.command()
@config_option
def verify(config: str | None) -> None:
    """Walk the whole trail: exit 0 if it is sound, else 1 with a sentence for each fault.

    \b
    Examples:
      iso-alert audit verify

    A changed row, a missing one and a cut end are found.  The end is known by the file beside the store whose name ends
    in -audit: keep a copy of it where nobody can write who can write the store.
    """
    from iso_alert.cli.people import opened

    with opened(config) as store:
        faults = store.people.verify_audit()
    for fault in faults:
        click.echo(fault)
    if faults:
        sys.exit(FAILED)
    click.echo("the audit trail is sound", err=True)


@command.command()
@config_option
@click.option("--customer", help="Only what concerns this customer.")
@click.option("--operation", help="Only this operation: apply, disclose, purge, …")
@click.option("--since", type=Moment(), help="2026-11-23, or 2h (ago).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each row.")
def show(
    config: str | None, customer: str | None, operation: str | None, since: float | None, limit: int, as_json: bool
) -> None:
    """Show rows of the trail, oldest first.  That it was looked at is a row too.

    \b
    Examples:
      iso-alert audit show --customer C1
      iso-alert audit show --operation purge --json
    """
    import json
    import time

    from iso_alert.cli.people import me, opened
    from iso_alert.store.people import Entry

    def wanted(row: "AuditRow") -> bool:
        entry = row.entry
        return customer in (None, entry.customer) and operation in (None, entry.operation) and row.at >= (since or 0)

    with opened(config) as store:
        rows = deque(filter(wanted, _all(store.people)), maxlen=limit)
        store.people.append_audit(Entry(me(), "audit_show", "00", customer or ""), time.time())
    for row in rows:
        click.echo(json.dumps(_as_object(row), ensure_ascii=False) if as_json else _as_text(row))


def _all(people: "People") -> "Iterator[AuditRow]":
    after = 0
    while page := people.audit(after, PAGE):
        yield from page
        after = page[-1].id


def _as_text(row: "AuditRow") -> str:
    entry = row.entry
    whose = " ".join(filter(None, (entry.customer, entry.last4 and f"x-{entry.last4}")))
    said = "  ".join(filter(None, (entry.outcome, whose, entry.reason, entry.after)))
    return f"{row.id}  {stamp(row.at)[:19]}  {entry.actor.name} ({entry.actor.via.value})  {entry.operation}  {said}"


def _as_object(row: "AuditRow") -> dict[str, object]:
    entry, actor = row.entry, row.entry.actor
    who = {"actor": actor.name, "via": actor.via.value, "origin": actor.origin}
    what = {"operation": entry.operation, "outcome": entry.outcome, "customer": entry.customer, "last4": entry.last4}
    return {
        "id": row.id, "at": iso(row.at), **who, **what, "reason": entry.reason, "before": entry.before,
        "after": entry.after,
    }  # fmt: skip
