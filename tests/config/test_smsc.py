"""Several routes to operators: their shares, their operators, and what is wrong with them side by side."""

from pathlib import Path

import pytest

from iso_alert.config import Config, ConfigError, load
from tests.support.authority import authority
from tests.support.deployment import SMSC, deploy


def judged(directory: Path, **routes: str) -> Config:
    """The configuration with these routes beside `operator`, by name and further lines."""
    more = "".join(SMSC.format(name=name.rstrip("_"), more=lines) for name, lines in routes.items())
    return load(deploy(directory, more=more), {})


def faults(directory: Path, **routes: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        judged(directory, **routes)
    return [fault.partition("iso-alert.toml: ")[2] for fault in refused.value.faults]


def test_a_route_has_its_weight_and_its_operator(tmp_path: Path) -> None:
    """Weight 1 and an operator of its own name, where nothing else is said."""
    config = judged(tmp_path, second='operator = "ais"\nweight = 2.5', third='operator = "ais"')

    assert [(route.name, route.operator, route.weight) for route in config.routes] == [
        ("operator", "operator", 1), ("second", "ais", 2.5), ("third", "ais", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        ({"second": "weight = 0"}, ["smsc[1] second: weight must be more than nothing"]),
        ({"second": "weight = -2"}, ["smsc[1] second: weight must be more than nothing"]),
        ({"second": "weight = nan"}, ["smsc[1].weight: must be a number"]),
        ({"operator": ""}, ["smsc[1] operator: two routes have this name"]),
        (
            {"second": "window = 0\nrate = 0\nweight = 0"},
            [f"smsc[1] second: {name} must be more than nothing" for name in ("weight", "window", "rate")],
        ),
        (
            {"second": 'operator = "operator"\nlong_messages = "sar"\ngsm = "ascii"'},
            ["smsc[1] second: long_messages, gsm must be as in operator: both are routes to operator operator"],
        ),
        (
            {"second": "", "third": 'operator = "second"\ngsm = "latin1"', "second_": "weight = 0"},
            [
                "smsc[3] second: weight must be more than nothing",
                "smsc[2] third: gsm must be as in second: both are routes to operator second",
                "smsc[3] second: two routes have this name",
            ],
        ),
    ],
)
def test_what_cannot_stand_side_by_side(tmp_path: Path, routes: dict[str, str], told: list[str]) -> None:
    """Each fault names its route; two routes to one operator must speak alike, since one goes on for the other."""
    assert faults(tmp_path, **routes) == told


def test_routes_to_different_operators_may_differ(tmp_path: Path) -> None:
    """Each operator has its own ways."""
    config = judged(tmp_path, second='long_messages = "sar"\ngsm = "ascii"\nactivate = "on_accept"')

    assert [route.long_messages for route in config.routes] == ["udh8", "sar"]


def test_tls_makes_another_route_and_a_new_certificate_does_not(tmp_path: Path) -> None:
    """A session that is up would go on in the clear for weeks; a certificate is looked at when it is used."""
    authority().trust(tmp_path)
    plain, secured = judged(tmp_path, second=""), judged(tmp_path, second='tls = { authorities = "ca.pem" }')
    renewed = judged(tmp_path, second='tls = { authorities = "ca.pem" }')
    other_name = judged(tmp_path, second='tls = { authorities = "ca.pem", server_name = "smsc.example" }')

    assert plain.routes[1] != secured.routes[1]
    assert secured.routes[1] != other_name.routes[1]
    assert secured.routes[1] == renewed.routes[1]
