"""The window's numbers, the pace, and the quick writer of submit_sm."""

from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.smpp.command import Command
from iso_alert.smpp.pace import BackOff, Bucket, Pace
from iso_alert.smpp.pdu import write_body
from iso_alert.smpp.pulse import Pulse
from iso_alert.smpp.submit import Source, relative_period, source, submit_form
from iso_alert.smpp.text import Part
from iso_alert.smpp.timers import Timers
from iso_alert.smpp.window import LAST_SEQUENCE, OVERDUE_WINDOWS, Leftovers, Window

SUBMIT, SUBMIT_RESP = Command.SUBMIT_SM, Command.SUBMIT_SM_RESP

# ---- sequence numbers


def test_numbers_wrap_past_those_outstanding() -> None:
    """After 0x7fffffff comes 1, unless 1 still waits for its answer."""
    window = Window(10)
    window.housekeeping(Command.ENQUIRE_LINK, 0.0)
    window.message(SUBMIT, "a", 0.0)
    window.fetched()
    window.message(SUBMIT, "b", 0.0)
    window._last = LAST_SEQUENCE - 1

    assert [window.next_sequence() for _ in range(3)] == [LAST_SEQUENCE, 4, 5]


def test_an_answer_cannot_come_before_its_question() -> None:
    """What was not fetched to be written is not settled by a peer that guesses its number."""
    window = Window(10)
    sequence = window.message(SUBMIT, "a", 0.0)

    assert window.settle(sequence, SUBMIT_RESP) is None
    assert window.give_up() == Leftovers(("a",), ())


def overdue(window: Window, *refs: str) -> list[int]:
    """Ask these, and let their time pass; their numbers."""
    numbers = [window.message(SUBMIT, ref, 0.0) for ref in refs]
    window.fetched()
    window.overdue(30.0, 30.0)
    return numbers


def test_an_answer_finds_what_is_overdue_once() -> None:
    """It takes no room meanwhile, an answer of another kind is none, and a second answer finds nothing."""
    window = Window(2)
    first, _ = overdue(window, "a", "b")

    assert (window.room, window.empty) == (2, True)
    assert window.settle_overdue(first, Command.DATA_SM_RESP) is None
    assert window.settle_overdue(first, SUBMIT_RESP) == (SUBMIT, "a", 0.0)
    assert window.settle_overdue(first, SUBMIT_RESP) is None


def test_only_so_much_that_is_overdue_is_remembered() -> None:
    """An SMSC that never answers costs a few windows of memory; the oldest are forgotten first."""
    window = Window(2)
    numbers = [number for _ in range(OVERDUE_WINDOWS + 3) for number in overdue(window, "a", "b")]
    found = [number for number in numbers if window.settle_overdue(number, SUBMIT_RESP)]

    assert found == numbers[-2 * OVERDUE_WINDOWS :]


def test_what_is_overdue_ends_with_its_connection() -> None:
    """Sequence numbers mean nothing on the next one; and it was told of already."""
    window = Window(2)
    first, _ = overdue(window, "a", "b")

    assert window.give_up() == Leftovers((), ())
    assert window.settle_overdue(first, SUBMIT_RESP) is None


def test_what_is_overdue_is_forgotten_in_time() -> None:
    """What was asked later is still known."""
    window = Window(2)
    (first,) = overdue(window, "a")
    second = window.message(SUBMIT, "b", 5.0)
    window.fetched()
    window.overdue(30.0, 35.0)
    window.forget(0.0)

    assert (window.settle_overdue(first, SUBMIT_RESP), window.missed) == (None, 5.0)
    assert window.settle_overdue(second, SUBMIT_RESP) == (SUBMIT, "b", 5.0)
    assert window.missed == -inf


# ---- the pulse


@pytest.mark.parametrize(
    ("heard", "missed", "again", "listens"),
    [
        (0.0, 1.0, 34.0, True),  # deaf since we asked
        (0.5, 0.0, 34.0, True),  # it said something else in the moment in which we asked
        (20.0, 1.0, 34.0, False),  # it has spoken since, and forgot one
        (30.5, 31.0, 31.1, False),  # it is hardly silent
        (0.0, -inf, 34.0, False),  # nothing is overdue
    ],
)
def test_a_peer_that_was_deaf_has_a_moment(heard: float, missed: float, again: float, listens: bool) -> None:
    """And whoever was not has none: an SMSC that forgets answers now and then does not stop the others."""
    pulse = Pulse(Timers(), heard)
    pulse.enquired(31.0)
    asking = pulse.weak
    pulse.beat(again, missed)
    listening = pulse.weak
    pulse.tick(again + 1.0)

    assert (asking, listening, pulse.weak) == (True, listens, False)


@given(st.lists(st.sampled_from(["ask", "fetch", "answer"])))
def test_nothing_is_lost(deeds: list[str]) -> None:
    """Whatever happens in whatever order, every message is answered, unsent or in doubt, and only one of these."""
    window, asked, answered = Window(1000), 0, []
    for deed in deeds:
        if deed == "ask":
            window.message(SUBMIT, asked, 0.0)
            asked += 1
        elif deed == "fetch":
            window.fetched()
        elif window._sent and (entry := window.settle(next(iter(window._sent)), SUBMIT_RESP)):
            answered.append(entry[1])
    left = window.give_up()

    assert [*answered, *left.in_doubt, *left.unsent] == list(range(asked))
    assert window.empty


# ---- pace


def test_a_bucket_drips() -> None:
    """Ten a second: one at first, the next a tenth of a second later, and never more than the burst."""
    bucket = Bucket(10.0)
    bucket.take(1, 100.0)

    assert bucket.available(100.0) == 0
    assert bucket.available(bucket.next_at(100.0)) == 1
    assert bucket.next_at(100.0) == pytest.approx(100.1)
    assert bucket.available(200.0) == 1


@given(st.floats(0.1, 10_000), st.lists(st.tuples(st.floats(0, 2), st.integers(0, 50)), max_size=50))
def test_a_bucket_keeps_its_rate(rate: float, calls: list[tuple[float, int]]) -> None:
    """Over any stretch of time no more goes out than the rate allows, plus one burst; and waiting always helps."""
    bucket, now, taken = Bucket(rate), 0.0, 0
    for wait, want in calls:
        now += wait
        count = min(want, int(bucket.available(now)))
        bucket.take(count, now)
        taken += count

        assert taken <= rate * now + bucket.burst + 1e-3
        assert bucket.available(bucket.next_at(now)) >= 1


def test_no_rate_is_no_limit() -> None:
    """And costs nothing."""
    bucket = Bucket()
    bucket.take(1_000_000, 0.0)

    assert (bucket.available(0.0), bucket.next_at(5.0)) == (inf, 5.0)


def test_back_off() -> None:
    """Doubles up to its most, with jitter between half and the whole."""
    most = [max(BackOff().delay(attempt, Random(seed)) for seed in range(200)) for attempt in (1, 2, 3, 7, 1000)]
    least = [min(BackOff().delay(attempt, Random(seed)) for seed in range(200)) for attempt in (1, 2, 3, 7, 1000)]

    assert most == pytest.approx([1, 2, 4, 60, 60], rel=0.02)
    assert least == pytest.approx([0.5, 1, 2, 30, 30], rel=0.02)


def test_a_throttled_route_pauses_once_a_window() -> None:
    """Many refusals of one window make one pause; the next pause is longer, until one message is taken."""
    pace, dice = Pace(Bucket(), BackOff(first=1.0, factor=2.0, most=30.0)), Random(1)
    lengths = []
    for now in (0.0, 100.0, 200.0):
        pace.throttled(now, dice)
        lengths.append(pace.next_at(now) - now)
        pace.throttled(now, dice)
        assert pace.next_at(now) - now == lengths[-1]
        assert pace.available(now) == 0
        assert pace.available(pace.next_at(now)) == inf
    pace.eased()
    pace.throttled(300.0, dice)

    assert [0.5 <= lengths[0] <= 1, 1 <= lengths[1] <= 2, 2 <= lengths[2] <= 4] == [True] * 3
    assert pace.next_at(300.0) <= 301


# ---- submit_sm, quickly

PARTS = st.builds(
    Part,
    st.sampled_from([0, 8]),
    st.binary(max_size=254),
    st.booleans(),
    st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=20), max_size=3),
)


@given(
    st.sampled_from(["KBank", "4545", "66812345678"]), st.from_regex(r"[0-9]{1,20}", fullmatch=True), PARTS,
    st.floats(1, 1e7), st.integers(0, 255),
)  # fmt: skip
def test_the_table_judges_the_quick_writer(
    name: str, destination: str, part: Part, validity: float, registered: int
) -> None:
    """The same octets as the slow writer makes of the table."""
    sender = source(name)
    fields = {
        "service_type": "CMT", "source_addr_ton": sender.ton, "source_addr_npi": sender.npi, "source_addr": name,
        "destination_addr_ton": 1, "destination_addr_npi": 1, "destination_addr": destination,
        "esm_class": part.esm_class, "validity_period": relative_period(int(validity)),
        "registered_delivery": registered, "data_coding": part.data_coding, "short_message": part.short_message,
    }  # fmt: skip

    assert submit_form(sender, "CMT", registered).body(destination, part, validity) == write_body(
        SUBMIT, fields, part.tlvs
    )


@pytest.mark.parametrize("destination", ["", "+66812345678", "6681234x", "6" * 21, "๖๖๘"])
def test_no_number(destination: str) -> None:
    """What is not E.164 digits is refused before it is written; Thai digits are digits, and are refused too."""
    with pytest.raises(ValueError, match="1 to 20 digits"):
        submit_form(source("BANK")).body(destination, Part(0, b"hi"), 60)


@pytest.mark.parametrize(
    ("name", "sender"),
    [("KBank", Source("KBank", 5, 0)), ("4545", Source("4545", 0, 1)), ("66812345678", Source("66812345678", 1, 1))],
)
def test_who_it_is_from(name: str, sender: Source) -> None:
    """A name, a short code, a number in full."""

    assert source(name) == sender


@pytest.mark.parametrize(
    ("seconds", "period"),
    [
        (86_400, "000001000000000R"),
        (3_661, "000000010101000R"),
        (0, "000000000001000R"),
        (10**9, "000099235959000R"),
    ],
)
def test_validity(seconds: int, period: str) -> None:
    """Relative, from a second to 99 days (7.1.1.2)."""

    assert relative_period(seconds) == period


def test_the_shortest_timer() -> None:
    """Whoever sleeps no longer than that oversleeps none."""

    assert Timers(bind=5, response=7, enquire_link=9).shortest == 5
