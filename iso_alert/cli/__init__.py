"""What a person types.  Each command is a module of its own, imported when it runs: `--help` must answer at once.

Data goes to stdout, talk to stderr.  Exit codes: 0 ok, 1 failed, 2 usage, 3 degraded, 78 configuration.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from iso_alert.cli.common import mask_fault, tell_bug

COMMANDS = {  # name: (module, what it is for)
    "demo": ("demo", "Play a day: messages in, SMS out, nothing to set up."),
    "run": ("run", "Run the service."),
    "check": ("check", "Judge the configuration and name every fault."),
    "keygen": ("keygen", "Make a key for card tokens."),
    "keys": ("keys", "Say how many cards are written under each key."),
    "customers": ("customers", "Import who is a person and who is not."),
    "cards": ("cards", "Import the card file."),
    "subscriptions": ("subscriptions", "Import who wants to be told."),
    "statements": ("statements", "Import what is owed, for reminders."),
    "subscription": ("subscription", "Find, apply, change, cancel: one subscriber, or all."),
    "token": ("token", "Make, list and revoke tokens of the API."),
    "routes": ("routes", "Show the routes to the operators; drain one, resume it."),
    "news": ("news", "Tell news to those who consented; stop it, see how far it is."),
    "audit": ("audit", "Show and verify who did what."),
    "disclose": ("disclose", "Tell the authorities what they must be told, by two people."),
    "explain": ("explain", "Tell what happened to a purchase, and why."),
    "policy": ("policy", "Show what is promised now, and what is coming."),
    "what-if": ("what_if", "Try another policy on the journal."),
    "decode": ("decode", "Read one ISO 8583 message, masked."),
    "host": ("host", "Play a payment host against a link."),
    "smsc": ("smsc", "Play an operator's SMSC."),
}


class Commands(click.Group):
    """The commands of the table; a mistyped one is answered with its neighbours."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = import_module(f"iso_alert.cli.{COMMANDS[name][0]}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], COMMANDS, n=1)
            raise click.UsageError(f"{error.message}" + (f" Did you mean {near[0]}?" if near else ""), ctx) from None

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _told_without_cards():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _told_without_cards():
            return super().invoke(ctx)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table: importing every command to print its first line would take a second."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, say) for name, (_, say) in COMMANDS.items()])


@contextmanager
def _told_without_cards() -> Iterator[None]:
    try:
        yield
    except click.ClickException as fault:
        mask_fault(fault)
        raise


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="iso-alert")
def main() -> None:
    """Card alerts by SMS: ISO 8583 from the payment host in, SMPP to the operator out.

    \b
    Examples:
      iso-alert demo                      see it work, nothing to set up
      iso-alert check -c iso-alert.toml   judge a configuration
      iso-alert run -c iso-alert.toml     run the service
    """
    sys.excepthook = tell_bug
