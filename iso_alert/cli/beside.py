"""The service that runs beside a command, if one does: its routes, as its admin pages show them."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.request import ProxyHandler, build_opener

import trio
from attrs import frozen

from iso_alert.config import Config
from iso_alert.service.desk import Desk
from iso_alert.service.route_config import RouteConfig
from iso_alert.service.way import RouteStatus
from iso_alert.web.api.office import Dispatch

PATIENCE, LOOK_EVERY = 3.0, 0.1  # seconds; the service looks for orders once a second
NOT_RUNNING = "not running"  # the state of every route, where nobody answers


@frozen
class Beside:
    """Asks the service that has the same configuration."""

    _config: Config
    _desk: Desk

    def statuses(self) -> Sequence[RouteStatus]:
        """Every configured route; one that the service does not have (yet, or any more) runs nowhere."""
        told = self._told()
        return [told.get(route.name, _idle(route)) for route in self._config.routes]

    async def obey(self) -> int:
        """Give the service a moment to see the order."""
        ordered = {one.route for one in await self._desk.do(self._desk.store.routes.drained)}
        with trio.move_on_after(PATIENCE):
            while any(one.drained != (one.name in ordered) for one in self._told().values()):
                await trio.sleep(LOOK_EVERY)
        return len(ordered)

    def _told(self) -> dict[str, RouteStatus]:
        """By name; empty when nobody answers.  Blocks."""
        host, port = self._config.admin
        opener = build_opener(ProxyHandler({}))  # what is beside us is not behind a proxy
        try:
            with opener.open(f"http://{f'[{host}]' if ':' in host else host}:{port}/status", timeout=PATIENCE) as page:
                status: dict[str, Any] = json.load(page)
            return {row["name"]: RouteStatus(**row) for row in status["routes"]}
        except (OSError, ValueError, LookupError, TypeError):  # nobody, or somebody else
            return {}


def _idle(route: RouteConfig) -> RouteStatus:
    return RouteStatus(
        route.name, route.operator, route.weight, NOT_RUNNING, bound=False, in_flight=0, credit=0, drained=False
    )


def beside(config: Config, desk: Desk) -> Dispatch:
    """The routes of the service beside us."""
    it = Beside(config, desk)
    return Dispatch(it.statuses, it.obey)
