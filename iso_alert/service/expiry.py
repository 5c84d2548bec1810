"""When do the certificates end?  A metric for those who watch it, and in time a line in the log for all others."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import structlog
from attrs import frozen

from iso_alert.service.tls import Tls

LOOK_EVERY, DAY = 43_200.0, 86_400.0  # seconds
EARLY = 30 * DAY
log = structlog.get_logger()
Expiry = tuple[tuple[str, str, str], float]  # side, name and file; when the first of its certificates ends


@frozen
class Wire:
    """A link, the way to an SMSC, or the API's door."""

    side: str  # link, smsc, api
    name: str
    tls: Tls | None


def expiries(wires: Iterable[Wire]) -> Sequence[Expiry]:
    """Of every file that a wire uses."""
    secured = [(wire, wire.tls) for wire in wires if wire.tls]
    return [((wire.side, wire.name, file), moment) for wire, tls in secured for file, moment in tls.ends.items()]


def warn(found: Iterable[Expiry], now: float) -> int:
    """Say which end within 30 days, or have ended; how many those are."""
    soon = [(labels, moment) for labels, moment in found if moment - now < EARLY]
    for (side, name, file), moment in soon:
        said = {"side": side, "name": name, "file": file, "ends": datetime.fromtimestamp(moment, UTC).isoformat()}
        if moment <= now:
            log.error("a certificate has ended: handshakes fail", **said)
        else:
            log.warning("a certificate ends soon", days=int((moment - now) / DAY), **said)
    return len(soon)
