"""Names of messages and alerts for people: base 36, ten characters.

Their numbers have sixteen digits, of which one in ten would pass for a card number.
"""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def name_of(number: int) -> str:
    """`1795427141582453` as `hgf49jdetx`."""
    found = ""
    while number:
        number, digit = divmod(number, 36)
        found = _DIGITS[digit] + found
    return found or "0"


def number_of(name: str) -> int:
    """The number again.  Raises ValueError."""
    number = int(name, 36)
    if not 0 <= number < 1 << 63:  # what a store can hold
        raise ValueError(f"{name!r} is no name")
    return number
