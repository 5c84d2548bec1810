"""A courier on a stage: a real store, a real journal, and our simulated operator on memory streams."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import trio
from attrs import define, evolve, field

from iso_alert.domain.transaction import Transaction
from iso_alert.service.courier import Courier
from iso_alert.service.desk import Desk
from iso_alert.service.journal import Journal
from iso_alert.service.metrics import Metrics
from iso_alert.service.reports import Reports
from iso_alert.service.route import Route, RouteConfig
from iso_alert.service.routes import Routes
from iso_alert.sim.smsc import Sms, Smsc, SmscOptions
from iso_alert.smpp.pdu import Pdu
from tests.service.route_stage import CONFIG, STATUSES, Operator
from tests.support.bank import NOW, book
from tests.support.engines import Kept, sqlite

LONG = 3600.0  # seconds on a clock that jumps: after them nothing more will happen


@define(eq=False)
class Fussy(Smsc):
    """An SMSC that answers the messages in which it finds a word with a status of its choice."""

    statuses: dict[str, int] = field(factory=dict)

    def _answer(self, line: Any, pdu: Pdu, number: int) -> Callable[[], None]:
        text = pdu.fields["short_message"].decode("latin-1")
        status = next((status for word, status in self.statuses.items() if word in text), 0)
        if not status:
            return super()._answer(line, pdu, number)

        def refuse() -> None:
            line.session.respond(pdu, trio.current_time(), status)
            line.nudge()

        return refuse


@define(eq=False)
class Scene:
    """All that a test may pull at."""

    nursery: trio.Nursery
    kept: Kept
    desk: Desk
    routes: Routes
    courier: Courier
    journal: Journal
    operator: Operator
    smsc: Fussy
    metrics: Metrics
    shown: list[Sms]

    @property
    def route(self) -> Route:
        return self.routes.ways[0].route

    async def record(self, *batch: Transaction) -> None:
        await self.journal.record(batch)

    async def settled(self) -> None:
        """Return when nothing waits in the store any more."""
        with trio.fail_after(LONG):
            while (waits := self.kept.store.outbox()).queued + waits.sending:
                await trio.sleep(0.1)

    def texts(self, mobile: str) -> list[str]:
        """What one phone showed."""
        return [sms.text for sms in self.shown if sms.destination == mobile.lstrip("+")]

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"iso_alert_{name}", labels) or 0.0


@asynccontextmanager
async def stage(
    directory: Path,
    options: SmscOptions | None = None,
    *,
    down: bool = False,
    statuses: dict[str, int] | None = None,
    customers: Sequence[int] = (1, 2, 3),
    clock: Callable[[], float] | None = None,
    **config: Any,
) -> AsyncIterator[Scene]:
    """Everything that runs, and some subscribers; cancelled at the end."""
    kept, shown, metrics = sqlite(directory), list[Sms](), Metrics()
    kept.subscribe(*customers)
    clock = clock or (lambda: NOW + trio.current_time())
    async with trio.open_nursery() as nursery:
        smsc = Fussy(options or SmscOptions(), shown.append, statuses=statuses or {})
        operator = Operator(nursery, smsc, down)

        def make(config: RouteConfig, reports: Reports, changed: trio.lowlevel.ParkingLot) -> Route:
            return Route(
                config, STATUSES, random=Random(1), clock=clock, watch=metrics.of_route(config.name),
                connect=operator.connect, reports=reports, changed=changed,
            )  # fmt: skip

        routes = Routes([evolve(CONFIG, **config)], make)
        desk = Desk(kept.store)
        courier = Courier(desk, routes, metrics, clock)
        journal = Journal(desk, book(), courier, metrics, clock)
        nursery.start_soon(smsc._agenda.run)
        nursery.start_soon(desk.probe)
        nursery.start_soon(journal.run)
        await nursery.start(routes.run)
        nursery.start_soon(courier.run)
        if not down:
            await routes.wait_credit()
        yield Scene(nursery, kept, desk, routes, courier, journal, operator, smsc, metrics, shown)
        nursery.cancel_scope.cancel()
    kept.store.close()
