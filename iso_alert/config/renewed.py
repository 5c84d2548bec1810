"""What a configuration that was read again changes at once, and what waits for a restart: two values in, one out.

A link's host must not notice: links keep their names, their addresses and how their bytes are cut and decoded.  All
that hangs on the decoding (its tables, whether it is mirrored) stays with it.  Routes to operators can follow anything:
one that changes leaves and binds anew, and the others stand in for it.
"""

from collections.abc import Sequence
from typing import Any

from attrs import evolve, fields, frozen

from iso_alert.config.judge import Config
from iso_alert.domain.decision import Rulebook
from iso_alert.service.links import LinkConfig

SWAPPED = ("keyring", "rulebook", "enrolment", "drain_timeout", "routes")  # of a Config; links are looked into
LOOKED_INTO = ("links",)


@frozen
class Renewed:
    """The configuration in force now, and what of the new one is not, in words."""

    config: Config
    waits: Sequence[str]


def renewed(old: Config, new: Config) -> Renewed:
    """The new configuration as far as a running service can follow it."""
    waits = [one.name for one in fields(Config) if _stays(one.name) and _of(old, one.name) != _of(new, one.name)]
    links, about_links, as_before = _links(old.links, new.links)
    changed = {name: _of(new, name) for name in SWAPPED} | {
        "links": links,
        "rulebook": _book(old.rulebook, new.rulebook, as_before),
    }
    return Renewed(evolve(old, **changed), [*waits, *about_links])


def _stays(name: str) -> bool:
    return name not in (*SWAPPED, *LOOKED_INTO)


def _of(config: Config, name: str) -> Any:
    return getattr(config, name)


def _links(
    old: Sequence[LinkConfig], new: Sequence[LinkConfig]
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
            waits.append(f"link {name}: profile, framing, decision or enrolment")
            as_before.add(name)
            one = evolve(one, dialect=link.dialect)
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
