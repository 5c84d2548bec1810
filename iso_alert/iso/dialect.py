"""What one link speaks: a profile, and what this deployment changes of it for the link."""

from enum import Enum
from typing import Any

from attrs import evolve, field, frozen
from attrs.validators import in_

from iso_alert.iso.framing import PRESETS, Framing
from iso_alert.iso.kept import KEPT_FOR_ENROLMENT
from iso_alert.iso.merchant import CHARSETS, Merchants
from iso_alert.iso.profile import Profile


class Decision(Enum):
    """What DE39 of a request means on a link."""

    FEED = "feed"  # the host sends what it has authorised: absent means approved
    INLINE = "inline"  # every message carries the issuer's decision: absent means unknown
    PAIRED = "paired"  # request and response are mirrored: the request alone decides nothing


@frozen
class Voice:
    """The voice-authorisation desks of a link: what they send looks like any keyed sale."""

    terminals: frozenset[str] = frozenset()  # DE41
    merchants: frozenset[str] = frozenset()  # DE42
    niis: frozenset[str] = frozenset()  # DE24

    def lists(self, terminal: str, merchant: str, nii: str) -> bool:
        return terminal in self.terminals or merchant in self.merchants or nii in self.niis


@frozen(eq=False)  # one is made for a link, and what is remembered of it is found by its being that one
class Dialect:
    """What one link speaks: its profile, with its own settings in place of some of the profile's."""

    link: str
    profile: Profile
    framing: Framing
    charset: str = field(validator=in_(CHARSETS))
    echo_pan: bool
    currency: str = "764"  # of an amount that names none
    decision: Decision = Decision.FEED
    voice: Voice = Voice()
    merchants: Merchants = field(factory=Merchants, repr=False)
    enrolment: bool = False  # whether file actions (0300, 0302) are read

    @property
    def kept(self) -> frozenset[str]:
        """The fields that leave the codec; DE120 holds a mobile number, so only where it is wanted."""
        return self.profile.kept | {KEPT_FOR_ENROLMENT} if self.enrolment else self.profile.kept


def dialect(link: str, profile: Profile, **changed: Any) -> Dialect:
    """The profile as this link speaks it; None for a setting means that the profile's stands."""
    own = {name: value for name, value in changed.items() if value is not None}
    own["framing"] = own.get("framing", PRESETS[profile.framing])
    if isinstance(own["framing"], str):
        own["framing"] = PRESETS[own["framing"]]
    base = Dialect(link, profile, own["framing"], profile.charset, profile.echo_pan)
    return evolve(base, **own)
