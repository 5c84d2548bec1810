"""Certificates for tests: an authority, and files as a deployment has them."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import trustme
from attrs import frozen

from iso_alert.service.tls import Tls, calling, listening


@frozen
class Authority:
    """One that vouches, and the files of those for whom it does."""

    ca: trustme.CA

    def trust(self, directory: Path, name: str = "ca.pem") -> Path:
        """The authority's own certificate."""
        self.ca.cert_pem.write_to_path(str(directory / name))
        return directory / name

    def issue(self, directory: Path, name: str, *names: str, ends: float | None = None) -> tuple[Path, Path]:
        """Certificate and key of `name`, which is also what its owner is called; `ends` in seconds since 1970."""
        how: dict[str, Any] = {} if ends is None else {"not_after": datetime.fromtimestamp(ends, UTC)}
        made = self.ca.issue_cert(*(names or (name,)), common_name=name, **how)
        certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(str(key))
        return certificate, key


@cache
def authority(name: str = "bank") -> Authority:
    return Authority(trustme.CA(organization_name=name))


def server(directory: Path, mutual: bool = False) -> Tls:
    """The service's side of a link: it is called localhost, and with `mutual` wants to know its hosts."""
    certificate, key = authority().issue(directory, "localhost", "localhost", "127.0.0.1")
    clients = authority("hosts").trust(directory, "hosts-ca.pem") if mutual else None
    return listening(certificate, key, clients)


def client(directory: Path, known_by: str = "") -> Tls:
    """The host's side; `known_by` is who vouches for it, if anybody does."""
    trusted = authority().trust(directory)
    if not known_by:
        return calling(trusted)
    return calling(trusted, *authority(known_by).issue(directory, "switch"))
