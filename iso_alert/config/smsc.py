"""Judge the routes to operators: each by itself, and then whether they can stand side by side."""

from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from pathlib import Path

from iso_alert.config.file import SmscSection, name_fault, reachable
from iso_alert.config.secrets import read_secret
from iso_alert.config.wires import Faults, judge_call
from iso_alert.service.route_config import RouteConfig
from iso_alert.service.tls import Tls

POSITIVE = ("weight", "window", "rate")
SAME = ("source", "long_messages", "gsm")  # what one route began, another to the same operator goes on with


def judge_route(smsc: SmscSection, base: Path) -> RouteConfig:
    """Raises ValueError with a line for each fault."""
    faults = Faults([fault for name in (smsc.name, smsc.operator) if name is not None and (fault := name_fault(name))])
    faults.lines.extend(f"{name} must be more than nothing" for name in POSITIVE if _impossible(smsc, name))
    place = faults.attempt("connect", partial(reachable, smsc.connect))
    password = faults.attempt("password_file", partial(read_secret, base / smsc.password_file))
    tls = faults.judge(partial(judge_call, smsc.tls, base))
    faults.leave()
    assert place
    assert password
    return _config(smsc, place, password, tls)


def side_by_side(smscs: Sequence[SmscSection]) -> Iterator[tuple[int, str]]:
    """What is wrong with one (by its place) beside those that stand before it."""
    for n, smsc in enumerate(smscs):
        before = smscs[:n]
        if smsc.name in [one.name for one in before]:
            yield n, "two routes have this name"
        first = next((one for one in before if _operator(one) == _operator(smsc)), smsc)
        if other := [name for name in SAME if getattr(first, name) != getattr(smsc, name)]:
            yield n, f"{', '.join(other)} must be as in {first.name}: both are routes to operator {_operator(smsc)}"


def _operator(smsc: SmscSection) -> str:
    return smsc.operator or smsc.name


def _impossible(smsc: SmscSection, name: str) -> bool:
    value = getattr(smsc, name)
    return value is not None and not 0 < value < inf


def _config(smsc: SmscSection, place: tuple[str, int], password: str, tls: Tls | None) -> RouteConfig:
    """Raises ValueError for a source that no operator would take."""
    config = RouteConfig(
        name=smsc.name,
        host=place[0],
        port=place[1],
        system_id=smsc.system_id,
        password=password,
        source=smsc.source,
        system_type=smsc.system_type,
        window=smsc.window,
        rate=smsc.rate,
        long_messages=smsc.long_messages,
        gsm=smsc.gsm,
        activate=smsc.activate,
        tls=tls,
        weight=smsc.weight,
        operator=_operator(smsc),
    )
    _ = config.sender
    return config
