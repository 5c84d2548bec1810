"""An enrolment is complete once the confirming SMS is on the phone (R-35): asking, asking again, giving up.

Also here: what the bank decides beforehand about enrolments, and which texts tell of the subscription itself.
"""

from typing import Literal

from attrs import evolve, field, frozen

from iso_alert.domain.command import Notice, Record, Result, Verdict
from iso_alert.domain.life import Happening, befall
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.domain.text import Texts

ENROLLED, UNSUBSCRIBED, NEWS_ENDED = "enrolled", "unsubscribed", "news_off"  # keys of the texts
NUMBER_NEW, NUMBER_OLD = "number_new", "number_old"
HOUR, DAY = 3600.0, 86_400.0


@frozen
class EnrolmentRules:
    """What the bank decides beforehand.  Times in seconds."""

    texts: Texts = field(repr=False)
    needs_approval: bool = False  # by a person; else by these rules
    unknown_cards: Literal["alone", "refuse"] = "alone"  # a card that the card file does not know is covered alone
    confirm_times: int = 3  # how often the confirming SMS is sent again
    confirm_again_after: float = 18 * HOUR
    confirm_within: float = 72 * HOUR  # then the application expires
    refusal_stands: float = 30 * DAY  # whoever applies again before is refused again
    terms: str = ""  # the version that must be agreed to; "": whichever the channel shows
    networks: frozenset[str] = frozenset()  # participating networks; none named: all


def notice(key: str, record: Record) -> Notice:
    return Notice(key, record.mobile, record.language)


def ask_to_confirm(record: Record, rules: EnrolmentRules, now: float) -> Verdict:
    """Send the confirming SMS for the first time."""
    asked = evolve(record, confirmations=1, confirm_until=now + rules.confirm_within, activated_at=None)
    return Verdict(Result.DONE, asked, (notice(ENROLLED, asked),))


def look_at(record: Record, rules: EnrolmentRules) -> float | None:
    """When somebody must look at it: to send the confirming SMS again, or to give up.  None: never."""
    if record.state is not SubscriptionState.CONFIRMING or record.confirm_until is None:
        return None
    if record.confirmations > rules.confirm_times:
        return record.confirm_until
    begun = record.confirm_until - rules.confirm_within
    return min(record.confirm_until, begun + record.confirmations * rules.confirm_again_after)


def lapse(record: Record, rules: EnrolmentRules, now: float) -> Verdict | None:
    """What becomes of an application that is not confirmed, once it is time to look; None before."""
    due = look_at(record, rules)
    if due is None or record.confirm_until is None or now < due:
        return None
    if now >= record.confirm_until:
        return Verdict(Result.DONE, befall(record, Happening.LAPSED, now))
    missed = int((now - due) // rules.confirm_again_after)  # while we were down: not made up for
    again = evolve(record, confirmations=record.confirmations + 1 + missed)
    return Verdict(Result.DONE, again, (notice(ENROLLED, again),))
