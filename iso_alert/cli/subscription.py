"""`iso-alert subscription`: what the contact centre's API can do, at the terminal, by the same operations.

It writes to the store beside a running service, whose courier sees what is to be sent within a second.
"""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from iso_alert.cli.common import FAILED, config_option, set_up_logs, tell_faults

if TYPE_CHECKING:
    from iso_alert.web.api.operations import Operation
    from iso_alert.web.api.problem import Problem

OPTIONS: Mapping[str, tuple[str, dict[str, Any]]] = {  # field of a request: option
    "customer": ("--customer", {"help": "The bank's own name of the customer."}),
    "card": ("--card-file", {"help": "A file that holds the card number, `-`: standard input; never an argument."}),
    "mobile": ("--mobile", {"help": "A Thai mobile number."}),
    "language": ("--language", {"type": click.Choice(["th", "en"]), "help": "The language of the SMS."}),
    "terms": ("--terms", {"help": "The version of the terms that was agreed to."}),
    "news": ("--news/--no-news", {"default": None, "help": "Consent to bank news; applying is consent."}),
    "network": ("--network", {"help": "The number's network, where it was looked up."}),
    "operator": ("--operator", {"help": "For whom you type; stands in the audit trail."}),
    "reason": ("--reason", {"help": "Why; stands in the audit trail."}),
    "limit": ("--limit", {"type": int, "default": 100, "show_default": True, "help": "At most so many."}),
}
ABOUT = ("operator", "reason")
WHO = ("customer", "card")
COMMANDS: Mapping[str, tuple[str, tuple[str, ...], str]] = {  # name: operation, fields, help
    "find": ("search", (*WHO, "mobile", *ABOUT), "Find a subscriber by customer, card or mobile number."),
    "applications": ("applications", ("limit",), "List who waits for the bank's approval."),
    "apply": (
        "apply", (*WHO, "mobile", "language", "terms", "news", "network", *ABOUT),
        "Apply for a customer; the confirming SMS goes at once unless the bank must approve.",
    ),
    "approve": ("approve", (*WHO, *ABOUT), "Approve an application."),
    "refuse": ("refuse", (*WHO, *ABOUT), "Refuse an application."),
    "cancel": ("cancel", (*WHO, *ABOUT), "Cancel, at once; ends news too."),
    "change-number": ("change_number", (*WHO, "mobile", "language", "network", *ABOUT), "Change the mobile number."),
    "change-language": ("change_language", (*WHO, "language", "terms", *ABOUT), "Change the language."),
    "news-on": ("news_on", (*WHO, "terms", *ABOUT), "Consent to bank news."),
    "news-off": ("news_off", (*WHO, *ABOUT), "End bank news; alerts stay on."),
    "suspend": ("suspend", (*WHO, *ABOUT), "Tell this customer nothing until it is resumed."),
    "resume": ("resume", (*WHO, *ABOUT), "End a suspension."),
    "stop-all": ("stop_all", ABOUT, "Tell nobody anything, at once; it is recorded and not told later."),
    "start-all": ("start_all", ABOUT, "Go on telling."),
}  # fmt: skip


@click.group()
def command() -> None:
    """Find, apply, change, cancel: one subscriber, or all.

    \b
    Examples:
      iso-alert subscription find --customer C1
      iso-alert subscription apply --card-file - --mobile 0812345678 --language th --terms 2026-01 < card.txt
      iso-alert subscription stop-all --reason "the operator repeats SMS"
    """


def _command(name: str) -> click.Command:
    operation, names, say = COMMANDS[name]

    def run(config: str | None, as_json: bool, **given: Any) -> None:
        _run(operation, config, as_json, given)

    made: Any = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")(run)
    for one in reversed(names):
        option, more = OPTIONS[one]
        made = click.option(option, one, **more)(made)
    return click.command(name, help=say)(config_option(made))


for _name in COMMANDS:
    command.add_command(_command(_name))


def _run(name: str, config: str | None, as_json: bool, given: Mapping[str, Any]) -> None:
    from iso_alert.store.port import StoreUnavailable
    from iso_alert.web.api.answers import plain
    from iso_alert.web.api.operations import BY_NAME
    from iso_alert.web.api.problem import Problem, as_object

    set_up_logs("warning")
    asked = {field: value for field, value in given.items() if value is not None}
    if "card" in asked:
        asked["card"] = _read_card(asked["card"])
    try:
        told = plain(_ask(BY_NAME[name], config, asked))
    except Problem as it:
        click.echo(json.dumps(as_object(it)) if as_json else _words(it), err=not as_json)
        sys.exit(FAILED)
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else as_text(told))


def _ask(operation: "Operation", config: str | None, asked: Mapping[str, Any]) -> Any:
    """What the operation tells.  Raises Problem, StoreUnavailable."""
    import time

    import trio

    from iso_alert.cli.people import me
    from iso_alert.config import ConfigError, find, load
    from iso_alert.domain.token import Role
    from iso_alert.service.desk import Desk
    from iso_alert.service.subscribing import Subscribing
    from iso_alert.store.sqlite import Sqlite
    from iso_alert.web.api import reading
    from iso_alert.web.api.gate import Caller
    from iso_alert.web.api.office import Office

    try:
        good = load(find(config))
    except ConfigError as error:
        tell_faults(error.faults)
    request: Any = reading.value(asked, operation.takes)
    desk = Desk(Sqlite(good.store))
    try:
        subscribing = Subscribing(desk, good.enrolment.rules, lambda: None, time.time)
        office = Office(desk, subscribing, good.keyring, good.rulebook.texts, time.time)
        # An agent's eyes: at a terminal too, a number is masked.
        return trio.run(operation.does, office, Caller(Role.AGENT, me()), request).told
    finally:
        desk.store.close()


def _read_card(file: str) -> str:
    try:
        with click.open_file(file, encoding="ascii") as source:
            return str(source.read(64)).strip()
    except (OSError, UnicodeDecodeError):
        raise click.ClickException("the card number's file cannot be read") from None


def _words(it: "Problem") -> str:
    at_fault = "" if it.faults else it.field  # where there are several, the detail names them
    return ": ".join(filter(None, (it.title, at_fault, it.detail)))


def as_text(told: Mapping[str, Any]) -> str:
    """An answer as a person reads it."""
    if "subscribers" in told:
        return "\n".join(map(_subscriber, told["subscribers"])) or "nobody"
    if "stopped" in told:
        return "nobody is told anything" if told["stopped"] else "subscribers are told"
    return "\n".join(filter(None, [told["words"], _subscriber(told["subscriber"]) if told["subscriber"] else ""]))


def _subscriber(of: Mapping[str, Any]) -> str:
    cards = ", ".join(f"*{card['last4']} {card['kind'] or '?'}{' blocked' * card['blocked']}" for card in of["cards"])
    of_card, it = f"customer {of['customer']}  cards {cards or 'none'}", of["subscription"]
    if it is None:
        return f"{of_card}  not subscribed"
    news = "news" if it["news"] else "no news"
    state = f"{it['state']} since {it['changed_at']}"
    return f"{of_card}  {state}  {it['mobile']}  {it['language']}  {news}  terms {it['terms'] or '-'}"
