"""Random lives of two subscribers in the real store, beside a model that knows the grid of the rules."""

import tempfile
from pathlib import Path
from typing import TypeAlias

from attrs import define, evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from iso_alert.domain.command import Operation
from iso_alert.domain.reason import Reason
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.store.port import Confirmed, Lease, Taken
from tests.domain.test_subscribing import CELLS
from tests.support.bank import NOW, card, card_line, mobile, sale
from tests.support.engines import ROUTE, Kept, sqlite
from tests.support.people import AGENT, HOUR, command, rules

S: TypeAlias = SubscriptionState
OUTCOME = {
    "none": Reason.NOT_SUBSCRIBED,
    "active": Reason.TOLD,
    "suspended": Reason.SUSPENDED,
}  # of a purchase, by the state of the subscription; all others are not active

ASKING = (Operation.APPLY, Operation.APPROVE, Operation.CHANGE_NUMBER, Operation.RESUME)  # send the confirming SMS
OFTEN = st.sampled_from((Operation.APPLY, Operation.APPLY, Operation.CANCEL, Operation.CHANGE_NUMBER))
OPERATIONS = st.one_of(OFTEN, st.sampled_from(Operation))
FIRM = rules(refusal_stands=1e9)


@define
class Model:
    """What one subscriber must be like."""

    state: S = S.NONE
    behind: S | None = None
    number: int = 0  # which of the two mobiles
    application: int = 0  # changes with everything that needs a new confirmation
    lapses_at: float = 0.0

    def take(self, operation: Operation, cell: str, now: float) -> str:
        """The result that must come, and what is so afterwards."""
        result, _, rest = cell.partition(":")
        hidden_end = self.behind in (S.CANCELLED, S.REFUSED, S.EXPIRED)
        if hidden_end and operation in (Operation.CANCEL, Operation.NEWS_OFF):
            return "25"
        if operation is Operation.SUSPEND and result == "00" and self.state is not S.SUSPENDED:
            self.state, self.behind = S.SUSPENDED, self.state
        elif operation is Operation.RESUME and result == "00":
            self.state, self.behind = self.behind or S.NONE, None
        elif after := rest.partition(":")[0]:
            self.state, self.behind = S(after), self.behind if after == "suspended" else None
        if self.state is S.CONFIRMING and result == "00" and operation in ASKING:
            self.lapses_at = now + 72 * HOUR
        return result

    def confirm(self) -> None:
        if self.state is S.CONFIRMING:
            self.state = S.ACTIVE
        elif self.state is S.SUSPENDED and self.behind is S.CONFIRMING:
            self.behind = S.ACTIVE


@define
class Sent:
    """An SMS on the way to a phone."""

    lease: Lease
    whose: int
    number: int
    application: int


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now, self.stan, self.stopped = NOW, 0, False
        self.rows = 0  # of the trail
        self.models = {1: Model(), 2: Model()}
        self.on_the_way: list[Sent] = []
        self.made: dict[int, tuple[int, int, int]] = {}  # alert: whose, number, application

    @initialize()
    def begin(self) -> None:
        self._place = tempfile.TemporaryDirectory()
        self.kept: Kept = sqlite(Path(self._place.name))
        self.kept.store.import_cards([card_line(1)])  # card 2 is not on file

    def teardown(self) -> None:
        self.kept.store.close()
        self._place.cleanup()

    def later(self, seconds: float = 1.0) -> float:
        self.now += seconds
        return self.now

    def remember(self, whose: int) -> None:
        """Which SMS a step has made, and for which application."""
        model = self.models[whose]
        for (number,) in self.kept.query("SELECT id FROM alert WHERE lane < 0"):
            self.made.setdefault(number, (whose, model.number, model.application))

    @rule(whose=st.sampled_from((1, 1, 1, 2)), operation=OPERATIONS, again=st.booleans(), careful=st.booleans())
    def ask(self, whose: int, operation: Operation, again: bool, careful: bool) -> None:
        """Any operation at any time; asked twice with one key it is done once."""
        model, now = self.models[whose], self.later()
        before = model.state
        cell = CELLS[operation, before]
        if careful and operation is Operation.APPLY and cell.startswith("00") and before is not S.CONFIRMING:
            cell = "09:applied"
        by = evolve(FIRM, needs_approval=careful)
        other = 1 - model.number
        to = other if operation is Operation.CHANGE_NUMBER else model.number
        asked = command(operation, card=card(whose), mobile=mobile(whose + 10 * to))
        answers = [self.kept.store.people.execute(asked, by, now, f"k{now}") for _ in range(1 + again)]
        result = model.take(operation, cell, now)
        if operation is Operation.CHANGE_NUMBER and result == "00":
            model.number = other
        renewed = operation is Operation.APPLY or (operation is Operation.CHANGE_NUMBER and before is S.CONFIRMING)
        model.application += renewed and result in ("00", "09", "26")
        self.rows += 1
        self.remember(whose)

        assert [answer.result.value for answer in answers] == [result] * (1 + again)
        assert [answer.repeat for answer in answers] == [False, True][: 1 + again]

    @rule()
    def send(self) -> None:
        """The operator takes what waits."""
        for lease in self.kept.claim(self.later()):
            self.kept.store.settle([Taken(lease.alert, 1, 1, ROUTE, (f"id{lease.alert}",), self.now)])
            if lease.key == "enrolled":
                self.on_the_way.append(Sent(lease, *self.made[lease.alert]))

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data(), delivered=st.booleans())
    def receipt(self, data: st.DataObject, delivered: bool) -> None:
        """A confirming SMS arrives, or does not, in any order."""
        sent = self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1)))
        word, model = "DELIVRD" if delivered else "UNDELIV", self.models[sent.whose]
        ids = (f"id{sent.lease.alert}",)
        self.kept.store.settle([Confirmed(ROUTE, ids, sent.lease.mobile, word, delivered, "", self.later())])
        if delivered and (sent.number, sent.application) == (model.number, model.application):
            before = (model.state, model.behind)
            model.confirm()
            self.rows += before != (model.state, model.behind)

    @rule(whose=st.sampled_from((1, 2)))
    def buy(self, whose: int) -> None:
        """Told exactly when the subscription is active and nobody has stopped the service."""
        self.stan += 1
        (one,), _ = self.kept.record(sale(whose, self.stan, arrived_at=self.later()), now=self.now)
        state = self.models[whose].state.value

        assert one.decision
        assert one.decision.reason is (Reason.STOPPED if self.stopped else OUTCOME.get(state, Reason.NOT_ACTIVE))

    @rule(hours=st.sampled_from((1, 20, 80)))
    def wait(self, hours: int) -> None:
        """Time passes, and the calendar looks."""
        now = self.later(hours * HOUR)
        self.kept.store.people.lapse(now, FIRM)
        for whose, model in self.models.items():
            if model.state is S.CONFIRMING and now >= model.lapses_at:
                model.state = S.EXPIRED
            self.remember_resent(whose)
        self.rows = self.kept.count("audit")  # how often it looked is its own business

    def remember_resent(self, whose: int) -> None:
        """An SMS that was sent again is for the application of the first."""
        model = self.models[whose]
        for number, phone in self.kept.query("SELECT id, mobile FROM alert WHERE lane < 0"):
            if phone in (mobile(whose), mobile(whose + 10)):
                self.made.setdefault(number, (whose, model.number, model.application))

    @rule(stopped=st.booleans())
    def stop(self, stopped: bool) -> None:
        """The kill switch."""
        self.kept.store.people.set_stopped(stopped, AGENT, self.later())
        self.stopped, self.rows = stopped, self.rows + 1

    @rule()
    def restart(self) -> None:
        """Nothing of this lives in memory."""
        self.kept.reopen()

    @invariant()
    def is_as_the_model_says(self) -> None:
        """State, number, and what ends with a cancellation."""
        for whose, model in self.models.items():
            standing = self.kept.store.people.standing(card(whose))
            record = standing.record if standing else None

            assert (record.state if record else S.NONE) is model.state
            if record:
                assert record.mobile == mobile(whose + 10 * model.number)
                assert record.suspended_from is model.behind
                assert not (record.news and model.state is S.CANCELLED)

    @invariant()
    def everything_is_on_the_trail(self) -> None:
        """One row for each thing that happened, and none that was changed."""
        assert self.kept.store.people.verify_audit() == []
        assert self.kept.count("audit") == self.rows


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
