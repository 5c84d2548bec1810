"""One running service: open the store, build the parts, run them in one nursery, leave in order.

To stop: close the doors, answer what is in hand, empty the windows to the operators, close the store.  All of that has
`drain_timeout` seconds; what is not done by then is in the store, and the next start goes on with it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from ssl import SSLContext

import structlog
import trio
from attrs import define, field, frozen

from iso_alert.app.condition import Condition
from iso_alert.app.lookout import LOOK_FOR_ORDERS, Lookout
from iso_alert.app.rereading import reread, tell
from iso_alert.app.sending import build_routes
from iso_alert.config import ApiConfig, Config, ConfigError
from iso_alert.service.calendar import Calendar, Round
from iso_alert.service.courier import Courier
from iso_alert.service.desk import Desk, InThread, Keeper
from iso_alert.service.enrolment import Enrolment
from iso_alert.service.expiry import LOOK_EVERY
from iso_alert.service.journal import Journal
from iso_alert.service.links import Links, briefing
from iso_alert.service.metrics import Metrics, OutboxGauges
from iso_alert.service.newsroom import Newsroom
from iso_alert.service.purging import Purging
from iso_alert.service.reminders import Reminders
from iso_alert.service.routes import Routes
from iso_alert.service.speakers import Speakers
from iso_alert.service.subscribing import LAPSE_FULL, Subscribing
from iso_alert.service.writer import Writer, WriterEnded
from iso_alert.store.file import migrations_due
from iso_alert.store.hold import Hold
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite
from iso_alert.web.admin import Pages, admin_app
from iso_alert.web.api.app import api_app
from iso_alert.web.api.gate import Gate, Limits
from iso_alert.web.api.office import Dispatch, Office
from iso_alert.web.server import serve_app

IN_FLIGHT = "alerts were in flight when the last run ended: they go again"
BEHIND = "bringing the store up to date before the doors open: a large one takes minutes"
LAPSE_EVERY = 60.0  # seconds between looks for confirmations that nobody received
BUSY = 1.0  # seconds that a page waits at most for what speakers have counted
log = structlog.get_logger()


@frozen
class Addresses:
    """Where a running node can be reached."""

    links: Mapping[str, tuple[str, int]]
    admin: tuple[str, int]
    api: tuple[str, int] | None = None


@define(eq=False)
class Node:
    """One running service."""

    config: Config
    clock: Callable[[], float] = time.time
    metrics: Metrics = field(factory=Metrics, kw_only=True)  # ears of one's own may be brought along
    writer: bool = field(default=False, kw_only=True)  # whether a process of its own has the store, or a thread
    speakers: int = field(default=0, kw_only=True)  # processes that carry the connections of links
    log_level: str = field(default="info", kw_only=True)  # theirs
    journal: Journal = field(init=False)
    subscribing: Subscribing = field(init=False)
    _enrolment: Enrolment = field(init=False)
    _links: Links = field(init=False)
    _office: Office | None = field(default=None, init=False)
    _reminders: Reminders = field(init=False)
    _purging: Purging = field(init=False)
    _calendar: Calendar = field(init=False)
    _hold: Hold = field(init=False)
    _keeper: Keeper = field(init=False)
    _speakers: Speakers = field(init=False)
    _desk: Desk = field(init=False)
    _routes: Routes = field(init=False)
    _courier: Courier = field(init=False)
    _closing: trio.Event = field(factory=trio.Event, init=False)
    _started: trio.Event = field(factory=trio.Event, init=False)
    _over: trio.Event = field(factory=trio.Event, init=False)
    _lookout: Lookout = field(init=False)
    _condition: Condition = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Open the store, start what runs beside us.  Raises StoreUnavailable, WriterEnded, SpeakerEnded."""
        config, metrics = self.config, self.metrics
        self._hold = Hold(config.store)
        if due := migrations_due(config.store):
            log.info(BEHIND, migrations=due, megabytes=round(config.store.stat().st_size / 1e6))
        self._keeper = Writer(config.store, self._hold.fileno()) if self.writer else InThread(Sqlite(config.store))
        self._desk = Desk(self._keeper.store, self._keeper.begin, self._keeper.begin_urgent)
        self._routes = build_routes(config, metrics, self.clock)
        self._lookout = Lookout(self._desk, self._routes, metrics)
        self._courier = Courier(self._desk, self._routes, metrics, self.clock)
        self.subscribing = Subscribing(self._desk, config.enrolment.rules, self._courier.nudge, self.clock)
        self._enrolment = self._enrolling()
        self._reminders = Reminders(self._desk, config.rulebook.texts, self._courier.nudge, self.clock)
        self._purging = Purging(self._desk, config.retention, self.clock)
        self._calendar = Calendar(self._rounds())
        self.journal = Journal(self._desk, config.rulebook, self._courier, metrics, self.clock)
        self._speakers = self._start_speakers()
        self._links = Links(self.journal, metrics, self.clock, self._speakers, config.spread if self._speakers else ())
        names = [link.rules.name for link in config.links]
        held, closing = self._courier.held, self._closing
        self._condition = condition = Condition(
            self._desk, self._routes, held, names, self._started, closing, self._speakers.statuses
        )
        metrics.registry.register(OutboxGauges(lambda: condition.outbox, self.clock))

    def _start_speakers(self) -> Speakers:
        config = self.config
        spread = [link for link in config.links if link.rules.name in config.spread]
        try:
            return Speakers(self.speakers if spread else 0, briefing(spread, config.keyring), self.log_level)
        except BaseException:
            self._keeper.close()
            self._hold.release()
            raise

    def _enrolling(self) -> Enrolment:
        enrolment = self.config.enrolment
        return Enrolment(self.subscribing, enrolment.slips, enrolment.operators)

    def _rounds(self) -> Sequence[Round]:
        nudge = self._courier.nudge
        return (
            Round("lapse", LAPSE_EVERY, self.subscribing.lapse, full=LAPSE_FULL),
            self._reminders.round(),
            Newsroom(self._desk, nudge, self.clock).round(),
            self._purging.round(),
            Round("certificates", LOOK_EVERY, self._look_at_certificates),
            Round("orders", LOOK_FOR_ORDERS, self._lookout.orders),
            Round("log", LOOK_FOR_ORDERS, self._lookout.shorten),
        )

    def stop(self) -> None:
        """Begin to leave.  May be called at any time, also twice."""
        self._closing.set()

    async def reload(self) -> None:
        """Read the configuration again: use all of it that a running service can, or keep the old one and say why.

        No connection notices.  May be called at any time; before the doors are open it waits for them.
        """
        await self._started.wait()
        try:
            found = await reread(self.config)
        except ConfigError as error:
            for fault in error.faults:
                log.error("configuration kept as it was", fault=fault)
            self.metrics.reloaded("refused")
            return
        old, new = self.config, found.config
        await self._links.brief(old.links, old.keyring.knowing(new.keyring))  # before anybody moves a card to a new key
        self.config = new
        self._swap()
        await self._links.brief(new.links, new.keyring)
        tell(found)
        self.metrics.reloaded("waits" if found.waits else "done")
        await self._look_at_certificates()
        await self._lookout.keys(self.config)

    async def _look_at_certificates(self) -> int:
        return await self._lookout.certificates(self.config, self.clock())

    def _swap(self) -> None:
        """Hand the configuration to the rooms that can do with another one, all of them in the same moment."""
        config = self.config
        self.journal.book, self.subscribing.rules = config.rulebook, config.enrolment.rules
        self._enrolment = self._enrolling()
        self._routes.renew(config.routes)
        self._links.renew(config.links, config.keyring, self._enrolment)
        self._reminders.texts, self._purging.retention = config.rulebook.texts, config.retention
        if self._office:
            self._office.keyring, self._office.texts = config.keyring, config.rulebook.texts

    async def run(self, *, task_status: trio.TaskStatus[Addresses] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until `stop`, then drain.  Cancelled, it leaves at once: the store knows what was not done."""
        try:
            if not await self._recover():
                return
            async with trio.open_nursery() as parts:
                parts.start_soon(self._desk.probe)
                parts.start_soon(self._miss_the_writer)
                parts.start_soon(self.journal.run)
                parts.start_soon(self.journal.sweep)
                parts.start_soon(self._speakers.run, self.journal, self.metrics)
                parts.start_soon(self._calendar.run)
                parts.start_soon(self._lookout.keys, self.config)
                await parts.start(self._routes.run)
                async with trio.open_nursery() as sending:
                    sending.start_soon(self._courier.run)
                    sending.cancel_scope.deadline = await self._serve(task_status)
                parts.cancel_scope.cancel()
        finally:
            self._speakers.close()
            self._keeper.close()
            self._hold.release()
            self._over.set()

    async def _refresh(self) -> None:
        """What the pages show is as of now, unless a speaker is too busy to tell."""
        with trio.move_on_after(BUSY):
            await self._speakers.tell()
        await self._condition.refresh()

    async def _miss_the_writer(self) -> None:
        """Nothing can be recorded any more: better to be started again than to answer 96 for ever."""
        await self._keeper.ended()
        raise WriterEnded

    async def stopped(self) -> None:
        """Return when `run` has ended."""
        await self._over.wait()

    async def _recover(self) -> bool:
        """Put back what a killed predecessor held.  A store in trouble is waited for: nothing is sent before.

        False when the stop came first.
        """
        while not self._closing.is_set():
            try:
                doubtful = await self._desk.do(self._desk.store.recover)
                await self._lookout.orders()  # a route that was drained stays drained
            except StoreUnavailable:
                with trio.move_on_after(1):
                    await self._closing.wait()
                continue
            if doubtful:
                log.warning(IN_FLIGHT, alerts=doubtful)
            return True
        return False

    async def _serve(self, task_status: trio.TaskStatus[Addresses]) -> float:
        """Open the doors, wait for the stop, then give the rest its time; the moment at which that is over."""
        async with trio.open_nursery() as admin:
            closed, condition = trio.Event(), self._condition
            pages = Pages(self.metrics.registry, self._refresh, condition.unready, condition.status)
            host, port = self.config.admin
            port = await admin.start(serve_app, admin_app(pages), host, port, closed)
            with trio.CancelScope() as patience:
                async with trio.open_nursery() as doors:
                    links = await self._open(doors)
                    api = await self._open_api(doors, self.config.api) if self.config.api else None
                    self._started.set()
                    task_status.started(Addresses(links, (host, port), api))
                    await self._closing.wait()
                    patience.deadline = trio.current_time() + self.config.drain_timeout
                await self._routes.drain()
            if patience.cancelled_caught:
                log.warning("drain timed out: the rest is in the store", seconds=self.config.drain_timeout)
            closed.set()
        return patience.deadline

    async def _open(self, doors: trio.Nursery) -> Mapping[str, tuple[str, int]]:
        config, closing = self.config, self._closing
        return {
            link.rules.name: await self._links.open(doors, link, config.keyring, self._enrolment, closing)
            for link in config.links
        }

    async def _open_api(self, doors: trio.Nursery, api: ApiConfig) -> tuple[str, int]:
        config = self.config
        texts, tell = config.rulebook.texts, self._condition.tell
        routes = Dispatch(self._routes.statuses, self._lookout.orders)
        self._office = office = Office(self._desk, self.subscribing, config.keyring, texts, self.clock, tell, routes)
        gate = Gate(self._desk, Limits(api.rate, api.address_rate), self.clock, time.monotonic)
        app = api_app(office, gate, tls=api.tls is not None)
        secured = self._api_context if api.tls else None
        port = await doors.start(serve_app, app, api.host, api.port, self._closing, secured)
        log.info("api open", address=f"{api.host}:{port}", tls=api.tls is not None)
        return api.host, port

    def _api_context(self) -> SSLContext:
        """As it is now: its certificate may have been renewed."""
        assert self.config.api
        assert self.config.api.tls
        return self.config.api.tls.context
