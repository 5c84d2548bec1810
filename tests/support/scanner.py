"""Look for card numbers in anything: bytes of a file, lines of a log, answers on the wire (T-06).

Two questions.  `passing` needs to know no number: it finds whatever passes for one in text, in the encodings in which
text comes.  `known` looks for given numbers in packed form too, where any other eight bytes might pass for one.
"""

import re
from collections.abc import Iterable, Iterator

from iso_alert.domain.card import luhn

_RUN = re.compile(rb"(?<![0-9])(?=[0-9](?:[ -]?[0-9]){12})[0-9]+(?:[ -][0-9]+)*")
_BETWEEN = b" -_./\t"  # groups of a number that is known
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){13,}")
_EBCDIC = bytes.maketrans(bytes(range(0xF0, 0xFA)) + b"0123456789", b"0123456789" + b"x" * 10)
_WIDE = re.compile(rb"(?:\0[0-9]){13,19}|(?:[0-9]\0){13,19}")


def _views(data: bytes) -> Iterator[bytes]:
    """The data as the text it may be."""
    yield data
    yield data.translate(_EBCDIC)
    yield from (run.group().replace(b"\0", b"") for run in _WIDE.finditer(data))
    for run in _HEX.finditer(data):  # hexadecimal digits that spell digits, in a log perhaps
        spelt = bytes.fromhex(run.group().decode())
        yield spelt
        yield spelt.translate(_EBCDIC)


def passing(data: bytes) -> set[str]:
    """Every run of 13 to 19 digits, perhaps with blanks or dashes between them, whose check digit is right.

    Other numbers may stand beside it: of groups of digits, any that stand together are tried.
    """
    runs = (run.group().replace(b"-", b" ").decode().split(" ") for view in _views(data) for run in _RUN.finditer(view))
    tried = ("".join(groups[n:end]) for groups in runs for n in range(len(groups)) for end in range(n + 1, n + 20))
    # zeros pass as well, and are nobody's card
    return {digits for digits in tried if 13 <= len(digits) <= 19 and len(set(digits)) > 1 and luhn(digits)}


def known(data: bytes, secrets: Iterable[str]) -> set[str]:
    """Which of these are in the data: as ASCII, EBCDIC, UTF-16, and as nibbles of either half."""
    folded, nibbles, joined = data.lower(), data.hex(), data.translate(None, _BETWEEN)
    found = set()
    for secret in secrets:
        text = secret.lower()
        forms = [text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode().hex().encode()]
        packed = secret.isdecimal() and len(secret) >= 12 and secret in nibbles
        spaced = secret.isdecimal() and text.encode() in joined
        if packed or spaced or any(form in folded for form in forms) or secret.encode("cp500") in data:
            found.add(secret)
    return found
