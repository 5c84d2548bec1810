"""From a transaction and what is known of its card to Send or Silent(why): the heart of the service.

`decide` is a function of values: the transaction, the card's holder, the messages before it, the tables.  It is asked
once for every financial message, inside the journal's commit, and tells everything that the journal then writes.
"""

from collections.abc import Sequence

from attrs import evolve, frozen

from iso_alert.domain.card import Kind
from iso_alert.domain.case import Case
from iso_alert.domain.channel import Channel, Channels
from iso_alert.domain.decision import Decision, Known, Rulebook
from iso_alert.domain.event import NO_TIES, Event, Events, Ties
from iso_alert.domain.matching import asks_the_journal, can_mean, find_authorisation, find_original, told_by_phone
from iso_alert.domain.past import Past
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import Holder
from iso_alert.domain.thread import CANCELLING, CONTINUING
from iso_alert.domain.transaction import Transaction


@frozen
class Found:
    """What the journal knows that bears on one message."""

    event: Event
    event_rule: str
    original: Past | None = None
    matched_by: str = ""


def decide(number: int, of: Transaction, holder: Holder, known: Known, book: Rulebook) -> Decision:
    """What message `number` means, and what is told."""
    tables = book.profiles[of.link]
    found = _find(of, known.before, tables.events)
    version = book.policy.at(of.happened_at)
    channel, sub_channel, channel_rule = _channel(of, found, tables.channels)
    plain = Decision(
        event=found.event,
        event_rule=found.event_rule,
        channel=channel,
        sub_channel=sub_channel,
        channel_rule=channel_rule,
        kind=holder.kind or of.account or Kind.CREDIT,
        subscription=holder.state,
        policy_version=version.id,
        reason=Reason.NOT_PROMISED,
        original=found.original.id if found.original else None,
        matched_by=found.matched_by,
        thread=found.original.thread if found.original else None,
    )
    case = Case(number, of, holder, version, book.texts, book.stopped, plain)
    if found.original and found.event in CONTINUING:
        return case.continues(found.original, known)
    if found.event in CANCELLING or found.event is Event.REVERSAL_OF_VOID:
        return case.unmatched(known, _event_cancelled(of, tables.events))
    return case.begins(known)


def _find(of: Transaction, before: Sequence[Past], events: Events) -> Found:
    if of.card is None or not asks_the_journal(of):
        event, rule = events.of(of.facts, NO_TIES)
        return Found(event, rule.id)
    among = [past for past in before if can_mean(of, past)]
    matched = find_original(of, among)
    posts = of.facts.mti_class == "2"
    authorisation = find_authorisation(of, among) if posts else None
    by_phone = told_by_phone(of, among) if posts else None
    original, matched_by = matched or (authorisation, "DE38" if authorisation else "")
    ties = Ties(
        original=original.event.value if original else "none",
        original_class=authorisation.mti_class if authorisation else "",
        told_by_phone="yes" if by_phone else "no",
    )
    event, rule = events.of(of.facts, ties)
    if event is Event.FORCE_POSTED:
        original, matched_by = by_phone, "DE38"
    elif event is Event.COMPLETION:
        original = authorisation or original
    return Found(event, rule.id, original, matched_by) if event in CONTINUING else Found(event, rule.id)


def _event_cancelled(of: Transaction, events: Events) -> Event:
    """What a cancellation without original may have cancelled: a reversal repeats its original's processing code.

    Where DE90 does not tell the original's class, a payment is likelier than an inquiry.
    """
    if of.facts.processing == "22":
        return Event.REFUND
    if of.facts.void_code == "yes":
        return Event.PURCHASE  # a void's own code says nothing of what it voids
    said = of.original.mti[1:2] if of.original else ""
    classes = said if said in ("1", "2") else "21"
    told = [
        events.of(evolve(of.facts, mti_class=one, function="0", approved="yes", partial="no"))[0] for one in classes
    ]
    return next((event for event in told if event is not Event.INQUIRY), Event.INQUIRY)


def _channel(of: Transaction, found: Found, channels: Channels) -> tuple[Channel, str, str]:
    if found.original:
        return found.original.channel, found.original.sub_channel, "of the original"
    channel, rule = channels.of(of.facts, found.event)
    return channel, rule.extra, rule.id
