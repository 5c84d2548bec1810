"""Several routes on a stage: a real store, a courier, and an operator for each name, on memory streams."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import trio
from attrs import define, evolve, field, frozen

from iso_alert.domain.transaction import Transaction
from iso_alert.service.courier import Courier
from iso_alert.service.desk import Desk
from iso_alert.service.journal import Journal
from iso_alert.service.metrics import Metrics
from iso_alert.service.reports import Reports
from iso_alert.service.route import Route, RouteConfig
from iso_alert.service.routes import Routes
from iso_alert.service.way import Way
from iso_alert.sim.smsc import Sms, SmscOptions
from tests.service.courier_stage import Fussy
from tests.service.route_stage import CONFIG, STATUSES, Operator
from tests.support.bank import NOW, book, mobile, sale
from tests.support.engines import Kept, sqlite

LONG = 3600.0  # seconds on a clock that jumps: after them nothing more will happen


@frozen
class Plan:
    """A route as a test wants it, and its operator's SMSC; that of the first route to an operator counts."""

    operator: str = ""  # none: the route's name
    options: SmscOptions = field(factory=SmscOptions)
    down: bool = False
    config: Mapping[str, Any] = field(factory=dict)


@define(eq=False)
class Scene:
    """All that a test may pull at; `ends` by the names of routes, `smscs` and `shown` by those of operators."""

    kept: Kept
    desk: Desk
    routes: Routes
    courier: Courier
    journal: Journal
    metrics: Metrics
    ends: Mapping[str, Operator]
    smscs: Mapping[str, Fussy]
    shown: Mapping[str, list[Sms]]
    told: list[Sms]  # by whichever operator, in order

    def way(self, name: str) -> Way:
        return next(way for way in self.routes.ways if way.config.name == name)

    def states(self) -> dict[str, str]:
        return {one.name: one.state for one in self.routes.statuses()}

    async def record(self, *batch: Transaction) -> None:
        await self.journal.record(batch)

    async def settled(self) -> None:
        """Return when nothing waits in the store any more."""
        with trio.fail_after(LONG):
            while (waits := self.kept.store.outbox()).queued + waits.sending:
                await trio.sleep(0.1)

    async def bound(self, *names: str) -> None:
        with trio.fail_after(LONG):
            while not all(self.way(name).route.bound for name in names):
                await trio.sleep(0.1)

    async def hang_up(self, name: str) -> None:
        """The SMSC breaks the connection off."""
        for line in self.ends[name].lines:
            await line.aclose()

    def counts(self) -> dict[str, int]:
        """SMS shown, by operator."""
        return {name: len(shown) for name, shown in self.shown.items()}

    def shops(self, serial: int) -> list[str]:
        """The shops that a phone was told of, in order, whoever told it."""
        return [shop_of(sms) for sms in self.told if sms.destination == mobile(serial).lstrip("+")]


def shop(serial: int, stan: int, **changed: Any) -> Transaction:
    """A sale that can be told from every other by its SMS."""
    return sale(serial, stan, merchant=f"THE SHOP {serial} {stan}", **changed)


def shop_of(sms: Sms) -> str:
    return sms.text.split("@ THE ")[1].split(" 15:15")[0]


@asynccontextmanager
async def stage(directory: Path, customers: int = 3, **plans: Plan) -> AsyncIterator[Scene]:
    """Everything that runs, and some subscribers; cancelled at the end.  Routes are called as in `plans`."""
    kept, metrics = sqlite(directory), Metrics()
    kept.subscribe(*range(1, customers + 1))

    def clock() -> float:
        return NOW + trio.current_time()

    async with trio.open_nursery() as nursery:
        told: list[Sms] = []
        ends, smscs, shown = _operators(nursery, plans, told)

        def make(config: RouteConfig, reports: Reports, changed: trio.lowlevel.ParkingLot) -> Route:
            return Route(
                config, STATUSES, random=Random(1), clock=clock, watch=metrics.of_route(config.name),
                connect=ends[config.name].connect, reports=reports, changed=changed,
            )  # fmt: skip

        routes, desk = Routes([_config(name, plan) for name, plan in plans.items()], make), Desk(kept.store)
        courier = Courier(desk, routes, metrics, clock)
        journal = Journal(desk, book(), courier, metrics, clock)
        nursery.start_soon(desk.probe)
        nursery.start_soon(journal.run)
        await nursery.start(routes.run)
        nursery.start_soon(courier.run)
        scene = Scene(kept, desk, routes, courier, journal, metrics, ends, smscs, shown, told)
        await scene.bound(*(name for name, plan in plans.items() if not plan.down))
        yield scene
        nursery.cancel_scope.cancel()
    kept.store.close()


def _config(name: str, plan: Plan) -> RouteConfig:
    return evolve(CONFIG, name=name, operator=plan.operator or name, **plan.config)


def _operators(
    nursery: trio.Nursery, plans: Mapping[str, Plan], told: list[Sms]
) -> tuple[dict[str, Operator], dict[str, Fussy], dict[str, list[Sms]]]:
    """One SMSC an operator, one end a route."""

    def show(operator: str, sms: Sms) -> None:
        shown[operator].append(sms)
        told.append(sms)

    ends, smscs, shown = {}, dict[str, Fussy](), dict[str, list[Sms]]()
    for name, plan in plans.items():
        operator = plan.operator or name
        if operator not in smscs:
            shown[operator] = []
            smscs[operator] = Fussy(plan.options, partial(show, operator), clock=trio.current_time)
            nursery.start_soon(smscs[operator].later)
        ends[name] = Operator(nursery, smscs[operator], plan.down)
    return ends, smscs, shown
