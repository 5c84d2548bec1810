"""Field tables: complete, and judged whole."""

from pathlib import Path

import pytest

from iso_alert import shipped
from iso_alert.iso.spec import KEYS, read_spec
from iso_alert.iso.tables import BadTable
from tests.iso.messages import SHIPPED_SPECS


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_all_fields_are_there(name: str) -> None:
    """A peer may set any bit."""
    spec = read_spec(name)

    assert set(spec.lines) == set(KEYS)


def test_every_fault_at_once(tmp_path: Path) -> None:
    """One look at the report mends the file."""
    good = shipped.path("iso87-ascii.toml").read_text("utf-8").splitlines()
    kept = [line for line in good if not line.startswith(("3 ", "4 ", "5 ", "6 "))]
    (tmp_path / "mine.toml").write_text(
        "\n".join(
            [
                *kept,
                '4 = { data_enc = "klingon", len_type = 0, max_len = 12, desc = "Amount" }',
                '5 = { data_enc = "ascii", len_type = 0, max_len = -1, desc = "Amount" }',
                '6 = { data_enc = "ascii", len_type = 0, max_len = 12, desc = "", content = "words", colour = 1 }',
                '129 = { data_enc = "ascii", len_type = 0, max_len = 1, desc = "?" }',
            ]
        ),
        encoding="utf-8",
    )
    with pytest.raises(BadTable) as bad:
        read_spec("mine", tmp_path)

    report = "\n".join(bad.value.faults)
    assert all(str(tmp_path / "mine.toml") in fault for fault in bad.value.faults)
    for words in ("field 3 has no line", "'klingon'", "max_len is -1", "colour", "no field is called '129'"):
        assert words in report


def test_no_such_file(tmp_path: Path) -> None:
    """The path that was looked for is told."""
    with pytest.raises(BadTable, match=r"nowhere\.toml"):
        read_spec("nowhere", tmp_path)


def test_a_line_replaced() -> None:
    """A profile's own line stands in place of the table's."""
    line = {"data_enc": "latin-1", "len_type": 0, "max_len": 16, "desc": "Terminal of 16"}
    spec = read_spec("iso87-ascii", replaced={"41": line})

    assert spec.rows["41"]["max_len"] == 16
