"""The audit trail as a chain: each row's hash covers the row and the hash before it; none can be changed or taken out.

What a chain cannot show is a missing end.  Therefore the number and the hash of the newest row also stand in a file of
their own beside the store, the anchor; copy it elsewhere, and not even who may write both can cut the end unseen.  An
anchor that does not fit the trail is never moved on: the evidence stays.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import frozen

NOTHING = b"\0" * 32  # stands before the first row
LINE = 85  # characters of an anchor: a number of twenty digits, a blank, a hash in hexadecimal


def link(before: bytes, row: Sequence[Any]) -> bytes:
    """The hash of a row (without its own hash) that follows one with the hash `before`."""
    text = json.dumps(list(row), ensure_ascii=False, separators=(",", ":"))
    return sha256(before + text.encode()).digest()


@frozen
class Anchor:
    """The newest row as another place remembers it, or the row that a purged trail goes on from."""

    id: int = 0
    hash: bytes = NOTHING

    def __str__(self) -> str:
        return f"{self.id} {self.hash.hex()}"

    @classmethod
    def read(cls, text: str) -> "Anchor":
        """Raises ValueError."""
        number, digest = text.split()
        return cls(int(number), bytes.fromhex(digest))


@frozen
class AnchorFile:
    """The file beside the store."""

    path: Path

    def read(self) -> Anchor | None:
        """None when there is none.  Raises ValueError for what is no anchor, OSError."""
        try:
            text = self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return Anchor.read(text) if text else None

    def write(self, anchor: Anchor) -> None:
        """Raises OSError.

        In place, always as long, and without fsync, which would make each command wait for the disk twice: what a power
        cut leaves is an older anchor, and that is a true one.
        """
        file = os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.pwrite(file, f"{anchor!s:>{LINE}}\n".encode(), 0)
        finally:
            os.close(file)


def faults(rows: Iterable[Sequence[Any]], base: Anchor, anchor: Anchor | None) -> Iterator[str]:
    """What is wrong with a trail that goes on from `base`: rows with their hash last, in order."""
    last = base
    for *row, digest in rows:
        number = row[0]
        if number != last.id + 1:
            yield f"row {last.id + 1} is missing" + (f", and all up to {number - 1}" if number > last.id + 2 else "")
        elif link(last.hash, row) != digest:
            yield f"row {number} is not what was written"
        last = Anchor(number, digest)
        if anchor and number == anchor.id and digest != anchor.hash:
            yield f"row {number} is not the one that the anchor remembers"
    if anchor and anchor.id > last.id:
        yield f"the trail ends with row {last.id}, but row {anchor.id} was written"
    elif anchor is None and last.id:
        yield "there is no anchor beside the store: whether the end is whole cannot be told"
