"""What a message is called by, in few bits: where none of them agrees with a name, the message does not have it.

Later messages look for an earlier one by its STAN, its RRN or its approval code, among all of its card.  To read each
of those costs a page; its mark stands beside its number, and spares most.
"""

from zlib import crc32

BITS = 16  # for each name


def bits(name: str | None) -> int:
    """What a mark has of a STAN, an RRN or an approval code; of none nothing."""
    return crc32((name or "").encode()) & 0xFFFF


def mark(stan: str, rrn: str | None, approval_code: str | None) -> int:
    """Their `bits`, one after the other, and written out, for it is done once a message."""
    rrn_bits, approval_bits = crc32((rrn or "").encode()) & 0xFFFF, crc32((approval_code or "").encode()) & 0xFFFF
    return crc32(stan.encode()) & 0xFFFF | rrn_bits << BITS | approval_bits << 2 * BITS
