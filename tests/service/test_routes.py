"""Whose turn it is: routes that are always willing, sometimes away, and never really there."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any, cast

from attrs import define, evolve
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.service.outcome import Submission
from iso_alert.service.route import Route, RouteConfig
from iso_alert.service.routes import Routes
from tests.service.route_stage import CONFIG, message

MUCH = 10**6


@define(eq=False)
class Willing:
    """A route that takes whatever it is given, while it is there."""

    config: RouteConfig
    there: bool = True

    @property
    def open(self) -> bool:
        return self.there

    def credit(self) -> int:
        return MUCH if self.there else 0

    def send(self, parts: Sequence[Submission]) -> None:
        assert len(parts) <= self.credit()


def willing(*weights: float, operators: Sequence[str] = ()) -> Routes:
    """Routes a, b, c … of these weights, which have nothing to do but to take."""

    def make(config: RouteConfig, *_: object) -> Route:
        return cast("Route", Willing(config))

    names = "abcdefgh"[: len(weights)]
    configs = [
        evolve(CONFIG, name=name, weight=weight, operator=operator, window=MUCH)
        for name, weight, operator in zip(names, weights, operators or names, strict=True)
    ]
    return Routes(configs, make)


def serve(routes: Routes, parts: int = 1, operator: str | None = None) -> str:
    """Give the next alert away; the name of the route that took it."""
    routes.credit()
    way = routes.choose(operator)
    assert way
    routes.give(way, [message(n) for n in range(parts)])
    routes.flush()
    return way.config.name


def there(routes: Routes, name: str, there: bool) -> None:
    route: Any = next(way.route for way in routes.ways if way.config.name == name)
    route.there = there


async def test_turns_go_by_weight() -> None:
    """Three to one, and not three in a row at the cost of the fourth for long."""
    routes = willing(3, 1)
    turns = [serve(routes) for _ in range(12)]

    assert Counter(turns) == {"a": 9, "b": 3}
    assert [turns[n : n + 4].count("b") for n in (0, 4, 8)] == [1, 1, 1]


async def test_parts_are_counted_and_not_alerts() -> None:
    """As the operator counts them: two Thai SMS are as much as four English ones."""
    routes = willing(1, 1)
    taken: Counter[str] = Counter()
    for n in range(300):
        parts = 2 if n % 2 else 1
        taken[serve(routes, parts)] += parts

    assert abs(taken["a"] - taken["b"]) <= 2


async def test_the_share_of_who_is_away_goes_to_the_others_by_their_weights() -> None:
    """Six to three, while the third is not there."""
    routes = willing(6, 3, 91)
    there(routes, "c", False)

    assert Counter(serve(routes) for _ in range(90)) == {"a": 60, "b": 30}


async def test_who_comes_back_does_not_make_up_for_what_he_missed() -> None:
    """The operator's contract is a rate, and a flood of a day's shares would break it."""
    routes = willing(1, 1)
    there(routes, "b", False)
    alone = [serve(routes) for _ in range(1000)]
    there(routes, "b", True)
    both = Counter(serve(routes) for _ in range(100))

    assert set(alone) == {"a"}
    assert both == {"a": 50, "b": 50}


async def test_nobody_is_there() -> None:
    """Then it is nobody's turn."""
    routes = willing(1, 1)
    there(routes, "a", False)
    there(routes, "b", False)

    assert (routes.choose(), routes.credit(), routes.there()) == (None, 0, frozenset())


async def test_what_an_operator_has_begun_it_ends() -> None:
    """Whoever's turn it is; among its own routes the turns count."""
    routes = willing(1, 1, 1, operators=["ais", "true", "ais"])

    assert Counter(serve(routes, operator="ais") for _ in range(10)) == {"a": 5, "c": 5}


async def test_what_an_operator_has_begun_is_nobody_else_s() -> None:
    """While it is away, or not configured any more, its turn does not come; the others' does."""
    routes = willing(1, 1, operators=["ais", "true"])
    there(routes, "a", False)

    assert [routes.choose("ais"), routes.choose("dtac")] == [None, None]
    assert serve(routes) == "b"


async def test_another_weight_counts_at_once() -> None:
    """From the next alert on, and what went before is not counted again."""
    routes = willing(1, 1)
    for _ in range(100):
        serve(routes)
    routes.renew([evolve(way.config, weight=4.0 if way.config.name == "a" else 1.0) for way in routes.ways])

    assert Counter(serve(routes) for _ in range(100)) == {"a": 80, "b": 20}


weights = st.lists(st.floats(0.1, 20), min_size=1, max_size=5)
alerts = st.lists(st.integers(1, 4), max_size=300)  # parts of each


@given(weights=weights, alerts=alerts)
async def test_shares_are_the_weights(weights: list[float], alerts: list[int]) -> None:
    """After any number of alerts no route is ahead of another by more than one alert, by their weights."""
    routes = willing(*weights)
    taken: Counter[str] = Counter()
    for parts in alerts:
        taken[serve(routes, parts)] += parts
    by_weight = [taken[way.config.name] / way.config.weight for way in routes.ways]

    assert sum(taken.values()) == sum(alerts)
    for (one, a), (other, b) in combinations(zip(by_weight, weights, strict=True), 2):
        assert abs(one - other) <= 4 / min(a, b) + 1e-6


comings = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 30)), max_size=20)


@given(weights=weights, comings=comings)
async def test_those_who_stay_keep_their_shares_while_others_come_and_go(
    weights: list[float], comings: list[tuple[int, bool, int]]
) -> None:
    """Between two routes that were there all the time, nothing changes when a third comes or goes."""
    routes = willing(20.0, 7.0, *weights)  # the first two stay
    taken: Counter[str] = Counter()
    for n, is_there, count in comings:
        there(routes, routes.ways[2 + n % len(weights)].config.name, is_there)
        taken.update(serve(routes) for _ in range(count))

    assert abs(taken["a"] / 20 - taken["b"] / 7) <= 1 / 7 + 1e-6
