"""`iso-alert subscription`: what the contact centre's API can do, at the terminal, by the same operations.

It writes to the store beside a running service, whose courier sees what is to be sent within a second.
"""

from collections.abc import Mapping
from typing import Any

import click

from iso_alert.cli.asking import answer, nothing_seen
from iso_alert.cli.common import config_option

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
    asked = {field: value for field, value in given.items() if value is not None}
    if "card" in asked:
        asked["card"] = _read_card(asked["card"])
    answer(name, config, asked, as_json=as_json, tell=as_text, see=nothing_seen)


def _read_card(file: str) -> str:
    try:
        with click.open_file(file, encoding="ascii") as source:
            return str(source.read(64)).strip()
    except (OSError, UnicodeDecodeError):
        raise click.ClickException("the card number's file cannot be read") from None


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
