"""What a command does to a subscription: a function of values, the same for ATM, contact centre, CLI and files.

`TAKEN` says which operation is possible in which state and `INSTEAD` what is answered where it is not; `life` says what
follows.  Cancelling and ending news are a customer's right: no state, approval or suspension stands in their way.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, frozen

from iso_alert.domain.command import Command, Notice, Operation, Record, Result, Standing, Verdict
from iso_alert.domain.confirming import (
    ENROLLED,
    NEWS_ENDED,
    NUMBER_NEW,
    NUMBER_OLD,
    UNSUBSCRIBED,
    EnrolmentRules,
    ask_to_confirm,
    notice,
)
from iso_alert.domain.life import GONE, LIVE, Happening, befall
from iso_alert.domain.mobile import BadMobile, thai_mobile
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.domain.text import Language

__all__ = ["INSTEAD", "NEEDS", "TAKEN", "EnrolmentRules", "carry_out"]

_O, _S, _R = Operation, SubscriptionState, Result
TAKEN: Mapping[Operation, frozenset[SubscriptionState]] = {
    _O.APPLY: LIVE | GONE,
    _O.APPROVE: frozenset({_S.APPLIED, _S.REFUSED}),
    _O.REFUSE: frozenset({_S.APPLIED}),
    _O.CANCEL: LIVE | {_S.SUSPENDED},
    _O.CHANGE_NUMBER: LIVE,
    _O.CHANGE_LANGUAGE: LIVE,
    _O.NEWS_ON: LIVE,
    _O.NEWS_OFF: LIVE | {_S.SUSPENDED},
    _O.SUSPEND: frozenset(_S) - {_S.NONE},
    _O.RESUME: frozenset({_S.SUSPENDED}),
    _O.INQUIRE: frozenset(_S) - {_S.NONE},
}
INSTEAD: Mapping[SubscriptionState, Result] = {
    **dict.fromkeys(GONE, _R.NO_SUBSCRIPTION),
    **dict.fromkeys(LIVE, _R.UNKNOWN_COMBINATION),
    _S.SUSPENDED: _R.SUSPENDED,
}
NEEDS: Mapping[Operation, tuple[str, ...]] = {
    _O.APPLY: ("mobile", "language", "terms"),
    _O.CHANGE_NUMBER: ("mobile",),
    _O.CHANGE_LANGUAGE: ("language",),
}
FOR_PERSONS = frozenset({_O.APPLY, _O.APPROVE})  # what only a natural person may be given


@frozen
class _Case:
    """A command that may be carried out; a new subscription has no record yet."""

    command: Command
    record: Record
    rules: EnrolmentRules
    now: float

    def befall(self, happening: Happening, record: Record | None = None) -> Record:
        """The record afterwards.  TAKEN and the table of `life` agree, so there is one: a test walks both."""
        after = befall(record or self.record, happening, self.now)
        assert after is not None, (self.record.state, happening)
        return after


def carry_out(command: Command, standing: Standing | None, rules: EnrolmentRules, now: float) -> Verdict:
    """What the command comes to.  `standing` is None when its subject is not on file."""
    if (barred := _barred(command, standing, rules)) is not None:
        return barred
    record = standing.record if standing else None
    state = record.state if record else _S.NONE
    if state not in TAKEN[command.operation]:
        return Verdict(INSTEAD[state])
    return _DOES[command.operation](_Case(command, record or _nothing(command, now), rules, now))


def _nothing(command: Command, now: float) -> Record:
    return Record(_S.NONE, command.mobile or "", command.language or Language.TH, False, command.terms, now, now)


# What bars a command before anybody looks at the subscription.


def _barred(command: Command, standing: Standing | None, rules: EnrolmentRules) -> Verdict | None:
    if not command.verified:
        return Verdict(_R.NOT_VERIFIED)
    if (fault := _fault(command, rules)) is not None:
        name, why = fault
        return Verdict(_R.BAD_FIELD, field=name, why=why)
    result = _not_on_file(command, rules) if standing is None else _not_entitled(command, standing)
    return Verdict(result) if result else None


def _fault(command: Command, rules: EnrolmentRules) -> tuple[str, str] | None:
    """The field at fault, and why."""
    needs = NEEDS.get(command.operation, ())
    for name in needs:
        if not getattr(command, name):
            return name, f"{name} is missing"
    if command.mobile and "mobile" in needs:
        try:
            thai_mobile(command.mobile)
        except BadMobile as bad:
            return "mobile", str(bad)
        if rules.networks and command.network and command.network not in rules.networks:
            return "mobile", "its network does not participate"
    if "terms" in needs and rules.terms and command.terms != rules.terms:
        return "terms", "another version of the terms is in force"
    return None


def _not_on_file(command: Command, rules: EnrolmentRules) -> Result | None:
    if command.card is None:
        return _R.NO_SUBSCRIPTION
    if rules.unknown_cards == "refuse" or command.customer:
        return _R.NO_SUCH_CARD
    return None if command.operation is _O.APPLY else _R.NO_SUBSCRIPTION


def _not_entitled(command: Command, standing: Standing) -> Result | None:
    if command.card and command.customer and command.customer != standing.ref:
        return _R.NO_SUCH_CARD  # somebody else's
    if standing.used and standing.used.blocked:
        return _R.CARD_BLOCKED  # a thief must not even cancel with it
    if command.operation in FOR_PERSONS and not standing.natural:
        return _R.NOT_NATURAL
    if command.operation is _O.APPLY and not standing.cards:
        return _R.NO_SUCH_CARD
    return None


# What each operation does.


def _apply(case: _Case) -> Verdict:
    before, command, rules = case.record, case.command, case.rules
    if before.state is _S.REFUSED and case.now < before.changed_at + rules.refusal_stands:
        return Verdict(_R.REFUSED)
    asked = evolve(
        before,
        mobile=thai_mobile(command.mobile or ""),
        language=command.language or before.language,
        news=command.news is not False,  # applying is consent to news too, unless it is refused
        terms=command.terms,
        applied_at=case.now,
    )
    unknown_network = bool(rules.networks) and not command.network  # the prefix does not tell it: a person must
    if (rules.needs_approval or unknown_network) and before.state not in (_S.CONFIRMING, _S.ACTIVE):
        return Verdict(_R.WAITS, case.befall(Happening.APPLIED, asked))
    after = case.befall(Happening.ADMITTED, asked)
    if after.state is _S.ACTIVE:
        return Verdict(_R.REPLACED, after, (notice(ENROLLED, after), *_farewell(before, after)))
    return _asked(after, case)


def _approve(case: _Case) -> Verdict:
    return _asked(case.befall(Happening.APPROVED), case)


def _refuse(case: _Case) -> Verdict:
    return Verdict(_R.DONE, case.befall(Happening.REFUSED))


def _cancel(case: _Case) -> Verdict:
    if case.record.suspended_from in GONE:
        return Verdict(_R.NO_SUBSCRIPTION)
    after = evolve(case.befall(Happening.CANCELLED), news=False, confirm_until=None)
    return Verdict(_R.DONE, after, (notice(UNSUBSCRIBED, after),))


def _change_number(case: _Case) -> Verdict:
    """In force at once.  Whoever has not confirmed yet is asked anew, at the new number."""
    before, command = case.record, case.command
    after = _changed(case, mobile=thai_mobile(command.mobile or ""), language=command.language or before.language)
    if after.mobile == before.mobile:
        return Verdict(_R.DONE, after if after.language is not before.language else None)
    if before.state is _S.CONFIRMING:
        return _asked(evolve(after, applied_at=case.now), case)
    if before.state is _S.APPLIED:
        return Verdict(_R.DONE, after)
    return Verdict(_R.DONE, after, (notice(NUMBER_NEW, after), *_farewell(before, after)))


def _change_language(case: _Case) -> Verdict:
    return Verdict(_R.DONE, _changed(case, language=case.command.language))  # no SMS of its own


def _news_on(case: _Case) -> Verdict:
    return Verdict(_R.DONE, None if case.record.news else _changed(case, news=True))


def _news_off(case: _Case) -> Verdict:
    if case.record.suspended_from in GONE:
        return Verdict(_R.NO_SUBSCRIPTION)
    if not case.record.news:
        return Verdict(_R.DONE)
    after = _changed(case, news=False)
    return Verdict(_R.DONE, after, (notice(NEWS_ENDED, after),))


def _suspend(case: _Case) -> Verdict:
    already = case.record.state is _S.SUSPENDED
    return Verdict(_R.DONE, None if already else case.befall(Happening.SUSPENDED))


def _resume(case: _Case) -> Verdict:
    after = case.befall(Happening.RESUMED)
    return _asked(after, case) if after.state is _S.CONFIRMING else Verdict(_R.DONE, after)


def _inquire(_: _Case) -> Verdict:
    return Verdict(_R.DONE)


_DOES: Mapping[Operation, Callable[[_Case], Verdict]] = {
    _O.APPLY: _apply,
    _O.APPROVE: _approve,
    _O.REFUSE: _refuse,
    _O.CANCEL: _cancel,
    _O.CHANGE_NUMBER: _change_number,
    _O.CHANGE_LANGUAGE: _change_language,
    _O.NEWS_ON: _news_on,
    _O.NEWS_OFF: _news_off,
    _O.SUSPEND: _suspend,
    _O.RESUME: _resume,
    _O.INQUIRE: _inquire,
}


def _changed(case: _Case, **values: Any) -> Record:
    """The record with these values, and the terms if they were agreed to again."""
    return evolve(case.record, changed_at=case.now, terms=case.command.terms or case.record.terms, **values)


def _asked(record: Record, case: _Case) -> Verdict:
    return ask_to_confirm(record, case.rules, case.now)


def _farewell(before: Record, after: Record) -> tuple[Notice, ...]:
    """The word to the number that is told nothing any more."""
    return (Notice(NUMBER_OLD, before.mobile, after.language),) if before.mobile != after.mobile else ()
