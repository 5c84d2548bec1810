"""The short form of the campaign against bad SMSCs."""

from tests.endurance.smsc import run


def test_bad_smscs_lose_nothing() -> None:
    """Every spell once, and then the whole reckoning."""
    run(seed=11, seconds=3.0, rate=60.0, calm=0.3, routes=2).check()
