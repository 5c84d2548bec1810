"""TLS on our wires: contexts from certificate files, handshakes that end in time, and why they failed."""

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import trio
from attrs import field, frozen

from iso_alert.service.certificate import ends, own_signer
from iso_alert.service.plain import Plain, connect

HANDSHAKE = 10.0  # seconds; who needs longer is hung up on
ALERT = 1.0  # seconds for our last word
Secured = trio.SSLStream[Plain]


@frozen
class Tls:
    """What one end of a wire needs.  `ends`: when the certificates of each of its files end, seconds since 1970.

    `made_of` is the same as long as the files are; `listens_with` makes it anew, for who is called.
    """

    context: ssl.SSLContext = field(repr=False, eq=False)
    ends: Mapping[str, float] = field(factory=dict, eq=False)
    server_name: str | None = None  # whom we expect there, where it is not the name we call
    mutual: bool = False
    made_of: bytes = field(default=b"", repr=False, eq=False)
    listens_with: tuple[Path | None, ...] = field(default=(), repr=False, eq=False)  # what `listening` takes


def secured(tls: Tls | None) -> str:
    """In a word for people."""
    return "plain TCP" if tls is None else "mutual TLS" if tls.mutual else "TLS"


class HandshakeFailed(Exception):
    """It did not come to be; the stream is closed.  `outcome` is from a closed set, `why` is OpenSSL's word for it."""

    def __init__(self, outcome: str, why: str = "") -> None:
        super().__init__(outcome, why)
        self.outcome, self.why = outcome, why


def listening(certificate: Path, key: Path | None = None, clients: Path | None = None) -> Tls:
    """For who is called.  `clients` vouches for the callers: mutual TLS.  Raises ValueError, OSError."""
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION  # nobody needs it, and a peer could keep us busy with it
    told = {"certificate": _introduce(context, certificate, key)}
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        told["clients"] = _trust(context, clients)
    files = certificate, key, clients
    return Tls(context, told, mutual=clients is not None, made_of=_digest(*files), listens_with=files)


def calling(
    authorities: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    server_name: str | None = None,
) -> Tls:
    """For who calls.  Without `authorities` the system's vouch for the other side.  Raises ValueError, OSError."""
    context, told = _context(ssl.PROTOCOL_TLS_CLIENT), {}
    if authorities:
        told["authorities"] = _trust(context, authorities)
    else:
        context.load_default_certs()
    if certificate:
        told["certificate"] = _introduce(context, certificate, key)
    made_of = _digest(authorities, certificate, key)
    return Tls(context, told, server_name, mutual=certificate is not None, made_of=made_of)


def _digest(*files: Path | None) -> bytes:
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files if file)).digest()


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _introduce(context: ssl.SSLContext, certificate: Path, key: Path | None) -> float:
    until = ends(certificate)
    if b"PRIVATE KEY" not in (key or certificate).read_bytes():  # load_cert_chain would not say which file it means
        raise ValueError(f"{key or certificate} holds no private key{'' if key else ': name its file in key'}")

    def encrypted() -> NoReturn:
        raise ValueError(f"{key or certificate} is encrypted: nobody is there to type its password")

    try:
        context.load_cert_chain(certificate, key, encrypted)
    except ssl.SSLError as why:
        files = f"{certificate} and {key}" if key else f"{certificate}"
        raise ValueError(f"{files}: no certificate with its private key ({_word(why)})") from None
    return until


def _trust(context: ssl.SSLContext, authorities: Path) -> float:
    until = ends(authorities)
    try:
        context.load_verify_locations(authorities)
    except ssl.SSLError as why:
        raise ValueError(f"{authorities}: {_word(why)}") from None
    if not (context.get_ca_certs() or own_signer(authorities)):
        raise ValueError(f"{authorities} holds no certificate of an authority: it would vouch for nobody")
    return until


def _word(why: ssl.SSLError) -> str:
    """CERTIFICATE_VERIFY_FAILED, with the reason: unable to get local issuer certificate."""
    more = getattr(why, "verify_message", "")
    return f"{why.reason or type(why).__name__}{': ' if more else ''}{more}"


# ---- on the wire


async def shake_hands(stream: Secured, within: float = HANDSHAKE) -> None:
    """Raises HandshakeFailed.  Unless it went well the stream is closed, also when cancelled."""
    try:
        with trio.fail_after(within):
            await stream.do_handshake()
    except (trio.TooSlowError, trio.BrokenResourceError) as fault:
        await _alert(stream)
        raise _failed(fault) from None
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise


async def _alert(stream: Secured) -> None:
    """Hang up, and let the other side know why: trio leaves OpenSSL's last word, the alert, where it was written."""
    word = getattr(stream, "_outgoing", ssl.MemoryBIO()).read()
    with trio.move_on_after(ALERT), suppress(trio.BrokenResourceError):
        await stream.transport_stream.send_all(word)
    await trio.aclose_forcefully(stream)


def _failed(fault: Exception) -> HandshakeFailed:
    if isinstance(fault, trio.TooSlowError):
        return HandshakeFailed("too slow")
    return HandshakeFailed("refused", word) if (word := broken_by(fault)) else HandshakeFailed("broken off")


# The other side has just gone; which of these says so depends on Python: 3.11.2 takes the end for a farewell.
_GONE = (ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLZeroReturnError)


def broken_by(fault: BaseException) -> str:
    """What TLS said when it broke a stream that was up, as a host does that refuses our certificate; else nothing."""
    cause = fault.__cause__
    if not isinstance(cause, ssl.SSLError) or isinstance(cause, _GONE):
        return ""
    return _word(cause)


async def dial(
    host: str, port: int, tls: Tls | None, tell: Callable[[str], None], buffer: int | None = None
) -> trio.abc.Stream:
    """Call, and shake hands if that is wanted; `tell` hears how that ended.  Raises OSError, HandshakeFailed.

    `buffer`: bytes that the kernel may keep of what the other side sends; none: what the system gives.
    """
    stream = await connect(host, port, buffer)
    if tls is None:
        return stream
    clothed = trio.SSLStream(stream, tls.context, server_hostname=tls.server_name or host)
    try:
        return await secure(clothed, tell)
    except BaseException:
        take_apart(clothed)
        raise


def take_apart(stream: trio.abc.Stream) -> None:
    """Do so when it is closed: trio's with TLS holds a method of its own, and so 24 kB till the collector comes by."""
    if isinstance(stream, trio.SSLStream):
        vars(stream).clear()


async def secure(stream: Secured, tell: Callable[[str], None]) -> Secured:
    """Shake hands, and tell how it ended.  Raises HandshakeFailed."""
    try:
        await shake_hands(stream)
    except HandshakeFailed as failed:
        tell(failed.outcome)
        raise
    tell("done")
    return stream


def facts(stream: Any) -> dict[str, str]:
    """What a log may tell of a secured stream: version, and whom the other side's certificate names, if it had one."""
    if not isinstance(stream, trio.SSLStream):
        return {}
    subject = (stream.getpeercert() or {}).get("subject", ())
    names = [value for part in subject for key, value in part if key == "commonName"]
    return {"tls": str(stream.version()), **({"certificate": names[0]} if names else {})}
