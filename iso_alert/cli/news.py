"""`iso-alert news`: tell everybody who consented; see how far it is, stop it, go on."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iso_alert.cli.common import config_option
from iso_alert.cli.moments import iso, stamp

if TYPE_CHECKING:
    from iso_alert.domain.news import Order
    from iso_alert.store.campaigns import Campaign

TEXT = click.Path(exists=True, dir_okay=False, path_type=Path)
NOT_SENT = ("refused", "given_up", "withdrawn")


@click.group()
def command() -> None:
    """News of the bank, to those who consented.

    It goes between 09:00 and 21:00 Bangkok time, and lets every alert pass.  The running service sends it.
    """


@command.command()
@config_option
@click.option("--th", type=TEXT, required=True, help="The Thai text, UTF-8.")
@click.option("--en", type=TEXT, required=True, help="The English text.")
def send(config: str | None, th: Path, en: Path) -> None:
    """Begin a campaign: each subscriber who consented gets the text in the language of his choice, once.

    \b
    Examples:
      iso-alert news send --th songkran.th.txt --en songkran.en.txt
    """
    import time

    from iso_alert.cli.people import me, opened
    from iso_alert.smpp.text import part_count

    texts = {"th": _text(th), "en": _text(en)}
    with opened(config) as store:
        number = store.campaigns.new_campaign(texts["th"], texts["en"], me(), time.time())
        audience = store.campaigns.audience()
    click.echo(number)
    parts = ", ".join(f"{part_count(text)} in {language}" for language, text in texts.items())
    click.echo(f"campaign {number}: {audience} subscribers consented; SMS parts: {parts}", err=True)


def _text(file: Path) -> str:
    from iso_alert.domain.news import faults

    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError:
        raise click.ClickException(f"{file}: is not UTF-8") from None
    if found := [f"{file}: {fault}" for fault in faults(text)]:
        raise click.ClickException("\n".join(found))
    return text


@command.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each campaign.")
def status(config: str | None, as_json: bool) -> None:
    """Show how far each campaign is.

    \b
    Examples:
      iso-alert news status
    """
    import json

    from iso_alert.cli.people import opened

    with opened(config) as store:
        campaigns = store.campaigns.campaigns()
    for one in campaigns:
        click.echo(json.dumps(_as_object(one)) if as_json else _as_text(one))
    if not campaigns:
        click.echo("there is no news", err=True)


def _as_text(one: "Campaign") -> str:
    sms = dict(one.sms)
    waits, failed = sms.get("queued", 0) + sms.get("sending", 0), sum(sms.get(state, 0) for state in NOT_SENT)
    taken = sum(sms.values()) - waits - failed
    figures = f"{taken} with the operator, {sms.get('delivered', 0)} of them delivered, {failed} not sent"
    made = f"begun {stamp(one.made_at)[:16]} by {one.made_by}"
    return f"{one.id}  {one.state.value}  {made}  {figures}, {waits} wait, {one.left} to come"


def _as_object(one: "Campaign") -> dict[str, object]:
    made = {"made_at": iso(one.made_at), "made_by": one.made_by, "ended_at": iso(one.ended_at)}
    return {"id": one.id, "state": one.state.value, **made, "sms": dict(one.sms), "left": one.left}


@command.command()
@config_option
@click.argument("campaign", type=int)
def stop(config: str | None, campaign: int) -> None:
    """Stop a campaign at once; what was not sent can be sent later.

    \b
    Examples:
      iso-alert news stop 3
    """
    from iso_alert.domain.news import Order

    _order(config, campaign, Order.STOP)


@command.command()
@config_option
@click.argument("campaign", type=int)
def resume(config: str | None, campaign: int) -> None:
    """Go on with a campaign that was stopped; nobody gets it twice.

    \b
    Examples:
      iso-alert news resume 3
    """
    from iso_alert.domain.news import Order

    _order(config, campaign, Order.RESUME)


def _order(config: str | None, campaign: int, order: "Order") -> None:
    import time

    from iso_alert.cli.people import me, opened

    with opened(config) as store:
        state = store.campaigns.order(campaign, order, me(), time.time())
    if state is None:
        raise click.ClickException(f"there is no campaign {campaign} that could be told to {order.value}")
    click.echo(f"campaign {campaign}: {state.value}", err=True)
