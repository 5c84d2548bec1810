"""Answers that come when they are given up: nobody is told again what the SMSC has said that it took."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from iso_alert.domain.text import Language
from iso_alert.sim.smsc import SmscOptions
from iso_alert.smpp.command import Status
from tests.service import courier_stage, routes_stage
from tests.service.routes_stage import Plan, shop
from tests.service.test_courier import LEFT, shops
from tests.support.bank import NOW, subscription_line
from tests.support.threads import no_threads

__all__ = ["no_threads"]
pytestmark = pytest.mark.usefixtures("no_threads")
DEAF = 34.0  # seconds: longer than we wait for an answer, and not so long that we hang up
HISTORY = "SELECT state, doubts, cause FROM alert ORDER BY id"


def slow_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every verb takes a while, so that much happens while the store is asked."""

    async def slowly(verb: Callable[[], Any], *_: Any) -> Any:
        await trio.sleep(0.2)
        answer = verb()
        await trio.sleep(0.2)
        return answer

    monkeypatch.setattr(trio.to_thread, "run_sync", slowly)


@pytest.mark.parametrize("slow", [False, True], ids=["quick-store", "slow-store"])
@pytest.mark.parametrize("language", Language)
async def test_an_smsc_that_was_deaf_is_told_once(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: bool, language: Language
) -> None:
    """A window of answers comes after the response timer: each phone shows each SMS once, and nothing is in doubt.

    It says that it is there before it says anything else.
    """
    everybody = range(1, 31)
    async with courier_stage.stage(tmp_path, SmscOptions(response_latency=0.3), customers=everybody) as scene:
        scene.kept.store.import_subscriptions([subscription_line(n, language) for n in everybody], NOW)
        if slow:
            slow_store(monkeypatch)
        scene.operator.stand_still(DEAF)
        await scene.record(*(shop(n, stan, balances=LEFT) for n in everybody for stan in (1, 2)))
        await scene.settled()
        await trio.sleep(5)

        assert [shops(scene, n) for n in everybody] == [[f"SHOP {n} 1", f"SHOP {n} 2"] for n in everybody]
        assert {(state, doubts) for state, doubts, _ in scene.kept.query(HISTORY)} == {("delivered", 0)}
        assert scene.metric("smpp_late_responses_total", route="op") > 0


@pytest.mark.parametrize("when", [31.05, 31.15, 31.3, 31.39])
async def test_nothing_slips_past_a_late_answer_while_it_is_leased(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: float
) -> None:
    """There is room at 31 seconds, and the store takes until 31.4 to lease: an answer in between is still in time."""
    async with courier_stage.stage(tmp_path, SmscOptions(response_latency=when), registered_delivery=0) as scene:
        await scene.record(shop(1, 1))
        await trio.sleep(1)
        slow_store(monkeypatch)
        await scene.settled()
        await trio.sleep(5)

        assert shops(scene, 1) == ["SHOP 1 1"]
        assert [(state, doubts) for state, doubts, _ in scene.kept.query(HISTORY)] == [("accepted", 0)]


async def test_an_answer_that_is_late_by_habit_settles_what_it_speaks_of(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    """The copy is on its way when the answer to the first comes: told twice and marked, and not called unknown."""
    async with courier_stage.stage(tmp_path, SmscOptions(response_latency=35.0), registered_delivery=0) as scene:
        await scene.record(shop(1, 1))
        await trio.sleep(34)
        before = scene.kept.states()
        await trio.sleep(2)
        then = scene.kept.states()
        await trio.sleep(600)

        assert (before, then) == (["sending"], ["accepted"])
        assert shops(scene, 1) == ["SHOP 1 1", "SHOP 1 1"]
        assert [(state, doubts) for state, doubts, _ in scene.kept.query(HISTORY)] == [("accepted", 1)]
        assert scene.metric("alerts_not_sent_total", state="unknown") == 0


async def test_a_late_answer_after_the_last_attempt_still_counts(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Both copies were given up and the alert called unknown; the answer to the second makes it accepted."""
    options = SmscOptions(response_latency=95.0)
    async with courier_stage.stage(tmp_path, options, registered_delivery=0) as scene:
        await scene.record(shop(1, 1))
        await trio.sleep(80)
        before = scene.kept.states()
        await trio.sleep(20)

        assert (before, scene.kept.states()) == (["unknown"], ["accepted"])


async def test_a_late_no_lifts_the_doubt(autojump_clock: MockClock, tmp_path: Path) -> None:
    """It was not taken: it goes again, as if for the first time, and people can read why."""
    statuses: dict[str, int] = {"SHOP 1": Status.ESME_RMSGQFUL}
    async with courier_stage.stage(tmp_path, statuses=statuses, registered_delivery=0) as scene:
        scene.operator.stand_still(DEAF)
        await scene.record(shop(1, 1))
        await trio.sleep(DEAF + 0.5)
        scene.smsc.statuses.clear()
        lifted = scene.kept.query(HISTORY)
        await scene.settled()

        assert lifted == [("queued", 0, "answered late: ESME_RMSGQFUL")]
        assert [(state, doubts) for state, doubts, _ in scene.kept.query(HISTORY)] == [("accepted", 0)]
        assert scene.smsc.counters.submitted == 2


async def test_another_route_does_not_wait_for_the_deaf_one(autojump_clock: MockClock, tmp_path: Path) -> None:
    """What is in doubt on one goes by the other at once; what the deaf one says later is joined, with its receipt."""
    async with routes_stage.stage(tmp_path, 3, ais1=Plan("ais"), ais2=Plan("ais")) as scene:
        scene.ends["ais1"].stand_still(DEAF)
        await scene.record(*(shop(n, 1) for n in (1, 2, 3)))
        await trio.sleep(31)
        by_then = [len(scene.shops(n)) for n in (1, 2, 3)]
        await scene.settled()
        await trio.sleep(10)
        twice = len(scene.told) - 3

        assert (by_then, twice > 0) == ([1, 1, 1], True)
        assert sum(doubts for _, doubts, _ in scene.kept.query(HISTORY)) == twice
        assert set(scene.kept.states()) == {"delivered"}
        assert scene.kept.count("early_receipt") == 0


async def test_a_connection_that_ends_takes_its_late_answers_along(autojump_clock: MockClock, tmp_path: Path) -> None:
    """Nobody can know any more whether they were taken: once more, and marked."""
    async with courier_stage.stage(tmp_path, registered_delivery=0) as scene:
        scene.operator.stand_still(DEAF + 60)
        await scene.record(shop(1, 1))
        await trio.sleep(70)
        scene.operator.still_until = trio.current_time()
        await scene.settled()

        assert [(state, doubts) for state, doubts, _ in scene.kept.query(HISTORY)] == [("accepted", 1)]
        assert scene.smsc.counters.binds == 2
