"""Operations about the routes to operators: show them, send one away, call it back."""

from functools import partial

from attrs import frozen

from iso_alert.service.way import RouteStatus
from iso_alert.store.routes import Drained
from iso_alert.web.api.answers import ShownRoute, ShownRoutes, moment
from iso_alert.web.api.bodies import Nothing, OneRoute
from iso_alert.web.api.gate import Caller
from iso_alert.web.api.office import Office, Reply
from iso_alert.web.api.problem import problem


async def routes(office: Office, _: Caller, __: Nothing) -> Reply:
    """How they are now."""
    orders = {one.route: one for one in await office.desk.do(office.desk.store.routes.drained)}
    return Reply(ShownRoutes(tuple(_shown(one, orders.get(one.name)) for one in office.routes.statuses())))


def _shown(of: RouteStatus, order: Drained | None) -> ShownRoute:
    shown = of.name, of.operator, of.weight, of.state, of.bound, of.in_flight, of.credit
    if order is None:
        return ShownRoute(*shown, None, None, None)
    return ShownRoute(*shown, moment(order.at), order.actor, order.reason)


@frozen
class Order:
    """Sends a route away, or calls it back."""

    drained: bool

    async def __call__(self, office: Office, caller: Caller, asked: OneRoute) -> Reply:
        if asked.route not in [one.name for one in office.routes.statuses()]:
            raise problem(422, "there is no route of this name", field="route")
        store = office.desk.store.routes
        order = store.drain if self.drained else store.resume
        actor = caller.actor(asked.operator)
        await office.desk.do(partial(order, asked.route, actor, office.clock(), asked.reason))
        await office.routes.obey()
        return await routes(office, caller, Nothing())
