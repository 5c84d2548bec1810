"""Card numbers that belong to nobody: right check digits behind the ranges that networks publish for tests."""

from iso_alert.domain.card import luhn

RANGES = ("411111", "555555", "353011", "622126", "378282")  # each has a published test card


def test_pan(serial: int, length: int = 16, bin_: str = RANGES[0]) -> str:
    """The test card `serial` of a range, 12 to 19 digits long; the same serial is the same card."""
    room = length - len(bin_) - 1
    body = f"{bin_}{serial % 10**room:0{room}d}"
    return next(body + check for check in "0123456789" if luhn(body + check))


test_pan.__test__ = False  # type: ignore[attr-defined]  # pytest collects by name


def track2(pan: str, length: int = 37, separator: str = "=") -> str:
    """A track 2 for this card: expiry in 2030, service code 101, zeros."""
    return f"{pan}{separator}3012101".ljust(length, "0")[:length]
