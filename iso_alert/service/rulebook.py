"""Read the tables of specs/ that deciding needs: events, channels, policy, texts.  Every fault at once."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from iso_alert import shipped
from iso_alert.domain.channel import read_channel_rules, read_channels
from iso_alert.domain.decision import Rulebook, Tables
from iso_alert.domain.event import read_event_rules, read_events
from iso_alert.domain.policy import read_policy
from iso_alert.domain.text import Language, Texts, places
from iso_alert.iso.dialect import Decision, Dialect
from iso_alert.iso.tables import BadTable

T = TypeVar("T")


def read_rulebook(dialects: Sequence[Dialect], policy: str = "policy.toml", *before: Path) -> Rulebook:
    """The rulebook of these links; `before` are directories that stand before the shipped tables.  Raises BadTable."""
    faults: list[str] = []

    def read(name: str, understand: Callable[[dict[str, Any]], T]) -> T | None:
        path = shipped.path(name, *before)
        try:
            return understand(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError) as fault:
            faults.extend(f"{path}: {line}" for line in str(fault).splitlines())
            return None

    events = read("events.toml", lambda raw: list(raw["event"]))
    channels = read("channels.toml", lambda raw: list(raw["channel"]))
    promised = read(policy, read_policy)
    texts = read("texts.toml", read_texts)
    tables: dict[str, Tables] = {}
    for dialect in dialects:
        try:
            own_events = read_event_rules(dialect.profile.event)
            own_channels = read_channel_rules(dialect.profile.channel)
            tables[dialect.link] = Tables(
                read_events(events or (), own_events), read_channels(channels or (), own_channels)
            )
        except ValueError as fault:
            faults.append(f"link {dialect.link}, profile {dialect.profile.name}: {fault}")
    if faults or promised is None or texts is None:
        raise BadTable(faults)
    paired = frozenset(dialect.link for dialect in dialects if dialect.decision is Decision.PAIRED)
    return Rulebook(tables, promised, texts, paired)


def read_texts(raw: Mapping[str, Any]) -> Texts:
    """The texts, if they are as whole as the shipped ones and name nothing that those do not.  Raises ValueError.

    A text that turns out to be missing when it is due would be an alert that is lost.
    """
    shipped_texts = tomllib.loads((shipped.SPECS / "texts.toml").read_text(encoding="utf-8"))
    faults = []
    for key, ours in shipped_texts.items():
        known = set[str]().union(*map(places, ours.values()))
        for language in Language:
            text = raw.get(key, {}).get(language.value)
            if not isinstance(text, str) or not text:
                faults.append(f"{key}.{language.value} is missing")
            elif strange := places(text) - known:
                faults.append(f"{key}.{language.value} names {sorted(strange)[0]!r}, which nobody fills in")
    if faults:
        raise ValueError("\n".join(faults))
    return Texts(raw)
