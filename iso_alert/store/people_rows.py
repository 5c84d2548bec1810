"""What is known of people as rows, and rows as values; what the audit trail keeps of a command; answers as text."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from cattrs.preconf.json import make_converter

from iso_alert.domain.card import Kind
from iso_alert.domain.command import Answer, Command, CoveredCard, Record, Standing, Verdict
from iso_alert.domain.subscription import SubscriptionState, masked
from iso_alert.domain.text import Language
from iso_alert.store.people import Entry

_JSON = make_converter()


def covered_card(row: Sequence[Any]) -> CoveredCard:
    last4, kind, primary, status = row
    return CoveredCard(last4, Kind(kind) if kind else None, bool(primary), status != "open")


def record(row: Sequence[Any]) -> Record | None:
    """The subscription of a customer; None where there is none."""
    state, mobile, language, news, terms, applied_at, changed_at, suspended_from, activated_at, sent, until = row
    if state is None:
        return None
    return Record(
        state=SubscriptionState(state),
        mobile=mobile,
        language=Language(language),
        news=bool(news),
        terms=terms,
        applied_at=applied_at,
        changed_at=changed_at,
        suspended_from=SubscriptionState(suspended_from) if suspended_from else None,
        activated_at=activated_at,
        confirmations=sent,
        confirm_until=until,
    )


def record_row(customer: int, of: Record, look_at: float | None) -> tuple[Any, ...]:
    behind = of.suspended_from.value if of.suspended_from else None
    return (
        customer, of.state.value, of.mobile, of.language.value, int(of.news), of.terms, of.applied_at, of.changed_at,
        behind, of.activated_at, of.confirmations, of.confirm_until, look_at,
    )  # fmt: skip


def entry(command: Command, before: Standing | None, verdict: Verdict, after: Standing | None) -> Entry:
    """What the audit trail keeps of a command and what came of it."""
    found = before or after  # a customer may be new
    return Entry(
        actor=command.actor,
        operation=command.operation.value,
        outcome=f"{verdict.result.value} {verdict.field}".strip(),
        customer=found.ref if found else command.customer or "",
        last4=command.card.last4 if command.card else "",
        reason=command.reason,
        before=shown(before.record if before and verdict.record else None),
        after=shown(verdict.record),
    )


def shown(of: Record | None) -> str:
    """A record as the audit trail may keep it."""
    if of is None:
        return ""
    kept = {**_JSON.unstructure(of), "mobile": masked(of.mobile)}
    return json.dumps({name: value for name, value in kept.items() if value is not None}, ensure_ascii=False)


def fingerprint(command: Command) -> str:
    """The same for the same request, whoever sends it."""
    card = command.card.tokens[-1].hex() if command.card else None  # the oldest key's: it outlives a change of keys
    asked = [
        command.operation.value, card, command.customer, command.mobile, command.news, command.terms, command.verified,
        command.language.value if command.language else None, command.network,
    ]  # fmt: skip
    return sha256(json.dumps(asked).encode()).hexdigest()


def dump(answer: Answer, mark: str) -> str:
    """An answer as text, with the fingerprint of what was asked, for `load`."""
    return json.dumps({"to": mark, "answer": _JSON.unstructure(answer)})


def load(text: str) -> tuple[Answer, str]:
    kept = json.loads(text)
    return _JSON.structure(kept["answer"], Answer), kept["to"]
