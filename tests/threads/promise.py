"""The policy of a story: the shipped one with what the story says of it.

[policy]
unmatched_cancellation = "silent"       # any key of a version but its rows
burst = { on = true }
from = { P3 = "500.00" }                # thresholds, by row
send = { P5 = true }                    # switches, by row
[[policy.later]]                        # a version that follows: what it changes of the one before it
id = "2027"
announced_at = 2026-12-01T00:00:00+07:00
effective_from = 2027-01-01T00:00:00+07:00
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from iso_alert import shipped
from iso_alert.domain.decision import Rulebook
from iso_alert.domain.policy import Policy, read_policy
from iso_alert.iso.dialect import Dialect
from iso_alert.service.rulebook import read_rulebook

ROWS = ("from", "send")  # what a story changes of the rows, by their ids


def book_of(dialect: Dialect, policy: Mapping[str, Any]) -> Rulebook:
    """All that deciding knows in a story."""
    return evolve(read_rulebook([dialect]), policy=policy_of(policy))


def policy_of(said: Mapping[str, Any]) -> Policy:
    shipped_text = shipped.path("policy.toml").read_text(encoding="utf-8")
    (version,) = tomllib.loads(shipped_text)["version"]
    versions = [_changed(version, {key: value for key, value in said.items() if key != "later"})]
    for later in said.get("later", ()):
        versions.append(_changed(versions[-1], later))
    return read_policy({"version": versions})


def _changed(version: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    by_row = {key: said.get(key, {}) for key in ROWS}
    rows = [
        {**row, **{key: changed[row["id"]] for key, changed in by_row.items() if row["id"] in changed}}
        for row in version["row"]
    ]
    return {**version, **{key: value for key, value in said.items() if key not in ROWS}, "row": rows}
