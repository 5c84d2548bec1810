"""Where the contact centre's API listens, if it does: beyond loopback only under TLS, or behind somebody else's."""

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from iso_alert.config.file import ApiSection, address, loopback
from iso_alert.service.tls import Tls, listening


@frozen
class ApiConfig:
    host: str
    port: int
    tls: Tls | None
    rate: float
    address_rate: float


def judge_api(given: ApiSection, base: Path) -> ApiConfig:
    """Raises ValueError with a line for each fault, OSError for a certificate that cannot be read."""
    host, port = address(given.listen)
    if faults := list(_faults(given, host)):
        raise ValueError("\n".join(faults))
    tls = listening(base / given.cert, base / given.key) if given.cert and given.key else None
    return ApiConfig(host, port, tls, given.rate, given.address_rate)


def _faults(given: ApiSection, host: str) -> Iterator[str]:
    if bool(given.cert) != bool(given.key):
        yield "cert and key belong together"
    if not (loopback(host) or given.cert or given.allow_remote):
        yield f"{given.listen} is not loopback: give cert and key, or allow_remote = true where TLS is done before it"
    for name in ("rate", "address_rate"):
        if getattr(given, name) < 1:
            yield f"{name} must be at least 1"
