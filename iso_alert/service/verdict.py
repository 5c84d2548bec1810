"""What becomes of an alert when its parts come back: pure judgement over what the SMSC said, or did not say."""

from functools import reduce

from attrs import define, evolve, field

from iso_alert.domain.alert import FEW, VALID_FOR, AlertState, pause
from iso_alert.service.outcome import Belated, InDoubt, Receipted, Refused, Unsent
from iso_alert.service.route_config import RouteConfig
from iso_alert.service.way import Way
from iso_alert.smpp.command import Action, Status, status_name
from iso_alert.smpp.receipt import MessageState, id_forms
from iso_alert.store.port import Confirmed, Lease, Untaken

_BADNESS = {AlertState.QUEUED: 0, AlertState.GIVEN_UP: 1, AlertState.UNKNOWN: 2, AlertState.REFUSED: 3}


@define(eq=False)
class Carried:
    """One attempt to send an alert: what each of its parts came to, until the last one is known.

    It is the reference of its submissions, so it lives on as long as a late answer to one of them may come.
    """

    lease: Lease
    way: Way  # all its parts go by one,
    config: RouteConfig  # as it was then
    waiting: set[int]  # numbers of parts without an outcome
    total: int
    faults: dict[int, Untaken] = field(factory=dict, init=False)  # of parts that were not accepted
    known: set[int] = field(factory=set, init=False)  # parts of which a late answer has told already
    doubtful: set[int] = field(factory=set, init=False)  # parts of which nobody knows whether the SMSC has them
    after: "Carried | None" = field(default=None, init=False)  # the attempt that followed, because this is in doubt

    @property
    def fault(self) -> Untaken | None:
        """The one that decides what becomes of the alert; None if all is well."""
        return reduce(worse, self.faults.values()) if self.faults else None

    @property
    def latest(self) -> "Carried":
        return self.after.latest if self.after else self

    @property
    def goes_on_alike(self) -> bool:
        """Whether parts of this attempt and of the last one make one SMS."""
        return self.total == 1 or self.config.operator == self.latest.config.operator

    def learn(self, n: int, fault: Untaken | None) -> None:
        """A part was in doubt and is so no more: it was taken, or has a `fault`."""
        self.known.add(n)
        self.doubtful.discard(n)
        self.faults.pop(n, None)
        if fault:
            self.faults[n] = fault

    def spare(self, n: int) -> bool:
        """An earlier copy of this part was taken: what comes of this one is no fault.  Whether it was never written."""
        self.learn(n, None)
        return self.way.take_back((self, n))


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


def one_doubt_less(lease: Lease) -> Lease:
    return evolve(lease, doubts=max(0, lease.doubts - 1))


def answered_late(outcome: Belated) -> str:
    """The cause that people read."""
    return f"answered late: {status_name(outcome.status)}"


def denied(lease: Lease, outcome: Belated) -> Untaken:
    """What an alert becomes of whose part the SMSC says late that it did not take it: again, and in no doubt."""
    return Untaken(lease.alert, AlertState.QUEUED, answered_late(outcome), outcome.at)


def worse(one: Untaken, other: Untaken) -> Untaken:
    """The fault that decides what becomes of an alert with several."""
    return max(one, other, key=lambda fault: (_BADNESS[fault.state], fault.doubt, fault.pause))


def confirmed(outcome: Receipted) -> Confirmed:
    """A receipt as the store joins it: by its operator, whichever bind it came on."""
    receipt = outcome.receipt
    delivered = receipt.state is MessageState.DELIVERED if receipt.state.final else None
    mobile = str(outcome.request.fields.get("source_addr", ""))
    forms = id_forms(receipt.message_id) + (id_forms(receipt.text_id) if receipt.text_id else ())
    ids = tuple(dict.fromkeys(forms)) or ("",)
    return Confirmed(outcome.operator, ids, mobile, receipt.state.value, delivered, receipt.error, outcome.at)
