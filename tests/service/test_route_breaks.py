"""A route when things break, and when it is told to stop."""

from functools import partial
from random import Random
from typing import Any, cast

import pytest
import trio
from attrs import evolve
from structlog.testing import capture_logs
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair

from iso_alert.service.outcome import Accepted, InDoubt, Unsent
from iso_alert.service.reports import acknowledge
from iso_alert.service.route import Route
from iso_alert.service.tls import Tls
from iso_alert.sim.smsc import Sms, Smsc, SmscOptions
from iso_alert.smpp.command import Command
from iso_alert.smpp.pace import BackOff
from iso_alert.smpp.pdu import write_frame

from .route_stage import CONFIG, STATUSES, make_route, message, of, refs, set_stage

# ---- what breaks


async def test_a_break_leaves_doubt_and_comes_back(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """What was written and not answered is in doubt; the route binds anew by itself."""
    scene = await set_stage(nursery, SmscOptions(drop_every=3, response_latency=1.0), registered_delivery=0)
    await scene.send("a", "b", "c")

    assert refs(of(InDoubt, await scene.outcomes(3))) == ["a", "b", "c"]

    await scene.send("d")

    assert refs(of(Accepted, await scene.outcomes(1))) == ["d"]
    assert scene.watch.seen == {"ESME_ROK": 1, "up": 2, "down": 1, "reconnected": 1, "in_doubt": 3}


async def test_an_answer_that_never_comes(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """After thirty seconds the message is in doubt, and the session goes on."""
    scene = await set_stage(nursery, SmscOptions(ignore_every=2))
    await scene.send("a", "b")
    accepted, *_ = await scene.outcomes(1)
    doubtful: list[Any] = []
    while not doubtful:
        doubtful = of(InDoubt, await scene.route.outcomes())

    assert (accepted.ref, refs(doubtful)) == ("a", ["b"])
    assert trio.current_time() == pytest.approx(30.0)
    assert (scene.route.state, scene.route.in_flight) == ("bound", 0)


async def test_a_peer_that_hangs_is_given_nothing_more(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """What it did not answer waits for the next connection: said again to nobody, it would be in doubt for ever."""
    ours, theirs = memory_stream_pair()

    async def connect() -> trio.abc.Stream:
        return ours

    route = make_route(connect)
    await nursery.start(route.run)
    await theirs.receive_some()
    await theirs.send_all(write_frame(Command.BIND_TRANSCEIVER_RESP, 0, 1, b"\0"))
    await route.wait_credit()
    route.send([message("a")])

    assert refs(of(InDoubt, await route.outcomes())) == ["a"]
    assert (route.credit(), route.state) == (0, "bound")

    await trio.sleep(31)

    assert route.state != "bound"


async def test_an_answer_that_never_comes_stops_nobody_else(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """An SMSC that is there says so at once; if no late answer follows within a second, there is credit again."""
    scene = await set_stage(nursery, SmscOptions(ignore_every=1), registered_delivery=0)
    await scene.send("a")
    await scene.route.outcomes()
    await scene.route.wait_credit()

    assert trio.current_time() == pytest.approx(31.0)


async def test_a_late_answer_says_what_became_of_it(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """It is counted, told after the doubt, and gives the message id."""
    scene = await set_stage(nursery, SmscOptions(response_latency=40.0), registered_delivery=0)
    await scene.send("a")
    await trio.sleep(50)
    in_doubt, belated = await scene.outcomes(2)

    assert refs([in_doubt, belated]) == ["a", "a"]
    assert (type(in_doubt), belated.status, len(belated.message_id)) == (InDoubt, 0, 8)
    assert scene.watch.seen == {"up": 1, "in_doubt": 1, "late": 1}


async def test_nothing_goes_before_a_late_answer_is_heard(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """It may speak of what would be sent again: until somebody has fetched it there is no credit."""
    scene = await set_stage(nursery, SmscOptions(response_latency=40.0), registered_delivery=0)
    await scene.send("a")
    await trio.sleep(50)
    before = scene.route.credit()
    await scene.outcomes(2)

    assert (before, scene.route.credit()) == (0, 50)


async def test_what_was_not_written_is_unsent(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A peer that stops reading and then hangs up: the batch in the pipe is in doubt, the one behind it is not."""
    ours, theirs = lockstep_stream_pair()

    async def connect() -> trio.abc.Stream:
        return ours

    route = make_route(connect)
    await nursery.start(route.run)
    await theirs.receive_some()
    await theirs.send_all(write_frame(Command.BIND_TRANSCEIVER_RESP, 0, 1, b"\0"))
    await route.wait_credit()
    route.send([message("a"), message("b")])
    await trio.testing.wait_all_tasks_blocked()
    route.send([message("c")])
    await theirs.aclose()
    outcomes = await route.outcomes()

    assert (refs(of(InDoubt, outcomes)), refs(of(Unsent, outcomes))) == (["a", "b"], ["c"])


async def test_an_smsc_that_is_down(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """We knock less and less often, and say so once; when it is back, so are we."""
    with capture_logs() as log:
        scene = await set_stage(nursery, down=True, back_off=BackOff(most=8.0))
        await trio.sleep(100)
        gaps = [after - before for before, after in zip(scene.operator.calls, scene.operator.calls[1:], strict=False)]
        scene.operator.down = False
        await scene.route.wait_credit()

        assert all(most / 2 <= gap <= most for gap, most in zip(gaps, [1, 2, 4, 8, 8, 8, 8, 8], strict=False))

    assert [line["event"] for line in log] == ["route.unreachable", "route.bound"]


async def test_an_smsc_that_does_not_answer_the_call(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A connection that takes longer than the bind timer is given up."""
    calls = []

    async def connect() -> trio.abc.Stream:
        calls.append(trio.current_time())
        await trio.sleep_forever()
        raise AssertionError("never")

    route = make_route(connect)
    await nursery.start(route.run)
    await trio.sleep(15)

    assert len(calls) == 2
    assert 10.5 <= calls[1] - calls[0] <= 11


@pytest.mark.parametrize("octets", [b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(64), b"\0\0\0\x10" + b"\xff" * 12])
async def test_nonsense_from_the_peer(autojump_clock: MockClock, nursery: trio.Nursery, octets: bytes) -> None:
    """Whatever the peer says, the route does not fall; it hangs up if it must, and calls again."""
    calls = 0

    async def connect() -> trio.abc.Stream:
        nonlocal calls
        calls += 1
        ours, theirs = memory_stream_pair()
        await theirs.send_all(octets)
        return ours

    route = make_route(connect)
    await nursery.start(route.run)
    await trio.sleep(60)

    assert calls > 1


async def test_a_cancelled_route_tells_what_is_open(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """Every submission has an outcome, even then."""
    scene = await set_stage(nursery, SmscOptions(response_latency=5.0))
    async with trio.open_nursery() as nursery:
        route = make_route(scene.operator.connect)
        await nursery.start(route.run)
        await route.wait_credit()
        route.send([message("a")])
        await trio.sleep(1)
        nursery.cancel_scope.cancel()

    assert refs(of(InDoubt, await route.outcomes())) == ["a"]
    assert await route.outcomes() == []
    assert route.state == "ended"


# ---- parting


async def test_drain_waits_for_answers_and_unbinds(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """No credit at once; the answer and the receipt in hand still count; then unbind, and nothing more."""
    with capture_logs() as log:
        scene = await set_stage(nursery, SmscOptions(response_latency=2.0))
        await scene.send("a")
        scene.nursery.start_soon(scene.route.drain)
        await trio.testing.wait_all_tasks_blocked()

        assert (scene.route.credit(), scene.route.state) == (0, "draining")
        assert refs(await scene.outcomes(1)) == ["a"]

        await scene.route.drain()

        assert (scene.route.state, await scene.route.outcomes()) == ("ended", [])

    assert [(line["event"], line.get("reason")) for line in log] == [("route.bound", None), ("route.parted", "unbound")]


async def test_drain_waits_for_acknowledgements(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A receipt in the courier's hands is acknowledged before we part."""
    scene = await set_stage(nursery)
    await scene.send("a")
    _, receipted = await scene.outcomes(2)
    scene.nursery.start_soon(scene.route.drain)
    await trio.sleep(5)

    assert scene.route.state == "draining"

    acknowledge([receipted])
    await scene.route.drain()

    assert scene.operator.smsc.counters.receipts == 1


async def test_drain_of_a_route_that_is_down(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """It does not wait for an SMSC that is not there."""
    scene = await set_stage(nursery, down=True)
    await trio.sleep(20)
    before = trio.current_time()
    await scene.route.drain()

    assert (scene.route.state, trio.current_time()) == ("ended", before)


async def test_drain_of_a_route_that_never_ran() -> None:
    """There is nothing to wait for."""
    await Route(CONFIG, STATUSES, random=Random(1), clock=trio.current_time).drain()


async def test_tls(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """The same under TLS, on a real socket, with the certificate checked."""
    trustme = pytest.importorskip("trustme")
    ssl = pytest.importorskip("ssl")
    authority, shown = trustme.CA(), list[Sms]()
    theirs, ours = (
        ssl.create_default_context(purpose) for purpose in (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH)
    )
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)
    smsc = Smsc(SmscOptions(), shown.append)
    listeners = await nursery.start(partial(trio.serve_ssl_over_tcp, smsc.carry, 0, theirs, host="localhost"))
    port = listeners[0].transport_listener.socket.getsockname()[1]
    config = evolve(CONFIG, host="localhost", port=port, tls=Tls(ours))
    route = Route(config, STATUSES, random=Random(1), clock=trio.current_time)
    await nursery.start(route.run)
    await route.wait_credit()
    route.send([message("a")])

    assert refs(await route.outcomes()) == ["a"]

    await route.drain()

    assert [sms.text for sms in shown] == ["Paid"]


@pytest.mark.parametrize(("what", "value"), [("system_id", "x" * 16), ("source", "x" * 21), ("system_type", "x" * 13)])
def test_a_configuration_nobody_could_be_told(what: str, value: str) -> None:
    """Is refused before anything is opened."""
    with pytest.raises(ValueError, match="does not fit"):
        evolve(CONFIG, **cast("Any", {what: value}))


def test_the_password_does_not_print() -> None:
    """Not even in a traceback."""

    assert "secret" not in repr(CONFIG)
