"""Alerts of one card leave in the order in which they were made, whatever happens to them, and to the clock."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from iso_alert.domain.alert import AlertState
from iso_alert.store.port import Lease, Untaken
from tests.support.bank import NOW, sale
from tests.support.engines import PLENTY, sqlite

CARDS = (1, 2, 3)
OPEN_BEFORE = (
    "SELECT count(*) FROM alert AS this JOIN alert AS before ON before.lane = this.lane AND before.id < this.id"
    " WHERE this.id = {} AND before.state IN ('queued', 'sending')"
)
AGAIN, NEVER = AlertState.QUEUED, AlertState.REFUSED


class Lanes(RuleBasedStateMachine):
    """Three cards, a courier with little room, an SMSC in a mood, and a clock that is set now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory()
        self.kept = sqlite(Path(self.place.name))
        self.kept.subscribe(*CARDS)
        self.now, self.stan = NOW, 0
        self.carried: list[Lease] = []

    def carry(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            assert self.kept.query(OPEN_BEFORE.format(lease.alert)) == [(0,)]
        self.carried += leases

    @rule(cards=st.lists(st.sampled_from(CARDS), min_size=1, max_size=6), room=st.integers(0, 4))
    def messages_come(self, cards: list[int], room: int) -> None:
        first, self.stan = self.stan, self.stan + len(cards)
        batch = [sale(card, stan, arrived_at=self.now) for stan, card in enumerate(cards, first)]
        self.carry(self.kept.record(*batch, room=room, now=self.now)[1])

    @rule(limit=st.integers(1, 5))
    def the_courier_claims(self, limit: int) -> None:
        self.carry(self.kept.claim(self.now, limit))

    @precondition(lambda self: self.carried)
    @rule(data=st.data(), becomes=st.sampled_from([None, AGAIN, NEVER]), pause=st.sampled_from([0.0, 1.0, 5.0]))
    def the_smsc_answers(self, data: st.DataObject, becomes: AlertState | None, pause: float) -> None:
        lease = self.carried.pop(data.draw(st.integers(0, len(self.carried) - 1)))
        if becomes is None:
            self.kept.take(lease)
        else:
            self.kept.store.settle([Untaken(lease.alert, becomes, "", self.now, pause)])

    @rule()
    def it_is_killed(self) -> None:
        self.kept.reopen()
        self.kept.store.recover()
        self.carried.clear()

    @rule(seconds=st.sampled_from([-3600.0, -1.0, 0.001, 2.0, 10.0]))
    def the_clock_goes_on(self, seconds: float) -> None:
        self.now += seconds

    def teardown(self) -> None:
        """Nothing is held up for ever."""
        with self.place, closing(self.kept.store):
            self.now += 1e6
            self.the_courier_claims(PLENTY)
            while self.carried:
                self.kept.take(self.carried.pop())
                self.the_courier_claims(PLENTY)

            assert {*self.kept.states()} <= {"accepted", "refused"}


Lanes.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_the_lanes = Lanes.TestCase
