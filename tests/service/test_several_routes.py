"""Several routes under one courier: shares, fail-over, one operator on two binds, and routes that are sent away."""

from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock, memory_stream_pair

from iso_alert.domain.card import Kind
from iso_alert.domain.money import Money
from iso_alert.domain.text import Language
from iso_alert.service.route import RouteConfig
from iso_alert.sim.smsc import SmscOptions
from iso_alert.smpp.command import Status
from iso_alert.smpp.pace import BackOff
from iso_alert.store.port import StoreUnavailable
from tests.service.route_stage import CONFIG
from tests.service.routes_stage import Plan, Scene, shop, stage
from tests.support.bank import NOW, sale, subscription_line
from tests.support.threads import no_threads

__all__ = ["no_threads"]
pytestmark = pytest.mark.usefixtures("no_threads")
LEFT = ((Kind.CREDIT, Money(45_000_000)),)  # a balance makes the published Thai text, which has two parts
THIRTY = range(1, 31)


def thai(scene: Scene, *serials: int) -> None:
    """These customers read Thai: their alerts have two parts."""
    scene.kept.store.import_subscriptions([subscription_line(n, Language.TH) for n in serials], NOW)


def once(scene: Scene, serials: range, stans: range = range(1, 2)) -> bool:
    """Whether each of these was told of each of its shops once, and in order."""
    return all(scene.shops(n) == [f"SHOP {n} {stan}" for stan in stans] for n in serials)


# ---- shares


async def test_alerts_are_shared_by_weight(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Twice as many go by the route of twice the weight, and each goes once."""
    async with stage(tmp_path, 30, ais=Plan(config={"weight": 2}), true=Plan()) as scene:
        await scene.record(*(shop(n, 1) for n in THIRTY))
        await scene.settled()
        await trio.sleep(1)

        assert scene.counts() == {"ais": 20, "true": 10}
        assert once(scene, THIRTY)
        assert scene.kept.states() == ["delivered"] * 30
        assert scene.metrics.registry.get_sample_value(
            "iso_alert_submit_sm_total", {"route": "true", "status": "ESME_ROK"}
        )


async def test_a_card_keeps_its_order_across_routes(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The second SMS of a card does not leave by a fast route while the first is on its way by a slow one."""
    slow = SmscOptions(response_latency=5.0)
    async with stage(tmp_path, ais=Plan(options=slow), true=Plan()) as scene:
        for stan in range(1, 8):
            await scene.record(*(shop(n, stan) for n in (1, 2, 3)))
        await scene.settled()

        assert once(scene, range(1, 4), range(1, 8))
        assert all(scene.counts().values())


async def test_each_route_cuts_in_its_own_way(autojump_clock: MockClock, tmp_path: Path) -> None:
    """One operator takes long messages in parts, another whole; the phones show the same."""
    async with stage(tmp_path, 4, ais=Plan(), true=Plan(config={"long_messages": "payload"})) as scene:
        thai(scene, 1, 2, 3, 4)
        await scene.record(*(sale(n, balances=LEFT) for n in range(1, 5)))
        await scene.settled()

        assert [[sms.parts for sms in shown] for shown in scene.shown.values()] == [[2, 2], [1, 1]]
        assert len({sms.text[-20:] for shown in scene.shown.values() for sms in shown}) == 1


# ---- fail-over


async def test_a_route_that_is_down_loses_its_share(autojump_clock: MockClock, tmp_path: Path) -> None:
    """All goes by the other, at once; when it is back, it gets its share again."""
    async with stage(tmp_path, 30, ais=Plan(down=True), true=Plan()) as scene:
        began = trio.current_time()
        await scene.record(*(shop(n, 1) for n in THIRTY))
        await scene.settled()
        took, alone = trio.current_time() - began, scene.counts()
        scene.ends["ais"].down = False
        await scene.bound("ais")
        await scene.record(*(shop(n, 2) for n in THIRTY))
        await scene.settled()

        assert (took < 1, alone) == (True, {"ais": 0, "true": 30})
        assert scene.counts()["ais"] in (15, 16)  # its turn comes where the other's was
        assert once(scene, THIRTY, range(1, 3))


async def test_what_a_throttled_route_refuses_goes_by_another_at_once(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """The whole route pauses, the alert does not."""
    plan = Plan(options=SmscOptions(throttle_every=1), config={"throttle": BackOff(first=60.0)})
    async with stage(tmp_path, 10, ais=plan, true=Plan()) as scene:
        began = trio.current_time()
        await scene.record(*(shop(n, 1) for n in range(1, 11)))
        await scene.settled()

        assert trio.current_time() - began < 1
        assert scene.states() == {"ais": "throttled", "true": "bound"}
        assert scene.counts() == {"ais": 0, "true": 10}
        assert once(scene, range(1, 11))


async def test_where_all_are_throttled_an_alert_waits(autojump_clock: MockClock, tmp_path: Path) -> None:
    """There is nowhere to go, so the back-off counts as ever."""
    async with stage(tmp_path, 1, ais=Plan(options=SmscOptions(throttle_every=1))) as scene:
        await scene.record(shop(1, 1))
        await trio.sleep(0.01)
        ((wait,),) = scene.kept.query("SELECT not_before FROM alert")

        assert 0.9 < wait - NOW - trio.current_time() <= 1


async def test_what_was_never_written_goes_by_another_and_in_no_doubt(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """The operator's socket took one alert and then no more: that one is in doubt, those behind it are not."""
    async with stage(tmp_path, 4, ais=Plan(down=True), true=Plan(down=True)) as scene:
        ours, theirs = memory_stream_pair()
        scene.ends["ais"].nursery.start_soon(scene.smscs["ais"].carry, theirs)
        scene.way("ais").route._connect = lambda: answered(ours)
        await scene.bound("ais")
        ours.send_stream.send_all_hook = trio.sleep_forever
        await scene.record(shop(1, 1))
        await trio.sleep(0.01)
        await scene.record(shop(2, 1), shop(3, 1))
        await trio.sleep(0.01)
        scene.ends["true"].down = False
        scene.way("ais").route._connect = nobody
        await scene.bound("true")
        await theirs.aclose()
        await scene.settled()

        assert scene.counts() == {"ais": 0, "true": 3}
        assert sorted(scene.kept.query("SELECT attempts, doubts FROM alert")) == [(0, 0), (0, 0), (1, 1)]


async def answered(stream: Any) -> Any:
    return stream


async def nobody() -> Any:
    raise OSError("nobody is there")


async def test_a_doubtful_alert_may_go_by_another(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Once more, and marked; the phone may show it twice, but it shows it."""
    async with stage(tmp_path, 2, ais=Plan(options=SmscOptions(drop_every=1)), true=Plan()) as scene:
        await scene.record(shop(1, 1), shop(2, 1))
        await trio.sleep(0.1)
        scene.ends["ais"].down = True
        await scene.settled()

        assert scene.counts() == {"ais": 1, "true": 2}
        assert sorted(scene.kept.query("SELECT doubts FROM alert")) == [(0,), (1,)]


# ---- what has begun


async def test_parts_stay_with_their_operator(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The second part was put off: it goes to the operator that has the first one, however long that takes."""
    fussy = SmscOptions(throttle_every=2)
    pause = {"throttle": BackOff(first=40.0), "weight": 5}
    async with stage(tmp_path, 1, ais=Plan(options=fussy, config=pause), true=Plan()) as scene:
        thai(scene, 1)
        await scene.record(sale(balances=LEFT))
        await trio.sleep(10)
        during = scene.kept.states(), scene.courier.held()
        await scene.settled()

        assert during == (["sending"], 1)
        assert scene.counts() == {"ais": 1, "true": 0}
        assert scene.kept.query("SELECT DISTINCT route, way FROM part") == [("ais", None)]


async def test_a_second_bind_of_the_operator_goes_on_with_it(autojump_clock: MockClock, tmp_path: Path) -> None:
    """What one bind began and the connection broke, the other ends: the operator is there."""
    first = Plan("ais", SmscOptions(throttle_every=2), config={"weight": 9, "throttle": BackOff(first=600.0)})
    async with stage(tmp_path, 1, ais1=first, ais2=Plan("ais"), true=Plan()) as scene:
        thai(scene, 1)
        await scene.record(sale(balances=LEFT))
        await trio.sleep(0.2)
        await scene.settled()

        assert trio.current_time() < 30
        assert scene.states() == {"ais1": "throttled", "ais2": "bound", "true": "bound"}
        assert scene.counts() == {"ais": 1, "true": 0}
        assert scene.kept.query("SELECT DISTINCT route, way FROM part ORDER BY way") == [
            ("ais", "ais1"),
            ("ais", "ais2"),
        ]


async def test_when_the_operator_is_away_the_whole_alert_goes_by_another(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Half of it would be of no use: two operators need not cut alike, nor show one sender."""
    plan = Plan(options=SmscOptions(throttle_every=2), config={"throttle": BackOff(first=40.0), "weight": 5})
    other = Plan(config={"long_messages": "sar", "source": "OTHER"})
    async with stage(tmp_path, 1, ais=plan, true=other) as scene:
        thai(scene, 1)
        await scene.record(sale(balances=LEFT))
        await trio.sleep(5)
        scene.ends["ais"].down = True
        await scene.hang_up("ais")
        await scene.settled()
        await trio.sleep(1)

        assert [[(sms.source, sms.parts) for sms in shown] for shown in scene.shown.values()] == [[], [("OTHER", 2)]]
        assert scene.kept.query("SELECT DISTINCT route, parts FROM part") == [("true", 2)]
        assert scene.kept.states() == ["delivered"]


async def test_the_operator_goes_while_it_is_asked_who_has_begun(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its half is not completed by another, which the phone could not join: the alert begins anew."""
    plan = Plan(options=SmscOptions(throttle_every=2), config={"throttle": BackOff(first=4.0), "weight": 5})
    async with stage(tmp_path, 1, ais=plan, true=Plan(config={"source": "OTHER"})) as scene:
        begun = scene.kept.store.routes.begun

        def gone_meanwhile(*asked: Any) -> Any:
            found = begun(*asked)
            scene.routes.order({"ais"})
            return found

        monkeypatch.setattr(scene.kept.store.routes, "begun", gone_meanwhile)
        thai(scene, 1)
        await scene.record(sale(balances=LEFT))
        await scene.settled()

        assert [[(sms.source, sms.parts) for sms in shown] for shown in scene.shown.values()] == [[], [("OTHER", 2)]]
        assert scene.kept.query("SELECT DISTINCT route FROM part") == [("true",)]


async def test_what_has_begun_stays_with_its_operator_across_a_restart(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """Who has a part of an alert stands in the store."""
    plan = Plan(options=SmscOptions(throttle_every=2), config={"throttle": BackOff(first=40.0), "weight": 5})
    async with stage(tmp_path, 1, ais=plan, true=Plan()) as scene:
        thai(scene, 1)
        await scene.record(sale(balances=LEFT))
        await trio.sleep(5)
    async with stage(tmp_path, 1, ais=Plan(), true=Plan(config={"weight": 99})) as scene:
        scene.kept.store.recover()
        await scene.settled()

        assert scene.kept.query("SELECT n, route FROM part ORDER BY n") == [(1, "ais"), (2, "ais")]
        assert scene.smscs["true"].counters.submitted == 0


# ---- receipts


@pytest.mark.parametrize(
    "options",
    [
        SmscOptions(),
        SmscOptions(receipt_first=True, response_latency=2.0),
        SmscOptions(receipt_id="decimal", receipt_first=True, response_latency=0.5),
    ],
)
async def test_receipts_come_on_another_bind(autojump_clock: MockClock, tmp_path: Path, options: SmscOptions) -> None:
    """Also before the answer, and spelt otherwise: they are the operator's, not the bind's."""
    async with stage(tmp_path, 20, ais1=Plan("ais", options), ais2=Plan("ais")) as scene:
        await scene.record(*(shop(n, 1) for n in range(1, 21)))
        await scene.settled()
        await trio.sleep(10)
        ways = {way.config.name for way in scene.routes.ways}

        assert scene.kept.states() == ["delivered"] * 20
        assert scene.kept.query("SELECT DISTINCT route FROM part") == [("ais",)]
        assert scene.kept.count("early_receipt") == 0
        assert ways == {"ais1", "ais2"}
        assert scene.smscs["ais"].counters.receipts == 20


async def test_one_operator_s_receipt_is_not_another_s(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Two operators give the same message ids; each receipt finds its own."""
    async with stage(tmp_path, 20, ais=Plan(), true=Plan(options=SmscOptions(undelivered=1.0))) as scene:
        await scene.record(*(shop(n, 1) for n in range(1, 21)))
        await scene.settled()
        await trio.sleep(5)
        found = scene.kept.query("SELECT DISTINCT part.route, alert.state FROM part JOIN alert ON alert.id = alert")

        assert sorted(found) == [("ais", "delivered"), ("true", "undelivered")]


async def test_what_confirms_is_said_by_the_route_that_took_it(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two operators one sends no receipts: there the answer confirms a subscription, elsewhere the receipt."""
    async with stage(tmp_path, 10, ais=Plan(), true=Plan(config={"activate": "on_accept"})) as scene:
        settle, seen = scene.kept.store.settle, set[tuple[str, bool]]()

        def watched(results: Any, *more: Any) -> Any:
            seen.update((one.route, one.confirms) for one in results if hasattr(one, "confirms"))
            return settle(results, *more)

        monkeypatch.setattr(scene.kept.store, "settle", watched)
        await scene.record(*(shop(n, 1) for n in range(1, 11)))
        await scene.settled()

        assert seen == {("ais", False), ("true", True)}


# ---- sent away, and called back


async def test_a_route_is_drained_and_resumed(autojump_clock: MockClock, tmp_path: Path) -> None:
    """It gets nothing new, its answers are waited for, it unbinds; called back, it binds and takes its share."""
    async with stage(tmp_path, 30, ais=Plan(options=SmscOptions(response_latency=5.0)), true=Plan()) as scene:
        await scene.record(*(shop(n, 1) for n in range(1, 11)))
        await trio.sleep(1)
        scene.routes.order({"ais"})
        draining = scene.states()["ais"], scene.way("ais").status.in_flight, scene.way("ais").room()
        await scene.record(*(shop(n, 1) for n in range(11, 31)))
        await scene.settled()
        await trio.sleep(60)
        drained, counts = scene.states()["ais"], scene.counts()
        binds = scene.smscs["ais"].counters.binds
        scene.routes.order(())
        await scene.bound("ais")
        await scene.record(*(shop(n, 2) for n in range(1, 11)))
        await scene.settled()

        assert draining == ("draining", 5, 0)
        assert (drained, binds, counts) == ("drained", 1, {"ais": 5, "true": 25})
        assert sum(scene.counts().values()) == 40
        assert scene.counts()["ais"] >= 10
        assert once(scene, range(1, 11), range(1, 3))
        assert scene.kept.query("SELECT sum(doubts) FROM alert") == [(0,)]


async def test_called_back_while_it_drains(autojump_clock: MockClock, tmp_path: Path) -> None:
    """It ends what it has, and binds again."""
    async with stage(tmp_path, 30, ais=Plan(options=SmscOptions(response_latency=5.0))) as scene:
        await scene.record(*(shop(n, 1) for n in range(1, 11)))
        await trio.sleep(1)
        scene.routes.order({"ais"})
        await trio.sleep(1)
        scene.routes.order({"nobody"})
        await scene.record(*(shop(n, 1) for n in range(11, 31)))
        await scene.settled()

        assert (scene.states(), scene.smscs["ais"].counters.binds) == ({"ais": "bound"}, 2)
        assert once(scene, THIRTY)


async def test_a_route_that_cannot_bind_can_be_drained(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Nobody knocks at a door that is known to be shut, until the order is taken back."""
    async with stage(tmp_path, 1, ais=Plan(down=True), true=Plan()) as scene:
        scene.routes.order({"ais"})
        await trio.sleep(1)
        drained, before = scene.states()["ais"], len(scene.ends["ais"].calls)
        await trio.sleep(3600)
        after = len(scene.ends["ais"].calls)
        scene.ends["ais"].down = False
        scene.routes.order(())
        await scene.bound("ais")

        assert (drained, after - before) == ("drained", 0)


async def test_while_all_are_drained_alerts_wait_in_the_store(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Not leased, so in no doubt; they go when one is called back, in order."""
    async with stage(tmp_path, ais=Plan(), true=Plan()) as scene:
        scene.routes.order({"ais", "true"})
        await trio.sleep(1)
        for stan in range(1, 6):
            await scene.record(*(shop(n, stan) for n in (1, 2, 3)))
        await trio.sleep(60)
        waits = scene.kept.store.outbox()
        scene.routes.order({"ais"})
        await scene.settled()

        assert (waits.queued, waits.sending) == (15, 0)
        assert scene.counts() == {"ais": 0, "true": 15}
        assert once(scene, range(1, 4), range(1, 6))


async def test_a_part_that_waits_for_room_is_told_back(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A window of one took the first part; drained meanwhile, the operator is away for the second: all goes again."""
    plan = Plan(options=SmscOptions(response_latency=5.0), config={"window": 1})
    async with stage(tmp_path, 1, ais=plan, true=Plan(config={"weight": 0.1})) as scene:
        thai(scene, 1)
        await scene.record(sale(balances=LEFT))
        await trio.sleep(1)
        scene.routes.order({"ais"})
        await scene.settled()

        assert scene.counts() == {"ais": 0, "true": 1}
        assert scene.kept.query("SELECT attempts, doubts FROM alert") == [(0, 0)]
        assert scene.smscs["ais"].counters.submitted == 1


async def test_all_leave_while_one_is_drained(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A node that stops does not wait for a route that is away already."""
    async with stage(tmp_path, ais=Plan(), true=Plan()) as scene:
        scene.routes.order({"ais"})
        await trio.sleep(1)
        with trio.fail_after(5):
            await scene.routes.drain()

        assert not scene.routes.bound


# ---- another configuration


def configs(scene: Scene, **changed: dict[str, Any] | None) -> list[RouteConfig]:
    """Those that are in force, with changes; None: without that route."""
    now = {way.config.name: way.config for way in scene.routes.ways}
    new = {name: evolve(now.get(name, CONFIG), name=name, **more) for name, more in changed.items() if more is not None}
    return [config for name, config in (now | new).items() if changed.get(name, {}) is not None]


async def test_a_new_route_binds_and_takes_its_share(autojump_clock: MockClock, tmp_path: Path) -> None:
    """And begins where the others are, not with what it missed."""
    async with stage(tmp_path, 30, ais=Plan(), true=Plan(down=True)) as scene:
        scene.routes.renew(configs(scene, true=None))
        await trio.sleep(1)
        await scene.record(*(shop(n, 1) for n in THIRTY))
        await scene.settled()
        alone = scene.counts()
        scene.ends["true"].down = False
        scene.routes.renew(configs(scene, true={"operator": "true"}))
        await scene.bound("true")
        await scene.record(*(shop(n, 2) for n in THIRTY))
        await scene.settled()

        assert (alone, [*scene.states()]) == ({"ais": 30, "true": 0}, ["ais", "true"])
        assert scene.counts()["true"] in (15, 16)
        assert once(scene, THIRTY, range(1, 3))


async def test_a_route_that_is_gone_ends_what_it_has(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Its answers are waited for, and then nobody speaks of it any more."""
    async with stage(tmp_path, 10, ais=Plan(options=SmscOptions(response_latency=5.0)), true=Plan()) as scene:
        await scene.record(*(shop(n, 1) for n in range(1, 11)))
        await trio.sleep(1)
        scene.routes.renew(configs(scene, ais=None))
        during = scene.states()
        await scene.settled()
        await trio.sleep(60)

        assert (during, scene.states()) == ({"ais": "draining", "true": "bound"}, {"true": "bound"})
        assert once(scene, range(1, 11))
        assert scene.kept.query("SELECT sum(doubts) FROM alert") == [(0,)]


async def test_a_route_that_is_another_now_binds_anew(autojump_clock: MockClock, tmp_path: Path) -> None:
    """What it had ends as it began: its receipts are those of the operator that it was a route to."""
    slow = SmscOptions(response_latency=5.0)
    async with stage(tmp_path, 10, ais=Plan(options=slow)) as scene:
        await scene.record(*(shop(n, 1) for n in range(1, 11)))
        await trio.sleep(1)
        scene.routes.renew(configs(scene, ais={"window": 3, "operator": "other"}))
        await scene.settled()
        await scene.bound("ais")
        await scene.record(*(shop(n, 2) for n in range(1, 11)))
        await scene.settled()

        assert scene.smscs["ais"].counters.binds == 2
        assert scene.way("ais").route.config.window == 3
        assert scene.kept.query("SELECT route, count(*) FROM part GROUP BY 1") == [("ais", 10), ("other", 10)]
        assert once(scene, range(1, 11), range(1, 3))


async def test_weights_and_certificates_bind_nobody_anew(autojump_clock: MockClock, tmp_path: Path) -> None:
    """They are in force, and the session stands."""
    async with stage(tmp_path, 1, ais=Plan(), true=Plan()) as scene:
        scene.routes.renew(configs(scene, ais={"weight": 7.0}))
        await trio.sleep(60)

        assert {name: smsc.counters.binds for name, smsc in scene.smscs.items()} == {"ais": 1, "true": 1}
        assert [one.weight for one in scene.routes.statuses()] == [7.0, 1.0]


async def test_gone_and_back_before_it_had_left(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Whoever takes his word back finds the route there."""
    async with stage(tmp_path, 3, ais=Plan(options=SmscOptions(response_latency=5.0)), true=Plan(down=True)) as scene:
        await scene.record(*(shop(n, 1) for n in (1, 2, 3)))
        await trio.sleep(1)
        before = configs(scene)
        scene.routes.renew(configs(scene, ais=None))
        await trio.sleep(1)
        scene.routes.renew(before)
        await trio.sleep(60)

        assert scene.states()["ais"] == "bound"
        assert scene.smscs["ais"].counters.binds == 2


async def test_a_drained_route_stays_drained_under_another_configuration(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """A new one of a drained name too: the order was about the name."""
    async with stage(tmp_path, 1, ais=Plan(), true=Plan()) as scene:
        scene.routes.order({"ais"})
        await trio.sleep(1)
        scene.routes.renew(configs(scene, ais={"window": 3}))
        changed = scene.states()["ais"]
        scene.routes.renew(configs(scene, ais=None))
        await trio.sleep(1)
        gone = [*scene.states()]
        scene.routes.renew(configs(scene, ais={"operator": "ais"}))
        await trio.sleep(60)

        assert (changed, gone, scene.states()["ais"]) == ("drained", ["true"], "drained")


async def test_a_node_that_leaves_takes_no_other_configuration(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Or it would never have left."""
    async with stage(tmp_path, 1, ais=Plan(), true=Plan()) as scene:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(scene.routes.drain)
            await trio.lowlevel.checkpoint()
            scene.routes.renew(configs(scene, ais={"window": 3}))
            nursery.cancel_scope.deadline = trio.current_time() + 5

        assert not nursery.cancel_scope.cancelled_caught


# ---- windows


async def test_each_route_has_its_own_window(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered and not written counts against the route that answered: a crash would send no more than that again."""
    async with stage(tmp_path, 40, ais=Plan(config={"window": 3}), true=Plan(config={"window": 5})) as scene:
        settle, undurable = scene.kept.store.settle, True

        def late(results: Any, *more: Any) -> Any:
            if undurable:
                raise StoreUnavailable("a disk that is slow to write")
            return settle(results, *more)

        monkeypatch.setattr(scene.kept.store, "settle", late)
        await scene.record(*(shop(n, 1) for n in range(1, 41)))
        await trio.sleep(60)
        during = {name: smsc.counters.submitted for name, smsc in scene.smscs.items()}
        undurable = False
        await scene.settled()

        assert during == {"ais": 3, "true": 5}
        assert once(scene, range(1, 41))


async def test_a_window_of_one_carries_two_parts(autojump_clock: MockClock, tmp_path: Path) -> None:
    """One after another, on the route that began, while others have room."""
    narrow = {"window": 1}
    async with stage(tmp_path, 6, ais=Plan(config=narrow), true=Plan(config=narrow)) as scene:
        thai(scene, *range(1, 7))
        await scene.record(*(shop(n, stan, balances=LEFT) for stan in (1, 2) for n in range(1, 7)))
        await scene.settled()

        assert sum(scene.counts().values()) == 12
        assert {sms.parts for shown in scene.shown.values() for sms in shown} == {2}
        assert all(scene.smscs[name].counters.submitted == 2 * count for name, count in scene.counts().items())


async def test_a_refusal_for_good_is_not_tried_elsewhere(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A number that is none is none for every operator."""
    async with stage(tmp_path, 2, ais=Plan(), true=Plan()) as scene:
        for smsc in scene.smscs.values():
            smsc.statuses["SHOP 1"] = Status.ESME_RINVDSTADR
        await scene.record(shop(1, 1), shop(2, 1))
        await scene.settled()

        assert scene.kept.states()[0] == "refused"
        assert sum(smsc.counters.submitted for smsc in scene.smscs.values()) == 2
