"""The courier's bag: what is said of alerts in time and late, wherever they are by then, as the store is told it."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from attrs import define, evolve, field

from iso_alert.domain.alert import AlertState
from iso_alert.service.bag import Bag
from iso_alert.service.outcome import Accepted, Belated, InDoubt, Outcome, Refused, Unsent
from iso_alert.service.route_config import RouteConfig
from iso_alert.service.way import Way
from iso_alert.smpp.command import Action, Status
from iso_alert.store.port import Lease, Result, Taken, Undoubted, Untaken
from tests.service.route_stage import CONFIG
from tests.support.bank import NOW

ENGLISH = Lease(7, "+66812345678", "Paid THB 2,500.00", "approval", NOW)
THAI = evolve(ENGLISH, text="ชำระ 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ")
QUEUED, UNKNOWN = AlertState.QUEUED, AlertState.UNKNOWN
Ref = Any


@define(eq=False)
class Street:
    """A way to an operator: what it was given is written at once, or waits."""

    config: RouteConfig = CONFIG
    written: bool = True
    but: int = 0  # so many parts are, when the rest is not
    waiting: list[Ref] = field(factory=list)
    taken_back: list[Ref] = field(factory=list)

    def told(self) -> None:
        """It counts what it has given; nobody asks here."""

    def unwritten(self) -> frozenset[Ref]:
        return frozenset(self.waiting)

    def take_back(self, ref: Ref) -> bool:
        self.taken_back.append(ref)
        return not self.written


@define(eq=False)
class Hands:
    """A bag, and who watches it."""

    lost: list[AlertState] = field(factory=list)
    bag: Bag = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.bag = Bag(self, lambda: False)

    def submitted_after(self, seconds: float) -> None:
        """Of no interest here."""

    def given_up(self, state: AlertState) -> None:
        self.lost.append(state)

    def pack(self, lease: Lease, way: Street | None = None) -> list[Ref]:
        """Give it to a way; the references of its parts."""
        way = way or Street()
        refs = [each.ref for each in self.bag.pack(lease, cast("Way", way), NOW)]
        way.waiting += [] if way.written else refs[way.but :]
        return refs

    def say(self, *outcomes: Outcome) -> list[str]:
        """What the store is told, in short."""
        return [_short(result) for result in self.bag.results(outcomes)]

    def doubt(self, lease: Lease) -> list[Ref]:
        """An attempt that is written and not answered."""
        refs = self.pack(lease)
        self.say(*(InDoubt(ref, NOW) for ref in refs))
        return refs


def _short(result: Result) -> str:
    match result:
        case Taken():
            return f"part {result.n} of {result.parts} taken"
        case Untaken():
            return f"{result.state.value}: {result.cause}{' (doubt)' if result.doubt else ''}"
        case Undoubted():
            return f"one doubt less than {result.doubts + 1}: {result.cause}"
    raise AssertionError(result)


def yes(ref: Ref) -> Belated:
    return Belated(ref, 0, "A1", NOW + 34)


def no(ref: Ref) -> Belated:
    return Belated(ref, Status.ESME_RMSGQFUL, "", NOW + 34)


def again(lease: Lease = ENGLISH, **changed: Any) -> Lease:
    """As it is leased the next time."""
    return evolve(lease, doubts=1, **changed)


UNDOUBTED = "one doubt less than 1: answered late: ESME_ROK"
DENIED = "one doubt less than 1: answered late: ESME_RMSGQFUL"
RECALLED = "queued: not written"
DOUBTFUL = "queued: in doubt: written and not answered (doubt)"


@pytest.fixture
def hands() -> Hands:
    return Hands()


# ---- it waits to go again


def test_a_late_yes_settles_what_waits_in_the_store(hands: Hands) -> None:
    """It was told once, and known; nothing is left of the doubt."""
    (ref,) = hands.doubt(ENGLISH)

    assert hands.say(yes(ref)) == ["part 1 of 1 taken", UNDOUBTED]


def test_a_late_no_leaves_it_in_the_store(hands: Hands) -> None:
    """It goes again, as if for the first time."""
    (ref,) = hands.doubt(ENGLISH)

    assert hands.say(no(ref)) == [DENIED]


@pytest.mark.parametrize(
    ("answer", "told"), [(yes, [RECALLED, "part 1 of 1 taken", UNDOUBTED]), (no, [RECALLED, DENIED])]
)
def test_what_is_leased_goes_back(hands: Hands, answer: Callable[[Ref], Belated], told: list[str]) -> None:
    """The store knows what is left to be sent; leases of others stay."""
    (ref,) = hands.doubt(ENGLISH)
    other = evolve(ENGLISH, alert=8)
    hands.bag.ready.extend((again(), other))

    assert hands.say(answer(ref)) == told
    assert list(hands.bag.ready) == [other]


def test_parts_are_known_one_by_one(hands: Hands) -> None:
    """One was taken and the other was not: that one goes again, and nobody can have seen anything twice."""
    first, second = hands.doubt(THAI)

    assert hands.say(yes(first)) == ["part 1 of 2 taken"]
    assert hands.say(no(second)) == [DENIED]


def test_an_alert_that_is_unknown_is_found_too(hands: Hands) -> None:
    """Its last copy was taken after all."""
    ref, *_ = hands.doubt(again())

    assert hands.lost == [UNKNOWN]
    assert hands.say(yes(ref)) == ["part 1 of 1 taken", "one doubt less than 2: answered late: ESME_ROK"]


# ---- other parts are on their way


def test_a_late_yes_takes_a_part_out_of_doubt(hands: Hands) -> None:
    """The other part is answered in time: the alert was never in doubt."""
    first, second = hands.pack(THAI)

    assert hands.say(InDoubt(first, NOW)) == []
    assert hands.say(yes(first)) == ["part 1 of 2 taken"]
    assert hands.say(Accepted(second, "B2", NOW)) == ["part 2 of 2 taken"]


def test_a_late_no_says_which_part_to_send(hands: Hands) -> None:
    """As if it had come in time."""
    first, second = hands.pack(THAI)
    hands.say(InDoubt(first, NOW), no(first))

    assert hands.say(Accepted(second, "B2", NOW)) == ["part 2 of 2 taken", "queued: answered late: ESME_RMSGQFUL"]


def test_a_doubt_and_its_answer_in_one_breath(hands: Hands) -> None:
    """Heard together, there is no doubt to write down."""
    (ref,) = hands.pack(ENGLISH)

    assert hands.say(InDoubt(ref, NOW), yes(ref)) == ["part 1 of 1 taken"]


# ---- a copy is on its way

FATES = [InDoubt(None, NOW), Refused(None, Status.ESME_RINVDSTADR, Action.NEVER, NOW), Unsent(None, NOW)]


@pytest.mark.parametrize("fate", FATES, ids=lambda fate: type(fate).__name__)
def test_what_a_copy_meets_counts_no_more(hands: Hands, fate: InDoubt | Refused | Unsent) -> None:
    """The first one was taken, so the alert is not unknown, nor refused, nor sent a third time."""
    (ref,) = hands.doubt(ENGLISH)
    (copy,) = hands.pack(again())

    assert hands.say(yes(ref)) == ["part 1 of 1 taken"]
    assert hands.say(evolve(fate, ref=copy)) == []
    assert hands.lost == []


def test_a_copy_that_is_taken_too_is_a_copy(hands: Hands) -> None:
    """Both message ids are kept, for receipts; the doubt stays."""
    (ref,) = hands.doubt(ENGLISH)
    (copy,) = hands.pack(again())

    assert hands.say(Accepted(copy, "B2", NOW)) == ["part 1 of 1 taken"]
    assert hands.say(yes(ref)) == ["part 1 of 1 taken"]


def test_a_copy_that_is_not_written_is_taken_back(hands: Hands) -> None:
    """It waited for its operator's room: nobody sees it, and nobody was told twice."""
    way = Street(written=False)
    (ref,) = hands.doubt(ENGLISH)
    (copy,) = hands.pack(again(), way)

    assert hands.say(yes(ref)) == ["part 1 of 1 taken", UNDOUBTED]
    assert way.taken_back == [copy]
    assert hands.say(Unsent(copy, NOW)) == []


def test_a_late_no_makes_the_copy_the_first(hands: Hands) -> None:
    """If that is in doubt, too, it goes once more, and is not unknown."""
    (ref,) = hands.doubt(ENGLISH)
    (copy,) = hands.pack(again())

    assert hands.say(no(ref)) == [DENIED]
    assert hands.say(InDoubt(copy, NOW)) == [DOUBTFUL]


def test_a_copy_of_one_part_leaves_the_other_its_fault(hands: Hands) -> None:
    """The late answer speaks of the first part only."""
    first, _ = hands.doubt(THAI)
    copies = hands.pack(again(THAI))

    assert hands.say(yes(first)) == ["part 1 of 2 taken"]
    assert hands.say(*(Unsent(copy, NOW) for copy in copies)) == [RECALLED]


# ---- by another operator

ELSEWHERE = Street(evolve(CONFIG, operator="other"))


def test_half_an_alert_by_each_operator_is_no_alert(hands: Hands) -> None:
    """The other one was given the whole, so a part that the first has is of no use."""
    first, _ = hands.doubt(THAI)
    hands.pack(again(THAI), ELSEWHERE)

    assert hands.say(yes(first)) == []


def test_a_whole_alert_is_one_by_whichever_operator(hands: Hands) -> None:
    """It has a single part, and the first operator has it."""
    (ref,) = hands.doubt(ENGLISH)
    (copy,) = hands.pack(again(), ELSEWHERE)

    assert hands.say(yes(ref)) == ["part 1 of 1 taken"]
    assert hands.say(InDoubt(copy, NOW)) == []


# ---- what is not on the wire


def test_what_waits_for_room_is_held(hands: Hands) -> None:
    """Leased, or given to a route that has not written anything of it; once a part is on the wire the alert is."""
    full, half = Street(written=False), Street(written=False, but=1)
    hands.bag.ready.append(ENGLISH)
    hands.pack(evolve(THAI, alert=8), full)
    hands.pack(evolve(THAI, alert=9), half)
    hands.pack(evolve(THAI, alert=10))

    assert hands.bag.held() == 2


# ---- memory


def test_only_routes_remember(hands: Hands) -> None:
    """An attempt that no route can tell of any more is forgotten."""
    refs = hands.doubt(ENGLISH)
    before = len(hands.bag._in_doubt)
    refs.clear()

    assert (before, len(hands.bag._in_doubt)) == (1, 0)
    assert hands.bag._carried == {}
