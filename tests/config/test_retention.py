"""How long things are kept, as the configuration says it (R-54, T-09)."""

from pathlib import Path

import pytest

from iso_alert.config import ConfigError, load
from iso_alert.domain.retention import Retention
from tests.support.deployment import deploy


def test_what_is_kept_unless_the_bank_says_otherwise(tmp_path: Path) -> None:
    """T-09: messages and texts 90 days, the trail 12 months."""
    assert load(deploy(tmp_path), {}).retention == Retention(90, 90, 12)


def test_what_the_bank_says(tmp_path: Path) -> None:
    """In [retention]; the environment may say otherwise."""
    more = "[retention]\njournal_days = 400\ntexts_days = 60\naudit_months = 84\n"
    path = deploy(tmp_path, more=more)

    assert load(path, {"ISO_ALERT__RETENTION__TEXTS_DAYS": "30"}).retention == Retention(400, 30, 84)


@pytest.mark.parametrize("said", ["audit_months = 11", "journal_days = 30", "texts_days = 91"])
def test_what_is_refused(tmp_path: Path, said: str) -> None:
    """Less than 12 months of the trail, with its place and its reason."""
    path = deploy(tmp_path, more=f"[retention]\n{said}\n")
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    (fault,) = refused.value.faults

    assert fault.startswith(f"{path}: retention: {said.replace('=', 'is')}: ")
