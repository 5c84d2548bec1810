"""What the courier has in hand: alerts that no route has yet, attempts that are on their way, and what is said of them.

Outcomes go in, and what the store should write comes out; nothing here waits.

An answer may come late: the attempt was in doubt, and the alert waits to go again, or has gone.  A late yes settles it
where it waits, a late no says that the attempt was none.  The rules of that are in `_belated`:

    where the alert is now             a late yes                            a late no
    other parts still on their way     that part is taken                    that part goes again, in no doubt
    in the store, or leased here       taken, and not sent again             goes again, in no doubt
    given to a route, not written      taken, and taken back from the route  goes on, in no doubt
    written again                      taken; what the copy meets there      goes on, in no doubt
                                       counts no more, it is a copy

What is leased here goes back to the store, which knows best what is left to be sent.  Of an attempt by one operator
only what goes by the same operator again is spared: half an alert by each is of no use.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, cast
from weakref import WeakValueDictionary

import structlog
from attrs import define, field

from iso_alert.domain.alert import VALID_FOR, AlertState
from iso_alert.domain.name import name_of
from iso_alert.domain.news import NEWS
from iso_alert.domain.reminding import DUE
from iso_alert.service.outcome import Accepted, Belated, InDoubt, Outcome, Receipted, Refused, Submission, Unsent
from iso_alert.service.verdict import Carried, answered_late, confirmed, denied, not_written, one_doubt_less, untaken
from iso_alert.service.way import Way
from iso_alert.smpp.receipt import id_forms
from iso_alert.smpp.text import cut
from iso_alert.store.port import Lease, Result, Taken, Undoubted, Untaken

PATIENT = frozenset({DUE, NEWS})  # they let everything pass, so how long they waited says nothing of us
log = structlog.get_logger()


class Watch(Protocol):
    """What is told of alerts."""

    def submitted_after(self, seconds: float) -> None: ...
    def given_up(self, state: AlertState) -> None: ...


@define(eq=False)
class Bag:
    """`elsewhere` tells whether any route would take an alert right now."""

    _watch: Watch
    _elsewhere: Callable[[], bool]
    ready: deque[Lease] = field(factory=deque, init=False)  # leased, and given to no route yet
    _carried: dict[int, Carried] = field(factory=dict, init=False)  # on their way, by alert
    # Attempts in doubt, the newest of each alert: as long as a route remembers them, for a late answer.
    _in_doubt: "WeakValueDictionary[int, Carried]" = field(factory=WeakValueDictionary, init=False)

    def pack(self, lease: Lease, way: Way, now: float) -> list[Submission]:
        """The parts that the SMSC does not have.  The reference is the alert's, so a phone recognises copies."""
        config = way.config
        parts = cut(lease.text, reference=lease.alert, long_messages=config.long_messages, gsm=config.gsm)
        numbers = range(1, len(parts) + 1)
        missing = [n for n in numbers if n not in lease.done] or numbers  # none: it was cut otherwise before
        carried = self._carried[lease.alert] = Carried(lease, way, config, set(missing), len(parts))
        if lease.doubts and (before := self._in_doubt.get(lease.alert)):
            before.after = carried
        mobile, left = lease.mobile.lstrip("+"), VALID_FOR - (now - lease.began_at)
        return [Submission((carried, n), mobile, parts[n - 1], left) for n in missing]

    def held(self) -> int:
        """Alerts in hand of which nothing is on the wire."""
        waiting = {way: way.unwritten() for way in {carried.way for carried in self._carried.values()}}
        carried = (all((one, n) in waiting[one.way] for n in one.waiting) for one in self._carried.values())
        return len(self.ready) + sum(carried)

    # What is said.

    def results(self, outcomes: Sequence[Outcome]) -> list[Result]:
        """What the store should write.

        Late answers come first: what else is said in one breath with them may have lost its weight.
        """
        belated = [one for one in outcomes if isinstance(one, Belated)]
        results: list[Result] = [*self._recalled(belated)] if belated else []
        for one in belated:
            results += self._belated(one)
        for outcome in outcomes:
            if isinstance(outcome, Receipted):
                results.append(confirmed(outcome))
            elif not isinstance(outcome, Belated):
                results += self._told(outcome)
        return results

    def _told(self, outcome: Accepted | Refused | InDoubt | Unsent) -> Iterator[Taken | Untaken]:
        carried, n = _meant(outcome)
        carried.waiting.discard(n)
        carried.way.told()
        if isinstance(outcome, Accepted):
            yield self._taken(carried, n, outcome)
        elif n not in carried.known:
            self._blame(carried, n, outcome)
        if not carried.waiting:
            del self._carried[carried.lease.alert]
            if fault := carried.fault:
                self.give_up(fault)
                yield fault

    def _taken(self, carried: Carried, n: int, outcome: Accepted | Belated) -> Taken:
        lease, config = carried.lease, carried.config
        if lease.key not in PATIENT:
            self._watch.submitted_after(outcome.at - lease.began_at)
        ids = id_forms(outcome.message_id) or ("",)
        confirms = config.activate == "on_accept"
        way = config.name if config.name != config.operator else ""
        return Taken(lease.alert, n, carried.total, config.operator, ids, outcome.at, confirms, way)

    def _blame(self, carried: Carried, n: int, outcome: Refused | InDoubt | Unsent) -> None:
        carried.faults[n] = untaken(carried.lease, outcome, self._elsewhere())
        if isinstance(outcome, InDoubt):
            carried.doubtful.add(n)
            self._in_doubt[carried.lease.alert] = carried

    def give_up(self, fault: Untaken) -> None:
        """Tell people of an alert that will not go again."""
        if fault.state is not AlertState.QUEUED:
            self._watch.given_up(fault.state)
            log.warning("alert not sent", alert=name_of(fault.alert), state=fault.state.value, cause=fault.cause)

    # What is said late.

    def _recalled(self, outcomes: Iterable[Belated]) -> Iterator[Untaken]:
        """Leases of alerts that late answers speak of go back to the store, for it knows best what is left to send."""
        told = {_meant(one)[0].lease.alert: one.at for one in outcomes}
        recalled = [lease for lease in self.ready if lease.alert in told]
        for lease in recalled:
            self.ready.remove(lease)
            yield not_written(lease.alert, told[lease.alert])

    def _belated(self, outcome: Belated) -> list[Taken | Undoubted]:
        carried, n = _meant(outcome)
        if carried is self._carried.get(carried.lease.alert):
            carried.learn(n, denied(carried.lease, outcome) if outcome.status else None)
            return [] if outcome.status else [self._taken(carried, n, outcome)]
        if outcome.status:
            return self._sure_of(carried, n, outcome)
        if not carried.goes_on_alike:
            return []
        taken = self._taken(carried, n, outcome)
        again = carried.latest
        never_again = again is carried or again.spare(n)
        return [taken, *(self._sure_of(carried, n, outcome) if never_again else ())]

    def _sure_of(self, carried: Carried, n: int, outcome: Belated) -> list[Taken | Undoubted]:
        """Nobody can see this part twice; once that is so of the whole attempt, the alert is in one doubt less."""
        carried.doubtful.discard(n)
        if carried.doubtful:
            return []
        if carried.after:
            carried.latest.lease = one_doubt_less(carried.latest.lease)
        return [Undoubted(carried.lease.alert, carried.lease.doubts, answered_late(outcome))]


def _meant(outcome: Accepted | Refused | InDoubt | Belated | Unsent) -> tuple[Carried, int]:
    """The attempt, and which part of it."""
    return cast("tuple[Carried, int]", outcome.ref)  # as `pack` gave it
