"""Keep one SMPP session to one SMSC alive, and carry the courier's messages over it.

Whoever sends asks for `credit`, hands over that much with `send`, and learns from `outcomes` what became of it. A route
keeps no message of its own: what it was given is with the SMSC, in the window, or told back as `Unsent` or `InDoubt`.
Whatever the SMSC does, nothing here raises; it ends in an outcome, or in a new connection. Several routes may put
their outcomes into the same reports and ring the same bell: see `routes`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from math import inf
from random import Random
from typing import Any, Literal

import structlog
import trio

from iso_alert.smpp.command import Action, Command, Status, StatusTable, status_name
from iso_alert.smpp.event import Answered, AnsweredLate, Asked, BindRefused, Bound, Event, Late, Rejected, Unanswered
from iso_alert.smpp.pace import Bucket, Pace
from iso_alert.smpp.receipt import read_receipt
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import BOUND, Role
from iso_alert.smpp.submit import submit_form

from .complaints import Complaints
from .dialogue import Dialogue
from .outcome import Accepted, Belated, InDoubt, Outcome, Receipted, Refused, Submission, Unsent
from .reports import Reports
from .route_config import RouteConfig, load_statuses
from .tls import HandshakeFailed, dial
from .watch import Unwatched, Watch

__all__ = ["Accepted", "Outcome", "Receipted", "Route", "RouteConfig", "RouteState", "Submission", "load_statuses"]

RouteState = Literal["new", "connecting", "binding", "bound", "throttled", "draining", "waiting", "ended"]
Connect = Callable[[], Awaitable[trio.abc.Stream]]
BACKLOG = 20_000  # outcomes that nobody has fetched; beyond them we stop reading, and the SMSC waits
BIND_REFUSED = "bind_refused"
_SUBMIT_SM = Command.SUBMIT_SM.value


class Route:
    """One route. `run` lives in the caller's nursery; everything else may be called from any task of the same loop."""

    def __init__(
        self,
        config: RouteConfig,
        statuses: StatusTable,
        *,
        random: Random,
        clock: Callable[[], float],  # wall time, for the outcomes' `at`
        watch: Watch | None = None,
        connect: Connect | None = None,  # how to reach the SMSC, where TCP is not the way
        reports: Reports | None = None,  # where outcomes go,
        changed: trio.lowlevel.ParkingLot | None = None,  # and what is rung whenever there may be credit
    ) -> None:
        self.config = config
        self._statuses, self._random, self._clock = statuses, random, clock
        self._watch: Watch = watch or Unwatched()
        self._connect = connect or self._dial
        self._form = submit_form(config.sender, config.service_type, config.registered_delivery)
        self._pace = Pace(Bucket(config.rate or inf), config.throttle)
        self._log = structlog.get_logger(__name__).bind(route=config.name)
        self._phase: RouteState = "new"
        self._dialogue: Dialogue | None = None
        self._reports = reports or Reports(BACKLOG)
        self._changed = trio.lowlevel.ParkingLot() if changed is None else changed  # an empty one is false
        self._draining, self._over = False, trio.Event()
        self._attempts, self._stay_away = 0, 0.0
        self._patience = trio.CancelScope()  # of what `drain` may cut short
        self._was_bound, self._complaints = False, Complaints(self._log)
        self._on: dict[type, Callable[[Any, float], None]] = {
            Answered: self._answered, Unanswered: self._unanswered, AnsweredLate: self._answered_late,
            Asked: self._asked, Bound: self._bound, BindRefused: self._bind_refused,
            Late: lambda *_: self._watch.late(), Rejected: lambda *_: self._watch.unexpected(),
        }  # fmt: skip

    # ---- what the courier sees

    @property
    def bound(self) -> bool:
        return self._dialogue is not None and self._dialogue.session.state in BOUND

    @property
    def open(self) -> bool:
        """Whether there is credit, or will be when answers have come or a pause is over."""
        return self.bound and not self._draining

    @property
    def state(self) -> RouteState:
        if self._draining and self._phase != "ended":
            return "draining"
        return "throttled" if self._phase == "bound" and self._pace.paused(trio.current_time()) else self._phase

    @property
    def in_flight(self) -> int:
        """PDUs that wait for their answer."""
        return self._dialogue.session.in_flight if self._dialogue else 0

    def credit(self) -> int:
        """How many submissions may be handed over right now."""
        return int(min(self._room, self._pace.available(trio.current_time())))

    @property
    def _room(self) -> int:
        """None while a late answer waits to be dealt with: what would go could be what it speaks of."""
        dialogue, closed = self._dialogue, self._draining or self._reports.belated
        return 0 if dialogue is None or closed else dialogue.session.room

    async def wait_credit(self) -> None:
        """Return once there is credit; after `drain` that is never."""
        await trio.lowlevel.checkpoint()
        while self.credit() <= 0:
            with trio.move_on_at(self.credit_at()):
                await self._changed.park()

    def credit_at(self) -> float:
        """When time alone will give credit; inf if something must happen first."""
        return self._pace.next_at(trio.current_time()) if self._room > 0 else inf

    def send(self, submissions: Sequence[Submission]) -> None:
        """Hand over up to `credit()` submissions, in order, as one write; ValueError for more.

        Never blocks, and promises nothing: an outcome comes for each.
        """
        if len(submissions) > self.credit() or self._dialogue is None:
            raise ValueError(f"{len(submissions)} submissions on a credit of {self.credit()}")
        session, now = self._dialogue.session, trio.current_time()
        for each in submissions:
            try:
                body = self._form.body(each.destination, each.part, each.validity)
            except ValueError:  # one bad number must not bring the courier down, nor come back for ever
                self._reports.put(Refused(each.ref, Status.ESME_RINVDSTADR, Action.NEVER, self._clock()))
            else:
                session.request(_SUBMIT_SM, body, each.ref, now)
        self._pace.bucket.take(len(submissions), now)
        self._dialogue.nudge()

    def decline(self, submissions: Iterable[Submission]) -> None:
        """Tell back what there was no credit for, as never written."""
        for each in submissions:
            self._reports.put(Unsent(each.ref, self._clock()))

    async def outcomes(self) -> list[Outcome]:
        """All that happened since the last call, in order; waits until there is something.

        An empty list means that the route has ended and nothing more will come. For one task at a time; cancelling the
        wait loses nothing.
        """
        outcomes = await self._reports.fetch()
        self._reports.heard(outcomes)
        self._changed.unpark_all()
        return outcomes

    def leave(self) -> None:
        """Give no more credit, wait for the answers that are due, unbind, end: what `run` does from now on."""
        self._draining = True
        self._patience.cancel()
        if self._dialogue is not None:
            self._dialogue.session.drain(trio.current_time())
            self._dialogue.nudge()
        self._changed.unpark_all()

    async def drain(self) -> None:
        """Leave, and return when it is over. Bring a deadline: cancelled, it leaves the route draining."""
        self.leave()
        if self._phase != "new":
            await self._over.wait()

    # ---- one connection after another

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until drained or cancelled; either way every submission has then had its outcome."""
        self._phase = "waiting"
        self._reports.begin()
        task_status.started()
        try:
            while not self._draining:
                await self._one_connection()
                await self._stay_away_a_while()
        finally:
            self._phase = "ended"
            self._reports.end()
            self._over.set()

    async def _one_connection(self) -> None:
        self._phase, self._stay_away = "connecting", 0.0
        stream = await self._reach()
        if stream is None:
            return
        config = self.config
        session = Session(Role.ESME, trio.current_time(), config.timers, config.window)
        session.bind(Command.BIND_TRANSCEIVER, config.bind_fields, trio.current_time())
        self._dialogue = Dialogue(session, stream, self._hear, self._reports.room)
        self._phase = "binding"
        try:
            await self._dialogue.run()
        finally:
            self._parted(self._dialogue)

    async def _reach(self) -> trio.abc.Stream | None:
        with trio.CancelScope(deadline=trio.current_time() + self.config.timers.bind) as self._patience:
            try:
                return await self._connect()
            except (OSError, trio.BrokenResourceError) as fault:
                self._complaints.say("unreachable", fault=type(fault).__name__)
                return None
            except HandshakeFailed as failed:
                self._complaints.say("no_tls", outcome=failed.outcome, why=failed.why)
                return None
        if not self._draining:
            self._complaints.say("unreachable", fault="no answer")
        return None

    async def _dial(self) -> trio.abc.Stream:
        where = self.config  # as it is now: its certificates may have been renewed
        return await dial(where.host, where.port, where.tls, partial(self._watch.shook_hands, "smsc", where.name))

    def _parted(self, dialogue: Dialogue) -> None:
        left, at, was_bound = dialogue.session.hang_up(), self._clock(), self._phase == "bound"
        self._dialogue = None
        for ref in left.in_doubt:
            self._watch.in_doubt()
            self._reports.put(InDoubt(ref, at))
        for ref in left.unsent:
            self._reports.put(Unsent(ref, at))
        self._changed.unpark_all()  # who waits for credit here waits in vain
        if was_bound:
            self._watch.bound(False)
            self._log.info("route.parted", reason=dialogue.reason)
        elif dialogue.reason != BIND_REFUSED:  # of that we have spoken
            self._complaints.say("not_bound", fault=dialogue.reason)

    async def _stay_away_a_while(self) -> None:
        if self._draining:
            return
        self._phase = "waiting"
        self._attempts += 1
        delay = self._stay_away or self.config.back_off.delay(self._attempts, self._random)
        with trio.move_on_after(delay) as self._patience:
            await trio.sleep_forever()

    # ---- what the session tells

    def _hear(self, events: Sequence[Event]) -> None:
        at, on = self._clock(), self._on
        for event in events:
            if (react := on.get(type(event))) is not None:
                react(event, at)
        self._changed.unpark_all()

    def _answered(self, event: Answered, at: float) -> None:
        self._watch.submitted(status_name(event.status))
        if not event.status:
            self._pace.eased()
            self._reports.put(Accepted(event.ref, event.message_id, at))
            return
        action = self._statuses.action(event.status)
        self._reports.put(Refused(event.ref, event.status, action, at))
        if event.status == Status.ESME_RTHROTTLED:
            self._pace.throttled(trio.current_time(), self._random)  # the whole route, so that nothing overtakes
        elif action is Action.REBIND and self._dialogue is not None:
            self._dialogue.session.drain(trio.current_time())  # the window empties, then comes a new bind

    def _unanswered(self, event: Unanswered, at: float) -> None:
        self._watch.in_doubt()
        self._reports.put(InDoubt(event.ref, at))

    def _answered_late(self, event: AnsweredLate, at: float) -> None:
        self._watch.late()
        self._reports.put_belated(Belated(event.ref, event.status, event.message_id, at))

    def _asked(self, event: Asked, at: float) -> None:
        if self._dialogue is None:
            return
        receipt = read_receipt(event.pdu.fields, event.pdu.tlvs) if "esm_class" in event.pdu.fields else None
        if receipt is not None:
            self._reports.put(Receipted(receipt, at, self.config.operator, self._dialogue, event.pdu))
            return
        self._watch.unexpected()
        if "esm_class" in event.pdu.fields:  # an SMS to us: nobody here reads it, and the SMSC should not keep it
            self._dialogue.session.respond(event.pdu, trio.current_time())

    def _bound(self, _event: Bound, _at: float) -> None:
        self._phase, self._attempts = "bound", 0
        self._complaints.over()
        self._watch.bound(True)
        if self._was_bound:
            self._watch.reconnected()
        self._was_bound = True
        self._log.info("route.bound")

    def _bind_refused(self, event: BindRefused, _at: float) -> None:
        action = self._statuses.bind_action(event.status)
        self._complaints.say("bind_refused", status=status_name(event.status), action=action.value)
        if action is Action.ALARM:
            self._stay_away = self.config.slow
        if self._dialogue is not None:
            self._dialogue.leave(BIND_REFUSED)
