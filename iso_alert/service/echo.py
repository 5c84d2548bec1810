"""Our own echo test: a host that has been silent for long is asked whether it is there.

Whatever the host says is a sign of life, not only the answer: it is not matched, it ends the silence.
"""

from datetime import UTC, datetime
from math import inf

from attrs import define, field

from iso_alert.iso.codec import Codec

UNANSWERED = 2  # echoes, after which nobody is there
_MTI = {"0": "0800", "1": "1804"}  # by version; of 1993 the one that is neither acquirer nor issuer


@define
class Echo:
    """The echoes of one connection; `interval` is the silence before each, None for no echo."""

    interval: float | None
    _last: int = field(default=0, init=False)
    _unanswered: int = field(default=0, init=False)

    def heard(self) -> None:
        """The host said something."""
        self._unanswered = 0

    def due(self, silent_since: float) -> float:
        """When the next echo goes, or when to give the host up."""
        return inf if self.interval is None else silent_since + self.interval * (self._unanswered + 1)

    def next(self, codec: Codec, now: float) -> bytes | None:
        """The frame of the next echo; None when enough went without an answer."""
        if self._unanswered >= UNANSWERED:
            return None
        self._unanswered += 1
        self._last = self._last % 999_999 + 1
        return codec.dialect.framing.wrap(echo(codec, f"{self._last:06d}", now))


def echo(codec: Codec, stan: str, now: float) -> bytes:
    """0800 with 301, or what this profile says instead.  Raises Unwritable for a profile that has no words for it."""
    profile, at = codec.dialect.profile, datetime.fromtimestamp(now, UTC)
    place = profile.network.place
    fields = {"t": _MTI[profile.version], "7": f"{at:%m%d%H%M%S}", "11": stan}
    if profile.version == "1":
        fields["12"] = f"{at:%y%m%d%H%M%S}"
    if profile.spec.header_bytes:
        fields["h"] = "60".ljust(2 * profile.spec.header_bytes, "0")
    return codec.encode(fields | {place.field: "0" * (place.at - 1) + min(profile.network.echo)})
