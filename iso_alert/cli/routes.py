"""`iso-alert routes`: the routes to the operators, beside a running service: see them, send one away, call it back."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from iso_alert.cli.asking import answer
from iso_alert.cli.common import F, config_option

_json = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
_reason = click.option("--reason", help="Why; stands in the audit trail.")
_operator = click.option("--operator", help="For whom you type; stands in the audit trail.")


@click.group()
def command() -> None:
    """Show the routes to the operators; drain one without a restart, and resume it.

    \b
    Examples:
      iso-alert routes list
      iso-alert routes drain ais --reason "they mend their SMSC"
      iso-alert routes resume ais --reason "mended"
    """


def _order(to_do: F) -> click.Command:
    """What is asked of the route NAME, with its reason."""
    return command.command()(click.argument("name")(_reason(_operator(config_option(_json(to_do))))))


@command.command("list")
@config_option
@_json
def list_(config: str | None, as_json: bool) -> None:
    """List the routes, as the running service has them."""
    _answer("routes", config, as_json)


@_order
def drain(name: str, config: str | None, as_json: bool, **about: str | None) -> None:
    """Give the route NAME nothing new, wait for its answers, unbind; the others take its share.

    It stays away until it is resumed, across restarts too.
    """
    _answer("drain_route", config, as_json, route=name, **about)


@_order
def resume(name: str, config: str | None, as_json: bool, **about: str | None) -> None:
    """Bind the route NAME again."""
    _answer("resume_route", config, as_json, route=name, **about)


def _answer(operation: str, config: str | None, as_json: bool, **given: str | None) -> None:
    from iso_alert.cli.beside import beside

    asked = {field: value for field, value in given.items() if value is not None}
    answer(operation, config, asked, as_json=as_json, tell=as_text, see=beside)


def as_text(told: Mapping[str, Any]) -> str:
    """A line for each route."""
    return "\n".join("  ".join(_words(route)) for route in told["routes"])


def _words(of: Mapping[str, Any]) -> Iterator[str]:
    yield of["name"]
    if of["operator"] != of["name"]:
        yield f"to {of['operator']}"
    yield f"weight {of['weight']:g}"
    yield of["state"]
    if of["bound"]:
        yield f"{of['in_flight']} in flight, credit {of['credit']}"
    if of["drained_at"]:
        yield f"drained since {of['drained_at']} by {of['drained_by']}: {of['reason']}"
