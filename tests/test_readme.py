"""The README stays true: its table of metrics, its commands, its configuration."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from iso_alert.cli import COMMANDS, main
from iso_alert.service.metrics import Metrics, OutboxGauges
from iso_alert.store.port import Outbox

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
TYPES = {"counter": "counter", "gauge": "gauge", "histogram": "histogram", "info": "info"}


def table() -> str:
    """The README's table of metrics, as the registry knows them."""
    metrics = Metrics()
    metrics.registry.register(OutboxGauges(lambda: Outbox(0, 0, None), lambda: 0.0))
    collectors = [one for one in vars(metrics).values() if hasattr(one, "_labelnames")]
    labels = {one._name: one._labelnames for one in collectors}
    rows = []
    for family in metrics.registry.collect():
        name = family.name.removeprefix("iso_alert_") + "_total" * (family.type == "counter")
        rows.append((name, family, labels.get(family.name, ())))
    lines = [
        f"| `{name}` | {TYPES[family.type]} | {', '.join(label for label in names)} | {family.documentation} |"
        for name, family, names in sorted(rows, key=lambda row: row[0])
    ]
    return "\n".join(["| series | type | labels | |", "|---|---|---|---|", *lines])


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    """Every series stands in the README with its labels and its words, and no other does."""
    printed = README.partition("<!-- metrics -->\n")[2].partition("\n<!-- /metrics -->")[0]

    assert printed == table()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"iso-alert ([a-z-]+)", README)) - {"run"}))
def test_every_command_of_the_readme_exists(command: str) -> None:
    """What the README tells people to type can be typed."""
    assert command in COMMANDS
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


def test_every_command_is_in_the_readme() -> None:
    """No command is a secret."""
    secret = [command for command in COMMANDS if f"iso-alert {command}" not in README]

    assert not secret
