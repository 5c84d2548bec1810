"""Routes come and go at random: nothing is lost, only what is in doubt is told twice, each card keeps its order."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import pytest
import trio
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from iso_alert.domain.card import Kind
from iso_alert.domain.money import Money
from iso_alert.domain.text import Language
from iso_alert.service.route import RouteConfig
from iso_alert.sim.smsc import SmscOptions
from tests.service.routes_stage import Plan, Scene, shop, stage
from tests.support.bank import NOW, subscription_line
from tests.support.threads import no_threads

__all__ = ["no_threads"]
pytestmark = pytest.mark.usefixtures("no_threads")
NAMES = ("ais1", "ais2", "true", "dtac")
CARDS, STANS = range(1, 7), range(1, 6)
LEFT = ((Kind.CREDIT, Money(45_000_000)),)  # Thai alerts then have two parts
What = Literal["drain", "resume", "down", "up", "break", "still", "change", "gone", "new"]
STILL = 34.0  # seconds: answers come late, and on the same connection


@frozen
class Coming:
    """Something that befalls a route, so many seconds after the last."""

    after: float
    name: str
    what: What


comings = st.lists(
    st.builds(
        Coming,
        st.sampled_from([0.0, 0.01, 0.3, 2.0, 20.0]),
        st.sampled_from(NAMES),
        st.sampled_from(get_args(What)),
    ),
    max_size=25,
)
latencies = st.sampled_from([0.0, 0.05, 1.0])
windows = st.sampled_from([1, 2, 5, 50])


@given(comings=comings, latency=latencies, window=windows, throttle=st.sampled_from([0, 0, 3]), gap=latencies)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_routes_do(
    autojump_clock: MockClock, comings: list[Coming], latency: float, window: int, throttle: int, gap: float
) -> None:
    """Every alert is shown, in the order of its card; twice only if the store says that it was in doubt.

    While an end stands still, a copy by another may be shown before the first one is read.
    """
    options, config = SmscOptions(response_latency=latency, throttle_every=throttle), {"window": window}
    plans = {
        name: Plan(name.rstrip("12"), options, config=config | {"weight": weight})
        for name, weight in zip(NAMES, (3, 1, 2, 1), strict=True)
    }
    with TemporaryDirectory() as directory:
        async with stage(Path(directory), len(CARDS), **plans) as scene:
            scene.kept.store.import_subscriptions([subscription_line(n, Language.TH) for n in (1, 2)], NOW)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_record, scene, gap)
                nursery.start_soon(_befall, scene, comings)
            _all_well(scene)
            await scene.settled()
            await trio.sleep(2 * STILL)  # also what lies unread is shown

            _judge(scene)


async def _record(scene: Scene, gap: float) -> None:
    for stan in STANS:
        await scene.record(*(shop(n, stan, balances=LEFT) for n in CARDS))
        await trio.sleep(gap)


async def _befall(scene: Scene, comings: Sequence[Coming]) -> None:
    drained, gone = set[str](), set[str]()
    configs = {way.config.name: way.config for way in scene.routes.ways}
    for one in comings:
        await trio.sleep(one.after)
        match one.what:
            case "drain" | "resume":
                (drained.add if one.what == "drain" else drained.discard)(one.name)
                scene.routes.order(drained)
            case "down" | "up":
                scene.ends[one.name].down = one.what == "down"
            case "break":
                await scene.hang_up(one.name)
            case "still":
                if trio.current_time() > scene.ends[one.name].still_until + STILL:
                    scene.ends[one.name].stand_still(STILL)
            case "change":
                configs[one.name] = evolve(configs[one.name], window=1 + configs[one.name].window % 7, weight=2.0)
                _renew(scene, configs, gone)
            case "gone" | "new":
                (gone.add if one.what == "gone" else gone.discard)(one.name)
                _renew(scene, configs, gone)


def _renew(scene: Scene, configs: dict[str, RouteConfig], gone: set[str]) -> None:
    """A configuration has one route at least."""
    scene.routes.renew([config for name, config in configs.items() if name not in gone - {NAMES[-1]}])


def _all_well(scene: Scene) -> None:
    scene.routes.order(())
    for end in scene.ends.values():
        end.down = False


def _judge(scene: Scene) -> None:
    stood_still = any(end.still_until > 0 for end in scene.ends.values())
    told = [shop for n in CARDS for shop in scene.shops(n)]
    wanted = {n: [f"SHOP {n} {stan}" for stan in STANS] for n in CARDS}
    doubts = sum(doubts for (doubts,) in scene.kept.query("SELECT doubts FROM alert"))
    states = set(scene.kept.states())

    assert states <= {"accepted", "delivered", "unknown"}
    for n in CARDS:
        told_in_order = dict.fromkeys(scene.shops(n)) if stood_still else (shop for shop, _ in groupby(scene.shops(n)))
        assert [*told_in_order] == wanted[n]
    assert len(told) - sum(map(len, wanted.values())) <= doubts
    assert "unknown" not in states or doubts >= 2
