"""Who was paid?  DE43's name part, else the merchant directory, else the words of the MCC, else `-`.

Names come in the link's charset and are cut at so many *bytes*, so DE43 travels as latin-1 (a byte is a character),
is cut first and decoded after; a character that the cut went through is left out.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from attrs import field, frozen

from iso_alert import shipped
from iso_alert.domain.text import clean_merchant
from iso_alert.iso.tables import BadTable, read_toml

NOBODY = "-"
CHARSETS = {
    "ascii": "ascii",
    "latin-1": "latin-1",
    "tis-620": "cp874",  # Windows' superset: hosts that say TIS-620 send its blanks and quotes too
    "cp874": "cp874",
    "utf-8": "utf-8",
    "cp037": "cp037",
    "cp500": "cp500",
}
HOME = {"TH", "THA", "764"}


def _structured(raw: bytes) -> tuple[bytes, bytes]:
    """1993: name, street and city, each ended by a backslash; then postal code 10, region 3, country 3."""
    name, *rest = raw.split(b"\\", 3)
    if not rest:
        return raw[:25], b""
    return name, rest[-1][13:16] if len(rest) == 3 else b""


LAYOUTS: Mapping[str, Callable[[bytes], tuple[bytes, bytes]]] = {
    "visa": lambda raw: (raw[:25], raw[38:40]),  # name 25, city 13, country 2
    "mastercard": lambda raw: (raw[:22], raw[37:40]),  # name 22, blank, city 13, blank, country 3
    "iso93": _structured,
    "name": lambda raw: (raw, b""),  # nothing but a name
}


@lru_cache(maxsize=8192)  # a host's messages come from a few thousand shops
def acceptor(de43: str, layout: str, charset: str) -> tuple[str, bool]:
    """The name as a cardholder may read it (`-` if there is none), and whether it is in this country."""
    name, country = (
        part.decode(CHARSETS[charset], "ignore") for part in LAYOUTS[layout](de43.encode("latin-1", "replace"))
    )
    return clean_merchant(name), not _foreign(country.strip().upper())


def _foreign(country: str) -> bool:
    """Only what is plainly another country: a host that fills these places with blanks or zeros is at home."""
    named = (country.isalpha() and len(country) >= 2) or (country.isdecimal() and country.strip("0") != "")
    return named and country not in HOME


@frozen
class MccWords:
    """English words for ranges of merchant category codes."""

    _first: tuple[str, ...] = ()
    _rows: tuple[tuple[str, str], ...] = ()  # last code of the range, its words

    def of(self, mcc: str) -> str:
        """What a shop of this category is called, `-` if no range has it."""
        at = bisect_right(self._first, mcc) - 1
        if at < 0 or len(mcc) != 4 or mcc > self._rows[at][0]:
            return NOBODY
        return self._rows[at][1]


def read_mcc_words(*before: Path) -> MccWords:
    """specs/mcc.toml.  Raises BadTable with every fault."""
    path = shipped.path("mcc.toml", *before)
    rows = read_toml(path).get("mcc", {})
    ranges = sorted((key.partition("-")[0], key.partition("-")[2] or key, words) for key, words in rows.items())
    faults = [f"{path}: {first}-{last} is no range" for first, last, _ in ranges if not _range(first, last)]
    faults += [f"{path}: {words!r} has more than 20 characters" for _, _, words in ranges if len(words) > 20]
    faults += [f"{path}: {b[0]} stands in two ranges" for a, b in pairwise(ranges) if b[0] <= a[1]]
    if faults:
        raise BadTable(faults)
    return MccWords(tuple(first for first, _, _ in ranges), tuple((last, words) for _, last, words in ranges))


def _range(first: str, last: str) -> bool:
    return all(len(code) == 4 and code.isdecimal() for code in (first, last)) and first <= last


@frozen
class Merchants:
    """What is known of shops without asking the message: a directory and the words of MCCs.

    The directory's keys are `merchant id/terminal`, a merchant id (DE42) or a terminal (DE41).
    """

    directory: Mapping[str, str] = field(factory=dict, repr=False)
    words: MccWords = field(factory=MccWords, repr=False)

    def name(self, shown: str, merchant_id: str, terminal: str, mcc: str) -> str:
        """The name from the message, unless it says nothing."""
        if shown != NOBODY:
            return shown
        for key in (f"{merchant_id}/{terminal}", merchant_id, terminal):
            if key in self.directory:
                return clean_merchant(self.directory[key])
        return self.words.of(mcc)


def read_directory(path: Path) -> Mapping[str, str]:
    """A merchant directory: a TOML table `merchant`, key to name.  Raises BadTable."""
    rows = read_toml(path).get("merchant", {})
    if faults := [f"{path}: merchant {key!r} has no name" for key, name in rows.items() if not isinstance(name, str)]:
        raise BadTable(faults)
    return rows  # type: ignore[no-any-return]
