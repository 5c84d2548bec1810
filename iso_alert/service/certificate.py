"""When does a certificate end, and who signed it?  The standard library does not tell that of one in a file.

RFC 5280, 4.1: Certificate ::= { tbsCertificate, … }, TBSCertificate ::= { [0] version?, serialNumber, signature,
issuer, validity { notBefore, notAfter }, subject, … }.  Nothing else of it is read here.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import TypeVar

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_VERSION, _UTC_TIME = 0xA0, 0x17  # tags
Element = tuple[int, bytes]  # tag, content
T = TypeVar("T")


def ends(file: Path) -> float:
    """When the first of the file's certificates ends, in seconds since 1970.  Raises OSError, ValueError."""
    return min(_each(file, not_after))


def own_signer(file: Path) -> bool:
    """Whether one of the file's certificates vouches for itself.  Raises OSError, ValueError."""
    return any(_each(file, signs_itself))


def _each(file: Path, ask: Callable[[bytes], T]) -> list[T]:
    found = _PEM.findall(file.read_text(encoding="ascii", errors="replace"))
    if not found:
        raise ValueError(f"{file} holds no certificate")
    try:
        return [ask(PEM_cert_to_DER_cert(one)) for one in found]
    except (ValueError, IndexError):
        raise ValueError(f"{file} holds a certificate that cannot be read") from None


def not_after(der: bytes) -> float:
    """The end of one certificate.  Raises ValueError, IndexError for what is none."""
    _, validity, _ = _names(der)
    _, (tag, text) = _elements(validity)
    return _moment(tag, text.decode("ascii"))


def signs_itself(der: bytes) -> bool:
    """As far as it says.  Raises ValueError, IndexError for what is none."""
    issuer, _, subject = _names(der)
    return issuer == subject


def _names(der: bytes) -> tuple[bytes, bytes, bytes]:
    """Issuer, validity, subject."""
    [(_, certificate)] = _elements(der)
    (_, signed), *_ = _elements(certificate)
    parts = [content for tag, content in _elements(signed) if tag != _VERSION]
    return parts[2], parts[3], parts[4]


def _moment(tag: int, text: str) -> float:
    if tag == _UTC_TIME:
        text = ("19" if text >= "50" else "20") + text  # 4.1.2.5.1
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _elements(content: bytes) -> Iterator[Element]:
    """What stands side by side in `content`."""
    while content:
        length, begin = content[1], 2
        if length & 0x80:  # the length's own length
            begin += length & 0x7F
            length = int.from_bytes(content[2:begin], "big")
        yield content[0], content[begin : begin + length]
        content = content[begin + length :]
