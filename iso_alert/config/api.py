"""Where the contact centre's API listens, if it does: beyond loopback only under TLS, or behind somebody else's."""

import ssl
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from iso_alert.config.file import ApiSection, address, loopback


@frozen
class ApiConfig:
    host: str
    port: int
    certificate: tuple[Path, Path] | None  # with its key
    rate: float
    address_rate: float


def judge_api(given: ApiSection, base: Path) -> ApiConfig:
    """Raises ValueError with a line for each fault, OSError for a certificate that cannot be read."""
    host, port = address(given.listen)
    certificate = (base / given.cert, base / given.key) if given.cert and given.key else None
    if faults := list(_faults(given, host)):
        raise ValueError("\n".join(faults))
    if certificate:
        _try_certificate(*certificate)
    return ApiConfig(host, port, certificate, given.rate, given.address_rate)


def _faults(given: ApiSection, host: str) -> Iterator[str]:
    if bool(given.cert) != bool(given.key):
        yield "cert and key belong together"
    if not (loopback(host) or given.cert or given.allow_remote):
        yield f"{given.listen} is not loopback: give cert and key, or allow_remote = true where TLS is done before it"
    for name in ("rate", "address_rate"):
        if getattr(given, name) < 1:
            yield f"{name} must be at least 1"


def _try_certificate(cert: Path, key: Path) -> None:
    for file in (cert, key):
        if not file.is_file():
            raise ValueError(f"{file}: no such file")
    try:
        # An empty password: a key that has one is refused, not asked for at a terminal.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, password="")
    except ssl.SSLError as why:
        raise ValueError(f"{cert} and {key} are no certificate and its key: {why.reason or why}") from None
