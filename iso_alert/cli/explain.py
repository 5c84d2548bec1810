"""`iso-alert explain`: one purchase's whole story, and why each SMS went or did not."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from iso_alert.cli.common import FAILED, config_option, tell_faults
from iso_alert.cli.moments import Moment, Span, after, clock, iso, stamp

if TYPE_CHECKING:
    from iso_alert.domain.decision import Rulebook
    from iso_alert.store.records import AlertRecord, MessageRecord, ThreadRecord


@click.command()
@config_option
@click.option("--stan", help="DE11 of any of its messages.")
@click.option("--rrn", help="DE37 of any of its messages.")
@click.option("--last4", help="The card's last four digits; with --at.")
@click.option("--alert", help="The name of one of its alerts.")
@click.option("--at", "moment", type=Moment(), help="About when: 2026-11-23 15:15, 15:15, 2h (ago).")
@click.option("--within", type=Span(), default=1800.0, show_default="30m", help="How far from --at.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each purchase.")
def command(
    config: str | None,
    stan: str | None,
    rrn: str | None,
    last4: str | None,
    alert: str | None,
    moment: float | None,
    within: float,
    as_json: bool,
) -> None:
    """Tell what happened to a purchase: messages, rules, decision, SMS, receipts.

    \b
    Examples:
      iso-alert explain --stan 000123
      iso-alert explain --rrn 632812000123
      iso-alert explain --last4 1234 --at "2026-11-23 15:15"
      iso-alert explain --alert hogefp8e4v --json
    """
    from iso_alert.config import ConfigError, find, load
    from iso_alert.store.inquiry import FOREVER, Inquiry, span
    from iso_alert.store.port import StoreUnavailable

    given = {"stan": stan, "rrn": rrn, "last4": last4}
    by = [name for name, value in given.items() if value is not None] + ["alert"] * (alert is not None)
    if len(by) != 1 or (last4 and moment is None):
        raise click.UsageError("Give one of --stan, --rrn, --alert, or --last4 with --at.")
    try:
        good = load(find(config))
        inquiry = Inquiry(good.store)
    except ConfigError as error:
        tell_faults(error.faults)
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    click.get_current_context().call_on_close(inquiry.close)
    among = FOREVER if moment is None else span(moment - within, moment + within)
    numbers = inquiry.find_alert(_number(alert)) if alert is not None else inquiry.find(by[0], given[by[0]], among)
    for number in numbers:
        thread = inquiry.thread(number)
        click.echo(as_line(thread) if as_json else "\n".join(as_text(thread, good.rulebook)) + "\n")
    if not numbers:
        click.echo("nothing is recorded under that", err=True)
        sys.exit(FAILED)


def _number(name: str) -> int:
    from iso_alert.domain.name import number_of

    try:
        return number_of(name)
    except ValueError:
        raise click.UsageError(f"{name!r} is no name of an alert") from None


def as_text(thread: "ThreadRecord", book: "Rulebook") -> Iterator[str]:
    """The story as a person reads it."""
    first = thread.messages[0]
    money = f"{first.amount.currency.code} {first.amount}"
    yield f"{stamp(first.at)}  card *{first.last4}  {money} @ {first.merchant}: {thread.state.value}"
    for message in thread.messages:
        yield from _message(message, _words(book, message.link))
        for alert in thread.alerts:
            if alert.txn == message.id:
                yield from _alert(alert, message.at)


def _words(book: "Rulebook", link: str) -> Mapping[str, str]:
    """Rule id to the words of its row."""
    tables = book.profiles.get(link)
    rules = (*tables.events.table.rules, *tables.channels.table.rules) if tables else ()
    rows = (row for version in book.policy.versions for row in version.rows)
    return {**{rule.id: rule.say for rule in rules}, **{row.id: row.say for row in rows}}


def _message(of: "MessageRecord", words: Mapping[str, str]) -> Iterator[str]:
    def rule(name: str) -> str:
        return f"{name} ({words[name]})" if name in words else name

    where = f"{of.channel.value}/{of.sub_channel}" if of.sub_channel else of.channel.value
    names = {"STAN": of.stan, "RRN": of.rrn, "approval": of.approval_code, "terminal": of.terminal}
    said = "  ".join(f"{name} {value}" for name, value in names.items() if value)
    yield f"  {clock(of.at)}  {of.mti} on {of.link}: {of.event.value} of {of.amount.currency.code} {of.amount}"
    yield f"      {said}"
    yield f"      event {of.event.value}: {rule(of.event_rule)}; channel {where}: {rule(of.channel_rule)}"
    if of.matched is not None:
        yield f"      speaks of the message of {stamp(of.matched / 1e6)}, found by {of.matched_by}"
    policy = f"{of.policy_version}, {rule(of.policy_row)}" if of.policy_row else of.policy_version
    yield f"      {of.kind.value} card, policy {policy}; subscription {of.subscription}"
    yield f"      {'told' if of.reason.told else 'silent'}: {of.reason.words}"


def _alert(of: "AlertRecord", began: float) -> Iterator[str]:
    from iso_alert.domain.name import name_of
    from iso_alert.domain.subscription import masked

    yield f"      SMS {name_of(of.id)} ({of.key}, {of.language}) to {masked(of.mobile)}: {of.state.value}"
    yield f"          {of.text}"
    if of.cause:
        yield f"          {of.cause}; attempts {of.attempts}, in doubt {of.doubts}"
    for part in of.parts:
        name, took = f"          part {part.n}/{part.of}", after(part.accepted_at - began)
        by = f"{part.route}, over {part.way}," if part.way else part.route
        yield f"{name} accepted by {by} {clock(part.accepted_at)} ({took}) as {part.message_id}"
        if part.confirmed_at is not None:
            yield f"{name} {part.state} {clock(part.confirmed_at)} ({after(part.confirmed_at - began)})"


def as_line(thread: "ThreadRecord") -> str:
    """The same for a machine; times in UTC."""
    from enum import Enum

    from attrs import Attribute, asdict

    from iso_alert.domain.money import Money
    from iso_alert.domain.name import name_of
    from iso_alert.domain.subscription import masked

    def plain(_: object, attribute: "Attribute[Any] | None", value: Any) -> Any:
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, Money):
            return {"currency": value.currency.code, "amount": str(value).replace(",", "")}
        name = attribute.name if attribute else ""  # a member of a list has none
        if name == "mobile":
            return masked(value)
        if name in ("id", "txn", "matched"):
            return None if value is None else name_of(value)
        return iso(value) if name == "at" or name.endswith("_at") else value

    return json.dumps(asdict(thread, value_serializer=plain), ensure_ascii=False)
