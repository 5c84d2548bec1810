"""TLS on our wires: who comes in, who does not and why, and that no handshake lasts for ever.  On memory streams."""

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme
from trio.testing import MockClock, memory_stream_pair

from iso_alert.service.tls import (
    HANDSHAKE,
    HandshakeFailed,
    Tls,
    broken_by,
    calling,
    facts,
    listening,
    secure,
    secured,
    shake_hands,
)
from tests.support.authority import authority, client, server

Ends = tuple[Any, Any]


def wire(ours: Tls, theirs: Tls, name: str = "localhost") -> Ends:
    """Both ends of a wire, before their handshake: the service's and the host's."""
    one, other = memory_stream_pair()
    return (
        trio.SSLStream(one, ours.context, server_side=True),
        trio.SSLStream(other, theirs.context, server_hostname=theirs.server_name or name),
    )


async def outcomes(ends: Ends) -> tuple[str, str]:
    """How the handshake ended on either side: done, or the outcome and why."""
    found = {}

    async def shake(n: int) -> None:
        try:
            await shake_hands(ends[n])
            found[n] = "done"
        except HandshakeFailed as failed:
            found[n] = f"{failed.outcome} {failed.why}".strip()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(shake, 0)
        nursery.start_soon(shake, 1)
    return found[0], found[1]


async def test_a_host_that_trusts_us_comes_in(tmp_path: Path) -> None:
    """One-sided TLS: the host knows who we are."""
    ends = wire(server(tmp_path), client(tmp_path))

    assert await outcomes(ends) == ("done", "done")
    assert facts(ends[0]) == {"tls": "TLSv1.3"}
    assert facts(ends[1]) == {"tls": "TLSv1.3", "certificate": "localhost"}


async def test_mutual_tls_names_the_host(tmp_path: Path) -> None:
    """And the log can say who came."""
    ends = wire(server(tmp_path, mutual=True), client(tmp_path, "hosts"))

    assert await outcomes(ends) == ("done", "done")
    assert facts(ends[0]) == {"tls": "TLSv1.3", "certificate": "switch"}


@pytest.mark.parametrize(
    ("known_by", "why"),
    [("", "PEER_DID_NOT_RETURN_A_CERTIFICATE"), ("strangers", "CERTIFICATE_VERIFY_FAILED: unable to get local issuer")],
)
async def test_a_stranger_stays_outside(tmp_path: Path, known_by: str, why: str) -> None:
    """Without a certificate, or with one of another authority; the log says which."""
    ours, _ = await outcomes(wire(server(tmp_path, mutual=True), client(tmp_path, known_by)))

    assert ours.startswith(f"refused {why}")


async def test_we_do_not_talk_to_an_impostor(tmp_path: Path) -> None:
    """A certificate of the right authority for another name."""
    ours, theirs = await outcomes(wire(server(tmp_path), client(tmp_path), "switch.example"))

    assert theirs.startswith("refused CERTIFICATE_VERIFY_FAILED: Hostname mismatch")
    assert ours.startswith(("refused", "broken off"))


async def test_a_name_of_its_own(tmp_path: Path) -> None:
    """Where the certificate names another host than the one we call."""
    certificate, key = authority().issue(tmp_path, "switch.example")
    theirs = calling(authority().trust(tmp_path), server_name="switch.example")

    assert await outcomes(wire(listening(certificate, key), theirs, "10.1.2.3")) == ("done", "done")


async def test_an_authority_that_we_do_not_know_vouches_for_nobody(tmp_path: Path) -> None:
    """The system's authorities, when none is named, are not everybody."""
    _, theirs = await outcomes(wire(server(tmp_path), calling()))

    assert theirs.startswith("refused CERTIFICATE_VERIFY_FAILED")


async def test_a_certificate_that_has_ended(tmp_path: Path) -> None:
    """Is refused by whoever looks at it."""
    certificate, key = authority().issue(tmp_path, "localhost", ends=1_600_000_000.0)
    _, theirs = await outcomes(wire(listening(certificate, key), client(tmp_path)))

    assert theirs == "refused CERTIFICATE_VERIFY_FAILED: certificate has expired"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_is_refused(tmp_path: Path) -> None:
    """1.1 and older."""
    theirs = client(tmp_path)
    theirs.context.minimum_version = theirs.context.maximum_version = ssl.TLSVersion.TLSv1_1
    theirs.context.set_ciphers("ALL:@SECLEVEL=0")
    ours, _ = await outcomes(wire(server(tmp_path), theirs))

    assert ours == "refused UNSUPPORTED_PROTOCOL"


async def test_plain_tcp_is_refused(tmp_path: Path) -> None:
    """A host that was not told of TLS."""
    ours, host = memory_stream_pair()
    await host.send_all(b"\x00\xf00200B2")

    with pytest.raises(HandshakeFailed) as refused:
        await shake_hands(trio.SSLStream(ours, server(tmp_path).context, server_side=True))  # type: ignore[arg-type]

    assert (refused.value.outcome, refused.value.why) == ("refused", "WRONG_VERSION_NUMBER")
    assert await host.receive_some() == b""


async def test_silence_is_hung_up_on(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Who knocks and says nothing has ten seconds."""
    ours, host = memory_stream_pair()
    began, told = trio.current_time(), list[str]()

    with pytest.raises(HandshakeFailed, match="too slow"):
        await secure(trio.SSLStream(ours, server(tmp_path).context, server_side=True), told.append)  # type: ignore[arg-type]

    assert trio.current_time() - began == HANDSHAKE
    assert await host.receive_some() == b""
    assert told == ["too slow"]


async def test_who_leaves_in_the_middle(tmp_path: Path) -> None:
    """As a port scan does, or a load balancer that looks whether we are there."""
    ours, host = memory_stream_pair()
    await host.aclose()

    with pytest.raises(HandshakeFailed, match="broken off"):
        await shake_hands(trio.SSLStream(ours, server(tmp_path).context, server_side=True))  # type: ignore[arg-type]


async def test_a_refusal_after_the_handshake_is_told(tmp_path: Path) -> None:
    """Under TLS 1.3 a caller hears only at its first read that its certificate was not wanted."""
    ends = wire(server(tmp_path, mutual=True), client(tmp_path))
    await outcomes(ends)

    with pytest.raises(trio.BrokenResourceError) as broken:
        await ends[1].receive_some()

    assert "CERTIFICATE_REQUIRED" in broken_by(broken.value)


# ---- files


def test_what_people_read(tmp_path: Path) -> None:
    """In the log and in `check`."""

    assert [secured(tls) for tls in (None, server(tmp_path), server(tmp_path, mutual=True))] == [
        "plain TCP", "TLS", "mutual TLS",
    ]  # fmt: skip


def test_every_file_has_its_end(tmp_path: Path) -> None:
    """By what it is for, as the metric's label says."""

    assert set(server(tmp_path, mutual=True).ends) == {"certificate", "clients"}
    assert set(client(tmp_path, "hosts").ends) == {"authorities", "certificate"}


def test_a_key_behind_its_certificate(tmp_path: Path) -> None:
    """One file for both."""
    both = tmp_path / "both.pem"
    trustme.CA().issue_cert("switch").private_key_and_cert_chain_pem.write_to_path(str(both))

    assert set(listening(both).ends) == {"certificate"}


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    """Both files are named, and nothing that is in them."""
    certificate, _ = authority().issue(tmp_path, "switch")
    _, key = authority().issue(tmp_path, "other")

    with pytest.raises(ValueError, match=r"switch\.pem and .*other\.key: no certificate with its private key"):
        listening(certificate, key)


def test_a_key_with_a_password(tmp_path: Path) -> None:
    """Is refused, not asked about at a terminal where nobody sits."""
    certificate, key = authority().issue(tmp_path, "switch")
    made = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", key, "-out", tmp_path / "locked.key", "-passout", "pass:hunter2"],
        check=False, capture_output=True,
    ) if _has_openssl() else None  # fmt: skip
    if made is None or made.returncode:
        pytest.skip("openssl is not installed")

    with pytest.raises(ValueError, match=r"locked\.key is encrypted"):
        listening(certificate, tmp_path / "locked.key")


def _has_openssl() -> bool:
    try:
        return subprocess.run(["openssl", "version"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.parametrize("missing", ["switch.pem", "switch.key", "ca.pem"])
def test_a_file_that_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    """Which of the three it is."""
    certificate, key = authority().issue(tmp_path, "switch")
    trusted = authority().trust(tmp_path)
    (tmp_path / missing).unlink()

    with pytest.raises(FileNotFoundError) as fault:
        listening(certificate, key, trusted)

    assert Path(fault.value.filename).name == missing


def test_nothing_prints_a_key(tmp_path: Path) -> None:
    """Nor the context that holds it."""

    assert "context" not in repr(server(tmp_path))
