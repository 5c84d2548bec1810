"""The courier: every alert to its phone, each card's in order, and what became of it into the store."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from iso_alert.domain.alert import FEW, VALID_FOR
from iso_alert.domain.card import Kind
from iso_alert.domain.money import Money
from iso_alert.domain.text import Language
from iso_alert.sim.smsc import SmscOptions
from iso_alert.smpp.command import Status
from iso_alert.store.port import Outbox, StoreUnavailable
from tests.service.courier_stage import LONG, Scene, stage
from tests.support.bank import NOW, card, mobile, reversal, sale, subscription_line
from tests.support.threads import no_threads

__all__ = ["no_threads"]
pytestmark = pytest.mark.usefixtures("no_threads")
TEN = range(1, 11)


def shop(serial: int, stan: int, **changed: Any) -> Any:
    """A sale that can be told from every other by its SMS."""
    return sale(serial, stan, merchant=f"THE SHOP {serial} {stan}", **changed)


def shops(scene: Scene, serial: int) -> list[str]:
    """The shops that a phone was told of, in order."""
    return [text.split("@ THE ")[1].split(" 15:15")[0] for text in scene.texts(mobile(serial))]


# ---- the way of an alert


async def test_an_alert_goes_at_once_and_is_delivered(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Leased in the commit, submitted, accepted, receipted: no poll in between, and each step in the store."""
    async with stage(tmp_path) as scene:
        await scene.record(sale())
        await trio.sleep(0.001)
        at_once = (len(scene.shown), scene.kept.states())
        await trio.sleep(1)

        assert at_once == (1, ["accepted"])
        assert scene.kept.states() == ["delivered"]
        assert scene.metric("receipts_total", state="DELIVRD") == 1
        assert scene.metric("message_to_submit_seconds_count") == 1
        assert scene.metric("message_to_receipt_seconds_count") == 1


async def test_a_thai_alert_has_two_parts(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Joined on the phone they are the published texts; in the store each is one alert."""
    async with stage(tmp_path) as scene:
        scene.kept.store.import_subscriptions([subscription_line(1, Language.TH)], NOW)
        await scene.record(sale(balances=LEFT), reversal(sale(balances=LEFT)))
        await scene.settled()
        await trio.sleep(1)
        last4 = card().last4

        assert [(sms.text, sms.parts) for sms in scene.shown] == [
            (f"ชำระ 2,500.00 บ ผ่านบัตร x-{last4} @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ", 2),
            (f"คืนเงิน 2,500.00 บ ผ่านบัตร x-{last4} @ COMPANY NAME 15:15 เหลือ 450,000.00 บ", 2),
        ]
        assert scene.kept.states() == ["delivered", "delivered"]


LEFT = ((Kind.CREDIT, Money(45_000_000)),)  # a balance makes the published Thai text, which has two parts


@pytest.mark.parametrize("window", [1, 2, 3, 50])
async def test_two_parts_fit_through_any_window(autojump_clock: MockClock, tmp_path: Path, window: int) -> None:
    """Also through one that takes a single PDU at a time; other cards' parts may come between."""
    async with stage(tmp_path, SmscOptions(response_latency=0.05), window=window) as scene:
        scene.kept.store.import_subscriptions([subscription_line(n, Language.TH) for n in (1, 2, 3)], NOW)
        await scene.record(*(shop(n, stan, balances=LEFT) for stan in (1, 2) for n in (1, 2, 3)))
        await scene.settled()

        assert [sms.parts for sms in scene.shown] == [2] * 6
        assert [shops(scene, n) for n in (1, 2, 3)] == [[f"SHOP {n} 1", f"SHOP {n} 2"] for n in (1, 2, 3)]


async def test_more_than_the_window_holds(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Two hundred alerts through a window of five: all arrive once, and never more than five are on their way."""
    async with stage(tmp_path, SmscOptions(response_latency=0.1), customers=range(1, 100), window=5) as scene:
        await scene.record(*(shop(n, stan) for stan in (1, 2) for n in range(1, 100)))
        most = 0
        with trio.fail_after(LONG):
            while len(scene.shown) < 198:
                most = max(most, scene.route.in_flight)
                await trio.sleep(0.01)

        assert most == 5
        assert [shops(scene, n) for n in range(1, 100)] == [[f"SHOP {n} 1", f"SHOP {n} 2"] for n in range(1, 100)]


@pytest.mark.parametrize(
    "options",
    [
        SmscOptions(throttle_every=3),
        SmscOptions(rate=5.0),
        SmscOptions(throttle_every=2, response_latency=0.3),
        SmscOptions(receipt_first=True, receipt_id="decimal", throttle_every=5),
    ],
)
async def test_a_card_keeps_its_order_under_throttling(
    autojump_clock: MockClock, tmp_path: Path, options: SmscOptions
) -> None:
    """The second SMS of a card does not leave before the first is accepted, however often that is put off."""
    async with stage(tmp_path, options) as scene:
        for stan in TEN:
            await scene.record(*(shop(n, stan) for n in (1, 2, 3)))
        await scene.settled()
        await trio.sleep(60)

        assert [shops(scene, n) for n in (1, 2, 3)] == [[f"SHOP {n} {stan}" for stan in TEN] for n in (1, 2, 3)]
        assert set(scene.kept.states()) == {"delivered"}


async def test_a_card_does_not_wait_for_another(autojump_clock: MockClock, tmp_path: Path) -> None:
    """What is put off for one card holds up nobody else's."""
    async with stage(tmp_path, statuses={"SHOP 1": Status.ESME_RMSGQFUL}) as scene:
        await scene.record(shop(1, 1), shop(2, 1), shop(3, 1))
        await trio.sleep(1)

        assert (shops(scene, 2), shops(scene, 3)) == (["SHOP 2 1"], ["SHOP 3 1"])
        assert sorted(scene.kept.states()) == ["delivered", "delivered", "queued"]


# ---- what the operator does not take


async def test_a_refused_alert_is_refused_for_good(autojump_clock: MockClock, tmp_path: Path) -> None:
    """It is not tried again, it is counted, and the next one of the card goes."""
    async with stage(tmp_path, statuses={"SHOP 1 1": Status.ESME_RINVDSTADR}) as scene:
        await scene.record(shop(1, 1), shop(1, 2))
        await scene.settled()

        assert scene.kept.states()[0] == "refused"
        assert scene.smsc.counters.submitted == 2
        assert scene.metric("alerts_not_sent_total", state="refused") == 1
        assert scene.metric("submit_sm_total", route="op", status="ESME_RINVDSTADR") == 1


async def test_some_failures_are_tried_a_few_times(autojump_clock: MockClock, tmp_path: Path) -> None:
    """ESME_RSUBMITFAIL may pass by itself, or never."""
    async with stage(tmp_path, statuses={"SHOP 1": Status.ESME_RSUBMITFAIL}) as scene:
        await scene.record(shop(1, 1))
        await scene.settled()

        assert (scene.kept.states(), scene.smsc.counters.submitted) == (["refused"], FEW)


async def test_a_queue_that_is_full_all_day_is_given_up(autojump_clock: MockClock, tmp_path: Path) -> None:
    """An alert of yesterday is of no use: its life is as long as its validity period."""
    fast = 100  # seconds of the wall clock to one of the loop's: a day of polling would take long

    def clock() -> float:
        return NOW + fast * trio.current_time()

    async with stage(tmp_path, statuses={"SHOP 1": Status.ESME_RMSGQFUL}, clock=clock) as scene:
        await scene.record(shop(1, 1), shop(1, 2))
        await trio.sleep((VALID_FOR - 600) / fast)
        before = scene.kept.states()
        await trio.sleep(1200 / fast)

        assert before == ["queued", "queued"]
        assert scene.kept.states() == ["given_up", "given_up"]
        assert scene.metric("alerts_not_sent_total", state="given_up") == 2


async def test_an_undelivered_alert_is_told_apart(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Accepted by the operator is not delivered to the phone."""
    async with stage(tmp_path, SmscOptions(undelivered=1.0)) as scene:
        await scene.record(sale())
        await trio.sleep(1)

        assert scene.kept.states() == ["undelivered"]
        assert scene.metric("receipts_total", state="UNDELIV") == 1


# ---- the operator comes and goes


async def test_an_operator_that_is_away_slows_nobody(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Alerts wait in the store, unleased; when it is back they go, each card's in order."""
    async with stage(tmp_path, down=True) as scene:
        began = trio.current_time()
        for stan in TEN:
            await scene.record(*(shop(n, stan) for n in (1, 2, 3)))
        took = trio.current_time() - began
        await trio.sleep(600)
        waits = scene.kept.store.outbox()
        scene.operator.down = False
        await scene.settled()

        assert (took, waits) == (0, Outbox(30, 0, NOW))
        assert [shops(scene, n) for n in (1, 2, 3)] == [[f"SHOP {n} {stan}" for stan in TEN] for n in (1, 2, 3)]


async def test_a_doubtful_alert_goes_once_more(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Taken, and the connection broke before the answer: the phone may show it twice, but it shows it."""
    async with stage(tmp_path, SmscOptions(drop_every=2)) as scene:
        await scene.record(shop(1, 1))
        await scene.settled()
        await scene.record(shop(1, 2))
        await scene.settled()

        assert shops(scene, 1) == ["SHOP 1 1", "SHOP 1 2", "SHOP 1 2"]
        assert [doubts for (doubts,) in scene.kept.query("SELECT doubts FROM alert ORDER BY id")] == [0, 1]
        assert scene.metric("submit_sm_in_doubt_total", route="op") == 1


async def test_twice_in_doubt_is_unknown(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Nobody is told a third time; it is counted and logged, and the next of the card goes."""
    async with stage(tmp_path, SmscOptions(drop_every=1)) as scene:
        await scene.record(shop(1, 1), shop(1, 2))
        await scene.settled()

        assert shops(scene, 1) == ["SHOP 1 1", "SHOP 1 1", "SHOP 1 2", "SHOP 1 2"]
        assert scene.kept.states() == ["unknown", "unknown"]
        assert scene.metric("alerts_not_sent_total", state="unknown") == 2


async def test_silence_is_doubt_too(autojump_clock: MockClock, tmp_path: Path) -> None:
    """An SMSC that does not answer, on a connection that stands: once more after the response timer."""
    async with stage(tmp_path, SmscOptions(ignore_every=2)) as scene:
        await scene.record(shop(1, 1), shop(2, 1))
        await scene.settled()

        assert sorted([*shops(scene, 1), *shops(scene, 2)]) == ["SHOP 1 1", "SHOP 2 1", "SHOP 2 1"]
        assert scene.smsc.counters.binds == 1


async def test_a_copy_has_the_reference_of_the_first(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A part that goes twice belongs to the same message on the phone, and does not open another one."""
    async with stage(tmp_path, SmscOptions(drop_every=3)) as scene:
        scene.kept.store.import_subscriptions([subscription_line(1, Language.TH)], NOW)
        await scene.record(sale(stan=1, balances=LEFT), sale(stan=2, balances=LEFT))
        await scene.settled()
        unfinished = {reference for _, _, reference, _ in scene.smsc._inbox._open}
        ours = {alert % 256 for (alert,) in scene.kept.query("SELECT id FROM alert")}

        assert len(set(scene.texts(mobile(1)))) == 1
        assert unfinished <= ours


async def test_a_connection_that_breaks_under_a_claim_breaks_nothing_else(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store was asked for more, the operator went away: what was leased waits for it to come back."""

    async def slowly(verb: Callable[[], Any], *_: Any) -> Any:
        await trio.sleep(1)
        return verb()

    async with stage(tmp_path) as scene:
        await trio.sleep(0.5)
        scene.kept.record(shop(1, 1), shop(2, 1))  # unleased, as after a restart
        monkeypatch.setattr(trio.to_thread, "run_sync", slowly)
        scene.courier.nudge()
        await trio.sleep(0.5)
        scene.operator.down = True
        await scene.operator.lines[0].aclose()
        await trio.sleep(10)
        scene.operator.down = False
        await scene.settled()

        assert (shops(scene, 1), shops(scene, 2)) == (["SHOP 1 1"], ["SHOP 2 1"])


# ---- what is durable


def break_store(scene: Scene, broken: bool) -> None:
    """A disk that can be read and not be written."""
    scene.kept.store._db.execute(f"PRAGMA query_only = {'on' if broken else 'off'}")  # type: ignore[attr-defined]


async def test_a_receipt_is_acknowledged_when_it_is_durable(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Until then the SMSC keeps it: a receipt that we could not write is not lost."""
    async with stage(tmp_path, SmscOptions(receipt_latency=5.0)) as scene:
        await scene.record(sale())
        await trio.sleep(4)
        break_store(scene, True)
        await trio.sleep(10)
        during = (scene.smsc.counters.receipts, scene.kept.states())
        break_store(scene, False)
        await trio.sleep(5)

        assert during == (0, ["accepted"])
        assert (scene.smsc.counters.receipts, scene.kept.states()) == (1, ["delivered"])


async def test_an_answer_that_cannot_be_written_is_kept(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The alert is not sent again because the disk was full when its answer came."""
    async with stage(tmp_path, SmscOptions(response_latency=1.0)) as scene:
        await scene.record(shop(1, 1), shop(1, 2))
        await trio.sleep(0.5)
        break_store(scene, True)
        await trio.sleep(60)
        during = scene.kept.states()
        break_store(scene, False)
        await scene.settled()

        assert during == ["sending", "queued"]
        assert shops(scene, 1) == ["SHOP 1 1", "SHOP 1 2"]


async def test_no_more_than_a_window_is_ever_in_doubt(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered and not written counts as on its way: a crash now would send no more than a window twice."""
    async with stage(tmp_path, SmscOptions(response_latency=0.5), customers=range(1, 40), window=5) as scene:
        settle, undurable = scene.kept.store.settle, True

        def late(results: Any, *more: Any) -> Any:
            if undurable:
                raise StoreUnavailable("a disk that is slow to write")
            return settle(results, *more)

        monkeypatch.setattr(scene.kept.store, "settle", late)
        await scene.record(*(shop(n, 1) for n in range(1, 40)))
        await trio.sleep(60)
        during = scene.smsc.counters.submitted
        undurable = False
        await scene.settled()

        assert during <= 5
        assert sorted(len(shops(scene, n)) for n in range(1, 40)) == [1] * 39


async def test_no_more_than_a_window_is_leased_by_all_at_once(autojump_clock: MockClock, tmp_path: Path) -> None:
    """A commit, a claim and who settles ask in one moment, and none may lease what is another's."""
    async with stage(tmp_path, SmscOptions(response_latency=1.0), customers=range(1, 60), window=9) as scene:
        await scene.record(*(shop(n, 1) for n in range(1, 4)))
        async with scene.desk._turn:
            scene.nursery.start_soon(partial(scene.record, *(shop(n, 1) for n in range(4, 60))))
            await trio.sleep(0.5)
            scene.courier.nudge()
            await trio.sleep(1)
        await trio.sleep(0.1)
        sending = scene.kept.states().count("sending")
        await scene.settled()

        assert 0 < sending <= 9
        assert sorted(len(shops(scene, n)) for n in range(1, 60)) == [1] * 59


async def test_it_is_behind_while_sms_wait_for_room(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Links make way then; not for an operator that is away, to whom nothing could be sent sooner."""
    async with stage(tmp_path, SmscOptions(response_latency=1.0), customers=range(1, 9), window=3) as scene:
        await trio.sleep(1.5)  # until it has looked whether a restart left any
        before = scene.courier.behind()
        await scene.record(*(shop(n, 1) for n in range(1, 9)))
        await trio.sleep(0.5)
        during = scene.courier.behind()
        await scene.settled()
        await trio.sleep(0.5)
        after = scene.courier.behind()

    assert (before, during, after) == (False, True, False)


async def test_it_is_not_behind_while_nobody_is_there(autojump_clock: MockClock, tmp_path: Path) -> None:
    """What waits for an operator hinders no link."""
    async with stage(tmp_path, down=True) as scene:
        await scene.record(sale())
        await trio.sleep(5)

        assert scene.kept.states() == ["queued"]
        assert not scene.courier.behind()


# ---- stopping


async def test_draining_settles_what_is_on_its_way(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Every answer that is due is waited for and written; what was not sent waits in the store, and in no doubt."""
    async with stage(tmp_path, SmscOptions(response_latency=1.0), window=2) as scene:
        await scene.record(*(shop(n, 1) for n in (1, 2, 3)))
        await trio.sleep(0.5)
        await scene.routes.drain()
        await trio.sleep(1)

        assert sorted(scene.kept.query("SELECT state, doubts FROM alert")) == [
            ("accepted", 0), ("accepted", 0), ("queued", 0),
        ]  # fmt: skip


async def test_what_was_leased_and_never_written_is_in_no_doubt(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The operator went away while alerts were handed over, and then we were told to stop."""
    async with stage(tmp_path) as scene:
        scene.operator.down = True
        await scene.operator.lines[0].aclose()
        await trio.sleep(1)
        scene.courier.take(scene.kept.lease(shop(1, 1), shop(2, 1)))  # its room was asked a moment before
        await trio.sleep(30)
        await scene.routes.drain()
        await trio.sleep(1)

        assert scene.kept.query("SELECT state, attempts, doubts FROM alert") == [("queued", 0, 0)] * 2


async def test_a_restart_goes_on_where_it_stopped(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Order per card holds across it."""
    async with stage(tmp_path, down=True) as scene:
        await scene.record(*(shop(1, stan) for stan in (1, 2)))
    async with stage(tmp_path) as scene:
        scene.kept.store.recover()
        await scene.record(shop(1, 3))
        await scene.settled()

        assert shops(scene, 1) == ["SHOP 1 1", "SHOP 1 2", "SHOP 1 3"]


async def test_idling_costs_little(autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to do, the store is looked into about once a second, and not more."""
    async with stage(tmp_path) as scene:
        claim, asked = scene.kept.store.claim, list[float]()

        def counted(now: float, limit: int) -> Any:
            asked.append(now)
            return claim(now, limit)

        monkeypatch.setattr(scene.kept.store, "claim", counted)
        await trio.sleep(100)

        assert 0 < len(asked) <= 110
