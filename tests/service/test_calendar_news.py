"""News in the calendar: in its hours, behind every alert, to each once."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock

from iso_alert.domain.shown import BANGKOK
from iso_alert.service.calendar import Calendar
from iso_alert.service.desk import Desk
from iso_alert.service.newsroom import Newsroom
from iso_alert.sim.smsc import SmscOptions
from iso_alert.store.campaigns import PORTION, WAITING
from tests.service.courier_stage import Scene, stage
from tests.support.bank import NOW, sale
from tests.support.engines import Kept, sqlite
from tests.support.people import AGENT

READERS = 700
WINDOW = 10


def at(text: str) -> float:
    """A time in Bangkok."""
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK).timestamp()


def many_readers(kept: Kept) -> None:
    """So many who consented, each with a number of his own, beside those who are there."""
    some = f"WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < {999 + READERS}) "
    kept.query(some + "INSERT INTO customer (id, ref) SELECT i, 'R' || i FROM n")
    kept.query(
        some + "INSERT INTO subscription (customer, mobile, language, state, changed_at, news) "
        "SELECT i, '+6689' || printf('%07d', i), 'en', 'active', 0, 1 FROM n"
    )


@define(eq=False)
class Room:
    """A newsroom on a store, with a clock that is set by hand."""

    kept: Kept
    now: float = NOW
    nudges: int = 0
    newsroom: Newsroom = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.newsroom = Newsroom(Desk(self.kept.store), self._nudge, lambda: self.now)

    def _nudge(self) -> None:
        self.nudges += 1

    async def turn(self, now: str) -> int:
        self.now = at(now)
        return await self.newsroom.turn()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    kept = sqlite(tmp_path)
    many_readers(kept)
    kept.store.campaigns.new_campaign("ข่าว", "News", AGENT, NOW)
    yield Room(kept)
    kept.store.close()


async def test_news_goes_by_day(room: Room) -> None:
    """Nothing is queued before nine and after nine."""
    night = [await room.turn("2026-11-23 08:59:59"), await room.turn("2026-11-23 21:00:00")]
    day = await room.turn("2026-11-24 09:00:00")

    assert (night, day, room.nudges) == ([0, 0], PORTION, 1)


async def test_the_outbox_holds_a_portion(room: Room) -> None:
    """Turn after turn adds nothing while nothing leaves."""
    for _ in range(6):
        await room.turn("2026-11-23 15:00:00")

    assert room.kept.count("alert") == WAITING


async def test_what_waits_in_the_evening_goes_in_the_morning(room: Room) -> None:
    """The operator is slow: at nine it is taken back, and the next day everything goes to everybody, once."""
    for _ in range(3):
        await room.turn("2026-11-23 20:59:00")
    claimable = len(room.kept.claim(at("2026-11-23 21:00:00")))
    await room.turn("2026-11-23 21:00:00")
    evening = room.kept.count("alert")
    told: list[str] = []
    while await room.turn("2026-11-24 09:00:00"):
        for lease in room.kept.claim(room.now):
            told.append(lease.mobile)
            room.kept.take(lease)

    assert (claimable, evening) == (0, 0)
    assert len(told) == len(set(told)) == READERS


# ---- with the courier and a slow operator


@pytest.fixture
def patient_clock(autojump_clock: MockClock) -> MockClock:
    """It jumps only when the store has nothing to do: else minutes would pass while a commit is waited for."""
    autojump_clock.autojump_threshold = 0.003
    return autojump_clock


async def submitted(scene: Scene, count: int) -> None:
    with trio.fail_after(3600):
        while len(scene.shown) < count:
            await trio.sleep(0.2)


async def test_an_alert_overtakes_a_campaign(
    tmp_path: Path, patient_clock: MockClock, record_property: Callable[[str, object], None]
) -> None:
    """R-01: counted in the order in which the operator got them, less than a window of news goes before it."""
    slow = SmscOptions(response_latency=0.5)
    async with stage(tmp_path, slow, window=WINDOW) as scene:
        many_readers(scene.kept)
        scene.kept.store.campaigns.new_campaign("ข่าว", "News", AGENT, NOW)
        newsroom = Newsroom(scene.desk, scene.courier.nudge, lambda: NOW + trio.current_time())
        scene.nursery.start_soon(Calendar([newsroom.round()]).run)
        delays = []
        for stan in range(1, 6):
            await submitted(scene, 100 * stan)
            await scene.record(sale(1, stan, arrived_at=NOW + trio.current_time()))
            before = len(scene.shown)
            await submitted(scene, before + 2 * WINDOW)
            texts = [sms.text for sms in scene.shown]
            delays.append(next(n for n, text in enumerate(texts[before:]) if text.startswith("Paid")))
        record_property("news between an alert's commit and its submit_sm", delays)

    assert max(delays) <= WINDOW


async def test_a_campaign_reaches_everybody_once(tmp_path: Path, patient_clock: MockClock) -> None:
    """Past an operator who throttles and hangs up; what he may have got is not counted as told twice by us."""
    rough = SmscOptions(throttle_every=50, response_latency=0.01)
    async with stage(tmp_path, rough, window=50) as scene:
        many_readers(scene.kept)
        scene.kept.store.campaigns.new_campaign("ข่าว", "News", AGENT, NOW)
        newsroom = Newsroom(scene.desk, scene.courier.nudge, lambda: NOW + trio.current_time())
        scene.nursery.start_soon(Calendar([newsroom.round()]).run)
        await submitted(scene, READERS)
        readers = [sms.destination for sms in scene.shown]

    assert len(readers) == len(set(readers)) == READERS
