"""What a node says of itself: what waits is not called sending."""

from collections.abc import Callable
from typing import Any, cast

import trio

from iso_alert.app.condition import Condition
from iso_alert.service.desk import Desk
from iso_alert.service.routes import Routes
from iso_alert.store.port import Outbox, Store
from tests.service.route_stage import CONFIG, make_route


class Full:
    """A store of which this is all that is asked."""

    def outbox(self) -> Outbox:
        return Outbox(5, 3, 1.0)


async def at_once(verb: Callable[[], Any]) -> Callable[[], Any]:
    async def answer() -> Any:
        return verb()

    return answer


async def told(held: int) -> Any:
    routes = Routes([CONFIG], lambda config, *_: make_route(lambda: trio.sleep_forever(), name=config.name))
    desk = Desk(cast("Store", Full()), at_once)
    return (await Condition(desk, routes, lambda: held, [], trio.Event(), trio.Event()).tell())["outbox"]


async def test_what_is_leased_and_waits_for_room_is_queued() -> None:
    """The store calls it sending, for a crash could come between its lease and the wire."""

    assert await told(2) == {"queued": 7, "sending": 1, "oldest": 1.0}


async def test_no_more_is_held_than_the_store_has_leased() -> None:
    """Both were asked one after the other; some may have been settled in between."""

    assert await told(4) == {"queued": 8, "sending": 0, "oldest": 1.0}
