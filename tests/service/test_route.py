"""A route on good days, and what it makes of refusals."""

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock, memory_stream_pair

from iso_alert.service import route as route_module
from iso_alert.service.outcome import Accepted, InDoubt, Receipted, Refused, Submission
from iso_alert.service.reports import Reports, acknowledge
from iso_alert.service.route import Connect
from iso_alert.sim.smsc import SmscOptions
from iso_alert.smpp.command import Action, Command, Status
from iso_alert.smpp.pace import BackOff
from iso_alert.smpp.pdu import write_frame
from iso_alert.smpp.receipt import MessageState
from iso_alert.smpp.text import Part, cut

from .route_stage import make_route, message, of, refs, set_stage

# ---- the good day


async def test_a_message_is_accepted_and_receipted(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """It shows on the phone, its answer names it, and the receipt names it again."""
    scene = await set_stage(nursery)
    await scene.send("a")
    accepted, receipted = await scene.outcomes(2)
    acknowledge([receipted])
    await trio.testing.wait_all_tasks_blocked()

    assert accepted.ref == "a"
    assert receipted.receipt.state is MessageState.DELIVERED
    assert receipted.receipt.message_id == accepted.message_id
    assert [(sms.source, sms.destination, sms.text) for sms in scene.shown] == [("KBank", "66812345678", "Paid")]
    assert scene.operator.smsc.counters.receipts == 1


async def test_a_long_message_is_joined(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """Each part is a submission; the phone shows one text."""
    text = "ชำระ 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ"
    for method in ("udh8", "udh16", "sar", "payload"):
        scene = await set_stage(nursery, long_messages=method)
        parts = cut(text, reference=7, long_messages=method)
        await scene.route.wait_credit()
        scene.route.send([Submission((method, part.number), "66812345678", part, 60) for part in parts])
        await scene.outcomes(len(parts))

        assert [(sms.text, sms.encoding) for sms in scene.shown] == [(text, "ucs2")]


async def test_credit_is_the_window(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """No credit before the bind, a window of it after, less while answers are due, and more than credit is refused."""
    scene = await set_stage(nursery, SmscOptions(response_latency=1.0), window=2, registered_delivery=0)

    assert (scene.route.credit(), scene.route.bound, scene.route.state) == (0, False, "binding")

    await scene.route.wait_credit()

    assert (scene.route.credit(), scene.route.bound, scene.route.state) == (2, True, "bound")

    scene.route.send([message("a")])

    assert (scene.route.credit(), scene.route.in_flight) == (1, 1)

    with pytest.raises(ValueError, match="2 submissions on a credit of 1"):
        scene.route.send([message("b"), message("c")])
    await scene.send("b", "c")  # the third waits for an answer

    assert trio.current_time() == pytest.approx(1.0)
    assert refs(await scene.outcomes(3)) == ["a", "b", "c"]


async def test_order_is_kept(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """What is handed over first is shown first."""
    scene = await set_stage(nursery, window=7)
    for number in range(100):
        await scene.send(number)
    await scene.outcomes(100)

    assert scene.operator.smsc.counters.submitted == 100
    assert scene.watch.seen["ESME_ROK"] == 100


async def test_rate(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A route of 50 PDUs a second takes two seconds for a hundred, however wide its window."""
    scene = await set_stage(nursery, rate=50.0)
    await scene.send(*range(105))

    assert trio.current_time() == pytest.approx(2.0, abs=0.01)
    assert scene.operator.smsc.counters.submitted >= 100


async def test_enquire_links_keep_it_alive(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """An hour of silence is no reason to part."""
    scene = await set_stage(nursery)
    await scene.route.wait_credit()
    await trio.sleep(3600)

    assert (scene.route.state, len(scene.operator.calls)) == ("bound", 1)


# ---- refusals


async def test_throttled_route_pauses(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """The refused one is told to come again, and the whole route waits a moment."""
    scene = await set_stage(nursery, SmscOptions(throttle_every=2), throttle=BackOff(first=8.0))
    await scene.send("a", "b")
    accepted, refused = await scene.outcomes(2)

    assert (accepted.ref, type(accepted)) == ("a", Accepted)
    assert refused == Refused("b", Status.ESME_RTHROTTLED, Action.RETRY, trio.current_time())
    assert (scene.route.credit(), scene.route.state) == (0, "throttled")

    before = trio.current_time()
    await scene.route.wait_credit()

    assert 4.0 <= trio.current_time() - before <= 8.0
    assert scene.route.state == "bound"


async def test_a_number_that_is_none_is_refused_here(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """It never reaches the SMSC, and never comes again."""
    scene = await set_stage(nursery)
    await scene.route.wait_credit()
    scene.route.send([Submission("a", "+66 81", Part(0, b"hi"), 60), message("b")])
    refused, accepted = await scene.outcomes(2)

    assert (refused.ref, refused.status, refused.action) == ("a", Status.ESME_RINVDSTADR, Action.NEVER)
    assert accepted.ref == "b"
    assert scene.operator.smsc.counters.submitted == 1


@pytest.mark.parametrize(("status", "least", "most"), [(0x0E, 300, 301), (0x08, 0.5, 1.1)])
async def test_a_refused_bind(
    autojump_clock: MockClock, nursery: trio.Nursery, status: int, least: float, most: float
) -> None:
    """A wrong password is tried again slowly, and said aloud once; an SMSC with a fault is tried again soon."""
    with capture_logs() as log:
        scene = await set_stage(nursery, SmscOptions(refuse_bind=status))
        await trio.sleep(least + most)
        first, second = scene.operator.calls[:2]
        await trio.sleep(3 * most)

        assert least <= second - first <= most
        assert scene.route.credit() == 0

    assert [line["event"] for line in log] == ["route.bind_refused"]


async def test_not_bound_there(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """ESME_RINVBNDSTS: the window empties, we unbind, and bind again."""
    scene = await set_stage(nursery)
    ours, theirs = memory_stream_pair()
    route = make_route(one_after_another(ours, scene.operator.connect), scene.watch)
    await theirs.send_all(write_frame(Command.BIND_TRANSCEIVER_RESP, 0, 1, b"\0"))
    await nursery.start(route.run)
    await route.wait_credit()
    route.send([message("a"), message("b")])
    await theirs.send_all(write_frame(Command.SUBMIT_SM_RESP, Status.ESME_RINVBNDSTS, 2))
    refused, *_ = await route.outcomes()

    assert (refused, route.credit()) == (Refused("a", 4, Action.REBIND, trio.current_time()), 0)

    await theirs.send_all(write_frame(Command.SUBMIT_SM_RESP, 0, 3, b"7\0"))
    await theirs.send_all(write_frame(Command.UNBIND_RESP, 0, 4))
    await route.wait_credit()

    assert refs(await route.outcomes()) == ["b"]
    assert (route.bound, scene.watch.seen["reconnected"]) == (True, 1)


def one_after_another(first: trio.abc.Stream, then: Connect) -> Connect:
    """Connect to `first`, and ever after to `then`."""
    streams = [first]

    async def connect() -> trio.abc.Stream:
        return streams.pop() if streams else await then()

    return connect


# ---- receipts


async def test_a_receipt_not_acknowledged_comes_again(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """One that was not, when the connection broke, comes again; an acknowledgement from before is passed over."""
    scene = await set_stage(nursery)
    await scene.send("a")
    _, before = await scene.outcomes(2)
    await scene.operator.lines[0].aclose()
    (again,) = await scene.outcomes(1)
    acknowledge([before])
    await trio.testing.wait_all_tasks_blocked()

    assert (again.receipt, scene.operator.smsc.counters.receipts) == (before.receipt, 0)

    acknowledge([again])
    await trio.testing.wait_all_tasks_blocked()

    assert scene.operator.smsc.counters.receipts == 1


async def test_a_receipt_refused_comes_again(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """Answered with a temporary error, the SMSC tries again later."""
    scene = await set_stage(nursery)
    await scene.send("a")
    _, receipted = await scene.outcomes(2)
    acknowledge([receipted], Status.ESME_RX_T_APPN)
    (again,) = await scene.outcomes(1)

    assert again.receipt == receipted.receipt


async def test_a_receipt_may_come_first(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """Before the answer to its message, and in another spelling of the id."""
    scene = await set_stage(nursery, SmscOptions(receipt_first=True, receipt_id="decimal"))
    await scene.send("a")
    receipted, accepted = await scene.outcomes(2)

    assert int(receipted.receipt.message_id) == int(accepted.message_id, 16)


async def test_outcomes_nobody_fetches_stop_the_reading(
    autojump_clock: MockClock, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backlog is bounded: the SMSC waits (and repeats its receipts), no timer lies, and nothing is lost."""
    monkeypatch.setattr(route_module, "BACKLOG", 3)
    scene = await set_stage(nursery)
    await scene.send(*range(40))
    await trio.sleep(600)

    assert (scene.route.state, scene.watch.seen["in_doubt"]) == ("bound", 0)

    outcomes = await scene.outcomes(80)

    assert refs(outcomes) == list(range(40))
    assert len({each.receipt.message_id for each in of(Receipted, outcomes)}) == 40


async def test_reports_are_fetched_once_and_end() -> None:
    """All that waits comes in one list; an empty list comes only after the end."""
    reports = Reports(10)
    reports.put(InDoubt("a", 0.0))
    reports.put(InDoubt("b", 0.0))
    first = await reports.fetch()
    reports.end()

    assert (refs(first), await reports.fetch()) == (["a", "b"], [])


async def test_reports_of_several_end_with_the_last() -> None:
    """Whoever fetches is not sent home while somebody may still have something to say."""
    reports = Reports(10)
    reports.begin()
    reports.begin()
    reports.end()
    reports.put(InDoubt("a", 0.0))
    first = await reports.fetch()
    with trio.move_on_after(0) as waited:
        await reports.fetch()
    reports.end()

    assert (refs(first), waited.cancelled_caught, await reports.fetch()) == (["a"], True, [])
