"""Messages for tests: a purchase that tests change, and the codec of any profile."""

from functools import cache
from typing import Any

from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Dialect, dialect
from iso_alert.iso.message import Message
from iso_alert.iso.profile import read_profile
from tests.fixtures import KEYRING

PROFILES = (
    "iso87-ascii",
    "iso87-binary-bitmap",
    "edc-bcd-tpdu",
    "iso87-ebcdic",
    "iso93-ascii",
    "unionpay-pos",
    "visa-side",
    "mastercard-side",
)
SHIPPED_SPECS = ("iso87-ascii", "iso87-binary-bitmap", "iso87-bcd-tpdu", "iso87-ebcdic", "iso93-ascii")
PAN = "4111111111111111"
ARRIVED = 1795421703.0  # 2026-11-23 08:15:03 UTC
PURCHASE = {
    "t": "0200",
    "2": PAN,
    "3": "003000",
    "4": "000000250000",
    "7": "1123081502",
    "11": "000123",
    "12": "151502",
    "13": "1123",
    "22": "051",
    "41": "EDC00042",
    "49": "764",
}
_profile = cache(read_profile)


def speak(profile: str = "iso87-ascii", **changed: Any) -> Dialect:
    """A dialect of a shipped profile."""
    return dialect("test", _profile(profile), **changed)


def codec(profile: str = "iso87-ascii", **changed: Any) -> Codec:
    """Its codec."""
    return Codec(speak(profile, **changed), KEYRING)


def purchase(profile: str, **changed: str | None) -> dict[str, str]:
    """A purchase as this profile's host would send it; `f54="..."` sets DE54, None takes a field away."""
    header = {"edc-bcd-tpdu": {"h": "6001230456"}, "unionpay-pos": {"h": "6001230456603100311001"}}.get(profile, {})
    of_1993 = {"t": "1200", "12": "261123151502", "13": None, "22": "510101513344"} if profile == "iso93-ascii" else {}
    own = {name.removeprefix("f"): value for name, value in changed.items()}
    return {key: value for key, value in {**PURCHASE, **header, **of_1993, **own}.items() if value is not None}


def message(changed: dict[str, str] | None = None, profile: str = "iso87-ascii", **settings: Any) -> Message:
    """A purchase with some fields changed, decoded."""
    speaker = codec(profile, **settings)
    decoded = speaker.decode(speaker.encode({**purchase(profile), **(changed or {})}))
    assert isinstance(decoded, Message), decoded
    return decoded
