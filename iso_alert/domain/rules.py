"""Ordered tables of rules, first match wins: how events and channels are told apart.

A rule is a row of TOML: an id, its words, what it leads to, and `when`: alternatives, each a table that names facts and
the patterns their values must match.  A pattern is a word with `*` and `?`, a numeric range such as `30-39`, or either
with a leading `!` for "not".  Several patterns for one fact are alternatives too; those with `!` must all hold.

Facts are few and their values come from small sets, so the answer for a set of facts is remembered.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from attrs import define, field, frozen

REMEMBERED = 4096  # sets of facts; a host uses some dozens


class RuleError(ValueError):
    """A row of a table asks about a fact that does not exist, or leads to a word that nobody knows."""


@frozen
class Rule:
    """One row: what it leads to when any of its alternatives holds."""

    id: str
    say: str
    leads: str
    when: tuple[Mapping[str, tuple[str, ...]], ...]
    extra: str = ""  # the channel table's sub-channel

    def holds(self, facts: Mapping[str, str]) -> bool:
        return any(all(_fits(facts[name], wanted) for name, wanted in each.items()) for each in self.when)


def _fits(value: str, patterns: Iterable[str]) -> bool:
    wanted = [p for p in patterns if not p.startswith("!")]
    unwanted = [p[1:] for p in patterns if p.startswith("!")]
    return (not wanted or any(_matches(value, p) for p in wanted)) and not any(_matches(value, p) for p in unwanted)


def _matches(value: str, pattern: str) -> bool:
    low, dash, high = pattern.partition("-")
    if dash and low.isdigit() and high.isdigit():
        return value.isdigit() and len(value) == len(low) and low <= value <= high
    return fnmatchcase(value, pattern)


@define
class Table:
    """Rules in order.  `facts_of` turns what is asked about into the names that rows use."""

    rules: tuple[Rule, ...]
    _facts_of: Callable[..., Mapping[str, str]]
    _known: dict[Any, Rule] = field(factory=dict, init=False, repr=False)

    def first(self, *asked: Any) -> Rule:
        """The first rule that holds; the last row of a table holds always."""
        found = self._known.get(asked)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            facts = self._facts_of(*asked)
            found = self._known[asked] = next(rule for rule in self.rules if rule.holds(facts))
        return found


def read_rules(rows: Sequence[Mapping[str, Any]], leads: str, known: Iterable[str], facts: Iterable[str]) -> list[Rule]:
    """Rows of a TOML array as rules; `leads` is the key that names the outcome.  Raises RuleError, naming the row."""
    known, facts = set(known), set(facts)
    return [_read_rule(row, leads, known, facts) for row in rows]


def _read_rule(row: Mapping[str, Any], leads: str, known: set[str], facts: set[str]) -> Rule:
    where = f"row {row.get('id', '?')}"
    if strange := set(row) - {"id", "say", "when", "sub", leads}:
        raise RuleError(f"{where}: unknown key {sorted(strange)[0]!r}")
    if missing := {"id", "say", leads} - set(row):
        raise RuleError(f"{where}: {sorted(missing)[0]!r} is missing")
    if row[leads] not in known:
        raise RuleError(f"{where}: {row[leads]!r} is none of {', '.join(sorted(known))}")
    alternatives = tuple(_read_when(each, facts, where) for each in row.get("when", [{}]))
    return Rule(row["id"], row["say"], row[leads], alternatives, row.get("sub", ""))


def _read_when(each: Mapping[str, Any], facts: set[str], where: str) -> Mapping[str, tuple[str, ...]]:
    for name in each:
        if name not in facts:
            raise RuleError(f"{where}: no fact is called {name!r}; there are {', '.join(sorted(facts))}")
    return {name: (p,) if isinstance(p, str) else tuple(p) for name, p in each.items()}
