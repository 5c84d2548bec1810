"""The short form of the campaign against bad SMSCs."""

from tests.endurance.mischief import MISCHIEF
from tests.endurance.misdeeds import ANSWERS, BINDS, SPELLS, WAYS
from tests.endurance.smsc import run


def test_bad_smscs_lose_nothing() -> None:
    """Every spell once, and then the whole reckoning."""
    run(seed=11, seconds=3.0, rate=60.0, calm=0.3, routes=2).check()


def test_every_misdeed_has_its_spell() -> None:
    """A row that no spell chooses would never be tried."""
    chosen = {name for spell in SPELLS for table in (spell.answers, spell.ways, spell.binds) for name in table}

    assert chosen == {*ANSWERS, *WAYS, *BINDS}
    assert {name for spell in SPELLS for name in spell.mischief} == {*MISCHIEF}
