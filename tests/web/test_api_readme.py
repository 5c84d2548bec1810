"""The README's table of roles is that of the code."""

from pathlib import Path

from iso_alert.web.api.answers import SEES_NUMBERS
from iso_alert.web.api.operations import MAY, OPERATIONS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def table() -> str:
    rows = ["| role | may | sees mobile numbers |", "|---|---|---|"]
    for role, may in MAY.items():
        names = ", ".join(one.name for one in OPERATIONS if one.name in may)
        rows.append(f"| {role.value} | {names} | {'whole' if role in SEES_NUMBERS else 'masked'} |")
    return "\n".join(rows)


def test_the_table_of_roles_is_that_of_the_code() -> None:
    """Who may do what stands in the README exactly as the gate reads it."""
    printed = README.partition("<!-- roles -->\n")[2].partition("\n<!-- /roles -->")[0]

    assert table() == printed
