"""Operations that show something.  Each view of somebody's data is in the audit trail before it is answered."""

import json
from functools import partial

from iso_alert.domain.card import Kind
from iso_alert.domain.command import Result, Standing
from iso_alert.domain.mobile import BadMobile, thai_mobile
from iso_alert.domain.money import Money
from iso_alert.domain.reminding import Statement, reminder
from iso_alert.smpp.text import part_count
from iso_alert.store.people import Entry
from iso_alert.web.api.answers import Found, Preview, Previews, Trail, row, subscriber
from iso_alert.web.api.bodies import Nothing, Owed, Rows, Search, TrailRows
from iso_alert.web.api.gate import Caller
from iso_alert.web.api.office import Office, Reply, viewed
from iso_alert.web.api.problem import of_result

VIEW_APPLICATIONS, VIEW_AUDIT = "view_applications", "view_audit"


async def search(office: Office, caller: Caller, asked: Search) -> Reply:
    """Whoever has this card, name or number."""
    found = await _found(office, caller, asked)
    return Reply(Found(tuple(subscriber(one, caller.role) for one in found)))


async def _found(office: Office, caller: Caller, asked: Search) -> list[Standing]:
    actor = caller.actor(asked.operator)
    if asked.mobile is None:
        card = await office.card(asked.card, actor, "view")
        one = await office.standing(card, asked.customer, actor)
        return [one] if one else []
    try:
        mobile = thai_mobile(asked.mobile)
    except BadMobile as why:
        raise of_result(Result.BAD_FIELD, "mobile", str(why)) from None
    found = await office.desk.do(partial(office.people.with_mobile, mobile))
    for entry in [viewed(actor, one) for one in found] or [viewed(actor, None)]:
        await office.note(entry)
    return found


async def applications(office: Office, caller: Caller, asked: Rows) -> Reply:
    """Who waits for the bank's approval, oldest first."""
    found = await office.desk.do(partial(office.people.applications, asked.limit))
    seen = json.dumps([one.ref for one in found], ensure_ascii=False)
    await office.note(Entry(caller.actor(), VIEW_APPLICATIONS, Result.DONE.value, after=seen))
    return Reply(Found(tuple(subscriber(one, caller.role) for one in found)))


async def audit(office: Office, caller: Caller, asked: TrailRows) -> Reply:
    """The trail.  Reading it is in it too, unless there was nothing to read but that."""
    rows = await office.desk.do(partial(office.people.audit, asked.after, asked.limit))
    if any(one.entry.operation != VIEW_AUDIT for one in rows):
        seen = json.dumps({"from": rows[0].id, "to": rows[-1].id})
        await office.note(Entry(caller.actor(), VIEW_AUDIT, Result.DONE.value, after=seen))
    return Reply(Trail(tuple(map(row, rows))))


async def preview(office: Office, caller: Caller, asked: Owed) -> Reply:
    """What the holder of a card would be reminded of; for a customer, one for each credit card."""
    actor = caller.actor(asked.operator)
    card = await office.card(asked.card, actor, "view")
    found = await office.standing(card, asked.customer, actor)
    if found is None or found.record is None:
        raise of_result(Result.NO_SUBSCRIPTION)
    shown = [found.used] if found.used else [one for one in found.cards if one.kind is Kind.CREDIT]
    language, texts = found.record.language, office.texts
    told = (reminder(_statement(asked, one.last4), language, texts) for one in shown)
    return Reply(
        Previews(
            tuple(Preview(of.last4, language, text, part_count(text)) for of, text in zip(shown, told, strict=True))
        )
    )


def _statement(asked: Owed, last4: str) -> Statement:
    return Statement(last4, asked.day, Money(asked.satang("total")), Money(asked.satang("minimum")))


async def status(office: Office, _: Caller, __: Nothing) -> Reply:
    """How the service is."""
    stopped = await office.desk.do(office.people.stopped)
    running = await office.status() if office.status else {}
    return Reply({**running, "stopped": stopped})
