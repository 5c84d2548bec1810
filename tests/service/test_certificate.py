"""When a certificate ends: read by us, judged by the `cryptography` package."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

import pytest
import trustme
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.service.certificate import ends, not_after
from tests.support.authority import authority

DAY = 86_400.0
PEM = authority().ca.cert_pem.bytes()
DER = PEM_cert_to_DER_cert(PEM.decode())
# Version 1, without the [0] that later versions begin with; made once with `openssl x509 -req`, it ends in 2036.
VERSION_1 = """-----BEGIN CERTIFICATE-----
MIIBFTCBuwIUVf6bzOIjU5mZNyT18gJS9CfTHn4wCgYIKoZIzj0EAwIwDTELMAkG
A1UEAwwCdjEwHhcNMjYxMTIzMTEyODUxWhcNMzYxMTIwMTEyODUxWjANMQswCQYD
VQQDDAJ2MTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHq/7eavzxmga6+qTFGT
CULwQF6QmjXTuBV0atzwirFPs9TcqPPL8cSZUixPxiH1V7o+UVFK41nq/nrS13Oc
hWQwCgYIKoZIzj0EAwIDSQAwRgIhAOpGlthvNsZW+llL6Zf6FZNzxTtk3ZDbEmEi
rcRhXLiBAiEAl0s1uIGCzqf647WMpib2fnU7hbmC406Ziuq1j0v4yHE=
-----END CERTIFICATE-----
"""


@pytest.mark.parametrize("year", [2027, 2049, 2050, 2051, 3000])
def test_the_end_is_what_cryptography_says(tmp_path: Path, year: int) -> None:
    """Until 2049 years have two digits, from 2050 four."""
    moment = datetime(year, 2, 28, 23, 59, 58, tzinfo=UTC).timestamp()
    certificate, _ = authority().issue(tmp_path, "switch", ends=moment)

    assert ends(certificate) == moment
    assert ends(certificate) == load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc.timestamp()


def test_an_authority_has_an_end_too() -> None:
    """A file of authorities is read in the same way."""

    assert not_after(DER) == load_pem_x509_certificate(PEM).not_valid_after_utc.timestamp()


def test_a_certificate_of_the_first_version(tmp_path: Path) -> None:
    """It has no version, so that everything stands one place before."""
    file = tmp_path / "v1.pem"
    file.write_text(VERSION_1)

    assert ends(file) == load_pem_x509_certificate(VERSION_1.encode()).not_valid_after_utc.timestamp()


def test_of_a_chain_the_first_end_counts(tmp_path: Path) -> None:
    """When the one in the middle ends, nobody trusts the first."""
    early, _ = authority().issue(tmp_path, "early", ends=1_900_000_000.0)
    late, _ = authority().issue(tmp_path, "late", ends=2_000_000_000.0)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(late.read_bytes() + b"a comment\n" + early.read_bytes())

    assert ends(chain) == 1_900_000_000.0


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_without_one_is_named(tmp_path: Path, text: str) -> None:
    """An empty file, any other, and one whose certificate is none."""
    file = tmp_path / "broken.pem"
    file.write_text(text)

    with pytest.raises(ValueError, match=r"broken\.pem"):
        ends(file)


@given(st.integers(0, len(DER)), st.integers(0, 255))
def test_a_broken_certificate_raises_nothing_else(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int) -> None:
    """Cut anywhere, with any byte wrong."""
    broken = bytearray(DER[:at])
    if broken:
        broken[at // 2] = byte
    file = tmp_path_factory.getbasetemp() / "mutant.pem"
    text = base64.b64encode(bytes(broken)).decode()
    file.write_text(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")

    try:
        ends(file)
    except ValueError as why:
        assert "mutant.pem" in str(why)


def test_the_private_key_is_not_looked_at(tmp_path: Path) -> None:
    """A file may hold both."""
    blob = trustme.CA().issue_cert("switch").private_key_and_cert_chain_pem
    blob.write_to_path(str(tmp_path / "both.pem"))

    assert ends(tmp_path / "both.pem") > 0
