"""From a transaction and what is known of its card to Send or Silent(why): the heart of the service.

`decide` is a function of values: the transaction, the card's holder, the messages before it, the tables.  It is asked
once for every financial message, inside the journal's commit, and tells everything that the journal then writes.
"""

from collections.abc import Sequence

from attrs import evolve, frozen

from iso_alert.domain.card import Kind
from iso_alert.domain.case import Case
from iso_alert.domain.channel import Channel, Channels
from iso_alert.domain.decision import NOTHING_KNOWN, Decision, Known, Rulebook, Verdict
from iso_alert.domain.event import NO_TIES, Event, Events, Ties
from iso_alert.domain.matching import can_mean, find_authorisation, find_original, told_by_phone
from iso_alert.domain.money import Currency, Money
from iso_alert.domain.past import Past
from iso_alert.domain.policy import Version
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import Holder
from iso_alert.domain.thread import CANCELLING, CONTINUING
from iso_alert.domain.transaction import Transaction

REMEMBERED = 4096  # verdicts; the facts of a host's messages are a few hundred
_CANCELS = CANCELLING | {Event.REVERSAL_OF_VOID}
_FOREIGN = Money(0, Currency("XXX"))  # the policy asks of a foreign sum only that it is one


@frozen
class Found:
    """What the journal knows that bears on one message."""

    event: Event
    event_rule: str
    original: Past | None = None
    matched_by: str = ""


def decide(number: int, of: Transaction, holder: Holder, known: Known, book: Rulebook) -> Decision:
    """What message `number` means, and what is told."""
    version = book.policy.at(of.happened_at)
    alone = None if known.before else _alone(of, holder, version, book)
    if alone is None:
        return _among(number, of, holder, known, version, book)
    if alone.reason.told or (version.burst.on and alone.reason is Reason.BELOW_THRESHOLD):
        return Case(number, of, holder, version, book.texts, book.stopped, alone).stands(alone, known)
    return alone


def _alone(of: Transaction, holder: Holder, version: Version, book: Rulebook) -> Decision | None:
    """The decision, but for its SMS, on a message before which there was nothing; None where that must be looked for.

    It depends on a few words of the message, so it is made once for each of their sets: most messages are like others.
    """
    to = holder.subscription
    asked = (  # text hashes faster than members of an Enum do
        version.id, of.link, of.facts, of.account and of.account._value_, not of.tokens,
        holder.kind and holder.kind._value_, to and to.state._value_,
    )  # fmt: skip
    verdict = book.alone.get(asked)
    if verdict is None:
        if len(book.alone) >= REMEMBERED:
            book.alone.clear()
        verdict = book.alone[asked] = _verdict(of, holder, version, book)
    return verdict.of(of.minor, of.currency)


def _verdict(of: Transaction, holder: Holder, version: Version, book: Rulebook) -> Verdict:
    case = _case(0, of, holder, NOTHING_KNOWN, version, book)[0]
    plain = case.plain
    if of.facts.ask_the_journal or plain.event in _CANCELS:
        return Verdict(0)
    row = version.row(plain.kind, plain.channel, plain.event)
    least = row.least if row else 0

    def judged(amount: Money) -> Decision:
        return evolve(case, of=of.but(amount=amount)).on_its_own(plain)

    return Verdict(least, judged(Money(least)), judged(Money(least - 1)), judged(_FOREIGN))


def _among(number: int, of: Transaction, holder: Holder, known: Known, version: Version, book: Rulebook) -> Decision:
    """The decision on a message that may speak of earlier ones."""
    case, original = _case(number, of, holder, known, version, book)
    if original and case.plain.event in CONTINUING:
        return case.continues(original, known)
    if case.plain.event in _CANCELS:
        return case.unmatched(known, _event_cancelled(of, book.profiles[of.link].events))
    return case.begins(known)


def _case(
    number: int, of: Transaction, holder: Holder, known: Known, version: Version, book: Rulebook
) -> tuple[Case, Past | None]:
    """The case of a message, and the earlier one that it means."""
    tables = book.profiles[of.link]
    found = _find(of, known.before, tables.events)
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
    return Case(number, of, holder, version, book.texts, book.stopped, plain), found.original


def _find(of: Transaction, before: Sequence[Past], events: Events) -> Found:
    if not of.tokens or not of.facts.ask_the_journal:
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
