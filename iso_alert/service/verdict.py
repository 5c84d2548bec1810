"""What becomes of an alert when its parts come back: pure judgement over what the SMSC said, or did not say."""

from attrs import define

from iso_alert.domain.alert import FEW, VALID_FOR, AlertState, pause
from iso_alert.service.outcome import InDoubt, Receipted, Refused, Unsent
from iso_alert.service.route_config import RouteConfig
from iso_alert.service.way import Way
from iso_alert.smpp.command import Action, Status, status_name
from iso_alert.smpp.receipt import MessageState, id_forms
from iso_alert.store.port import Confirmed, Lease, Untaken

_BADNESS = {AlertState.QUEUED: 0, AlertState.GIVEN_UP: 1, AlertState.UNKNOWN: 2, AlertState.REFUSED: 3}


@define(eq=False)
class Carried:
    """An alert in our hands: what each of its parts came to, until the last one is known."""

    lease: Lease
    way: Way  # all its parts go by one,
    config: RouteConfig  # as it was then
    waiting: set[int]  # numbers of parts without an outcome
    total: int
    fault: Untaken | None = None  # the worst so far


def stale(lease: Lease, now: float) -> bool:
    """Whether it has waited for so long that it is of no use to anybody any more."""
    return now - lease.began_at > VALID_FOR


def not_written(alert: int, at: float) -> Untaken:
    """An alert that nobody has seen: again at once, and in no doubt."""
    return Untaken(alert, AlertState.QUEUED, "not written", at, counts=False)


def untaken(lease: Lease, outcome: Refused | InDoubt | Unsent, elsewhere: bool) -> Untaken:
    """What an alert becomes whose part was not accepted.  `elsewhere`: another route would take it now."""
    at, queued = outcome.at, AlertState.QUEUED
    match outcome:
        case Unsent():
            return not_written(lease.alert, at)
        case InDoubt():
            state = AlertState.UNKNOWN if lease.doubts else queued
            return Untaken(lease.alert, state, "in doubt: written and not answered", at, doubt=True)
    status = status_name(outcome.status)
    if outcome.action is Action.NEVER or (outcome.action is Action.RETRY_FEW and lease.attempts + 1 >= FEW):
        return Untaken(lease.alert, AlertState.REFUSED, status, at)
    if stale(lease, at):
        return Untaken(lease.alert, AlertState.GIVEN_UP, status, at)
    if elsewhere and _closes_the_route(outcome):
        return Untaken(lease.alert, queued, status, at)
    return Untaken(lease.alert, queued, status, at, pause(lease.attempts + 1))


def _closes_the_route(outcome: Refused) -> bool:
    """Whether the status speaks of the route and not of the message: then the route takes none for a while."""
    return outcome.status == Status.ESME_RTHROTTLED or outcome.action is Action.REBIND


def worse(one: Untaken | None, other: Untaken) -> Untaken:
    """The fault that decides what becomes of an alert with several."""
    if one is None:
        return other
    return max(one, other, key=lambda fault: (_BADNESS[fault.state], fault.doubt, fault.pause))


def confirmed(outcome: Receipted) -> Confirmed:
    """A receipt as the store joins it: by its operator, whichever bind it came on."""
    receipt = outcome.receipt
    delivered = receipt.state is MessageState.DELIVERED if receipt.state.final else None
    mobile = str(outcome.request.fields.get("source_addr", ""))
    forms = id_forms(receipt.message_id) + (id_forms(receipt.text_id) if receipt.text_id else ())
    ids = tuple(dict.fromkeys(forms)) or ("",)
    return Confirmed(outcome.operator, ids, mobile, receipt.state.value, delivered, receipt.error, outcome.at)
