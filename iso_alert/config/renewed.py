"""What a configuration that was read again changes at once, and what waits for a restart: two values in, one out.

A link's host must not notice: links keep their names, their addresses and how their bytes are cut and decoded.  All
that hangs on the decoding (its tables, whether it is mirrored) stays with it.  Routes to operators can follow anything:
one that changes leaves and binds anew, and the others stand in for it.  The API keeps its door, with another
certificate.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import evolve, fields, frozen, has

from iso_alert.config.api import ApiConfig
from iso_alert.config.judge import Config
from iso_alert.config.wired import wires
from iso_alert.domain.decision import Rulebook
from iso_alert.service.links import LinkConfig

SWAPPED = {  # of a Config, and what it is called; links and the API are looked into
    "keyring": "keys",
    "rulebook": "policy, events, channels or texts",
    "enrolment": "enrolment",
    "drain_timeout": "run.drain_timeout",
    "retention": "retention",
}
LOOKED_INTO = ("links", "routes", "api", "path", "spread")
WAITS_OF_A_LINK = "profile, framing, decision or enrolment"


@frozen
class Renewed:
    """The configuration in force now; what of it is new, and what of the new one is not in force, in words."""

    config: Config
    taken: Sequence[str]
    waits: Sequence[str]


def renewed(old: Config, new: Config) -> Renewed:
    """The new configuration as far as a running service can follow it."""
    waits = [one.name for one in fields(Config) if _stays(one.name) and _of(old, one.name) != _of(new, one.name)]
    links, about_links, as_before = _links(old.links, new.links, old.spread)
    api, about_api = _api(old.api, new.api)
    changed = {name: _of(new, name) for name in (*SWAPPED, "routes")} | {
        "links": links,
        "api": api,
        "rulebook": _book(old.rulebook, new.rulebook, as_before),
    }
    now = evolve(old, **changed)
    return Renewed(now, list(_taken(old, now)), [*waits, *about_api, *about_links])


def outlived(old: Config, new: Config, now: float) -> Iterator[str]:
    """Certificates that have ended, in place of ones that have not: somebody took the wrong file."""
    before = {(wire.side, wire.name): wire.tls for wire in wires(old)}
    for wire in wires(new):
        used = before.get((wire.side, wire.name))
        until, good = (tls.ends.get("certificate", now + 1) if tls else now + 1 for tls in (wire.tls, used))
        if until <= now < good:
            day = datetime.fromtimestamp(until, UTC)
            yield f"{wire.side} {wire.name}: tls: the new certificate ended on {day:%Y-%m-%d}, the one in use has not"


def _stays(name: str) -> bool:
    return name not in (*SWAPPED, *LOOKED_INTO)


def _of(config: Any, name: str) -> Any:
    return getattr(config, name)


def _taken(old: Config, now: Config) -> Iterator[str]:
    """What is new, in words."""
    yield from (called for name, called in SWAPPED.items() if _told(_of(old, name)) != _told(_of(now, name)))
    pairs = zip(old.links, now.links, strict=True)
    yield from (f"link {one.rules.name}" for one, other in pairs if _told(one) != _told(other))
    known, wanted = ({route.name: route for route in config.routes} for config in (old, now))
    yield from (f"smsc {name}: is new" for name in wanted if name not in known)
    yield from (f"smsc {name}: is gone" for name in known if name not in wanted)
    yield from (f"smsc {name}" for name in known if name in wanted and known[name] != wanted[name])
    before = {(wire.side, wire.name): wire.tls for wire in wires(old)}
    for wire in wires(now):
        used = before.get((wire.side, wire.name))
        if wire.tls and used and wire.tls.made_of != used.made_of:
            yield f"{wire.side} {wire.name}: certificates"


def _told(value: Any) -> Any:
    """What is written in it: some values are equal to nothing but themselves."""
    if has(type(value)):
        return [_told(_of(value, one.name)) for one in fields(type(value)) if one.eq]
    if isinstance(value, Mapping):
        return [(key, _told(each)) for key, each in value.items()]
    return [_told(each) for each in value] if isinstance(value, (list, tuple)) else value


def _api(old: ApiConfig | None, new: ApiConfig | None) -> tuple[ApiConfig | None, list[str]]:
    if old == new:
        return new, []
    if old is None or new is None:
        return old, [f"api: is {'gone' if old else 'new'}"]
    if (old.host, old.port, old.tls is None) != (new.host, new.port, new.tls is None):
        return old, ["api: its address, or whether with TLS"]
    return evolve(old, tls=new.tls), ["api: rate or address_rate"]


def _links(
    old: Sequence[LinkConfig], new: Sequence[LinkConfig], spread: frozenset[str]
) -> tuple[tuple[LinkConfig, ...], list[str], frozenset[str]]:
    """The links in force, what waits, and the names of those that are decoded as before."""
    wanted, known = ({link.rules.name: link for link in links} for links in (new, old))
    waits = [f"link {name}: is new" for name in wanted if name not in known]
    waits += [f"link {name}: is gone" for name in known if name not in wanted]
    links, as_before = [], {name for name in known if name not in wanted}
    for name, link in known.items():
        one = wanted.get(name, link)
        if not _same_end(link, one):
            waits.append(f"link {name}: its address, who calls whom, or whether with TLS")
            one = evolve(one, door=link.door)
        if _decoding(link) != _decoding(one):
            waits.append(f"link {name}: {WAITS_OF_A_LINK}")
            as_before.add(name)
            one = evolve(one, dialect=link.dialect)
        if name in spread and one.rules.rate is not None:
            waits.append(f"link {name}: its rate, for its connections are spread over speakers")
            one = evolve(one, rules=evolve(one.rules, rate=None))
        links.append(one)
    return tuple(links), waits, frozenset(as_before)


def _same_end(old: LinkConfig, new: LinkConfig) -> bool:
    return type(old.door) is type(new.door) and _address(old) == _address(new)


def _address(link: LinkConfig) -> tuple[str, int, bool]:
    return link.door.host, link.door.port, link.door.tls is not None


def _decoding(link: LinkConfig) -> tuple[Any, ...]:
    """What a host and we must change in the same moment, or what waits in the store would be read otherwise."""
    spoken, profile = link.dialect, link.dialect.profile
    return profile.name, profile.spec, profile.network, spoken.framing, spoken.decision, spoken.enrolment


def _book(old: Rulebook, new: Rulebook, as_before: frozenset[str]) -> Rulebook:
    profiles = {**new.profiles, **{name: old.profiles[name] for name in as_before}}
    return evolve(new, profiles=profiles, paired=(new.paired - as_before) | (old.paired & as_before))
