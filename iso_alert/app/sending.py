"""Build the routes to the operators, each with its own ears."""

from collections.abc import Callable
from random import Random

import trio

from iso_alert.config import Config
from iso_alert.service.metrics import Metrics, RouteMetrics
from iso_alert.service.reports import Reports
from iso_alert.service.route import Route, load_statuses
from iso_alert.service.route_config import RouteConfig
from iso_alert.service.routes import Routes


def build_routes(config: Config, metrics: Metrics, clock: Callable[[], float]) -> Routes:
    """All that are configured.  Raises ValueError for a broken status table."""
    statuses, dice = load_statuses(config.statuses), Random()
    watches: dict[str, RouteMetrics] = {}  # a name's counters go on when another route has it

    def make(route: RouteConfig, reports: Reports, changed: trio.lowlevel.ParkingLot) -> Route:
        watch = watches.get(route.name) or watches.setdefault(route.name, metrics.of_route(route.name))
        return Route(route, statuses, random=dice, clock=clock, watch=watch, reports=reports, changed=changed)

    return Routes(config.routes, make)
