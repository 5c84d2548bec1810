"""A card, without its number: a token that finds it again and the four digits that may be shown.

A PAN enters `Keyring.card` and goes no further.  The token is HMAC-SHA-256 of the whole PAN under a secret key, so
nobody can try all numbers without the key; its first four bytes name the key, so that keys can be changed.  Nothing
else of the PAN is kept: no BIN, and no `repr` that shows more than the last four digits.
"""

from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

KEY_BYTES = 32
_NAME_BYTES = 4


class Kind(Enum):
    """What stands behind a card."""

    CREDIT = "credit"
    DEBIT = "debit"


@frozen
class Card:
    """A card as everything beyond decoding knows it.

    `tokens` holds one token for each readable key, that of the newest first.
    """

    tokens: tuple[bytes, ...] = field(repr=False)
    last4: str

    @property
    def token(self) -> bytes:
        """The name under which this card is written."""
        return self.tokens[0]

    def __str__(self) -> str:
        return f"*{self.last4}"


class BadPan(ValueError):
    """This is no card number.  The text says why and never shows it."""


class WeakKey(ValueError):
    """A key that must not guard card numbers."""


_Begun: TypeAlias = "tuple[HASH, HASH]"  # of HMAC: the inner hash and the outer one, each with its key
_BLOCK = 64  # bytes of SHA-256


@frozen
class Keyring:
    """The secret keys, newest first.  Raises WeakKey for one that is too short or well known."""

    _keys: tuple[bytes, ...] = field(repr=False)
    _begun: tuple[tuple[bytes, _Begun], ...] = field(init=False, repr=False, eq=False)  # the key's half of the work

    @_keys.validator
    def _strong(self, _: object, keys: tuple[bytes, ...]) -> None:
        if not keys:
            raise WeakKey("there is no key")
        for key in keys:
            if len(key) < KEY_BYTES:
                raise WeakKey(f"a key has {len(key)} bytes, it needs {KEY_BYTES}")
            if len(set(key)) < 16 or key == bytes(range(len(key))):
                raise WeakKey("a key is a sample, not a secret")

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_begun", tuple((_name(key), _begin(key)) for key in self._keys))

    @property
    def names(self) -> tuple[str, ...]:
        """What each key is called in tokens and in reports; tells nothing about the key."""
        return tuple(name.hex() for name, _ in self._begun)

    def knowing(self, other: "Keyring") -> "Keyring":
        """These keys, and behind them those that only the other has."""
        return Keyring((*self._keys, *(key for key in other._keys if key not in self._keys)))

    def card(self, pan: str) -> Card:
        """The card of this number.  Raises BadPan unless it is 12 to 19 digits."""
        if not (pan.isascii() and pan.isdigit()):
            raise BadPan("a card number has a character that is no digit")
        if not 12 <= len(pan) <= 19:
            raise BadPan(f"a card number of {len(pan)} digits")
        number = pan.encode()
        return Card(tuple([name + _mac(begun, number) for name, begun in self._begun]), pan[-4:])


def _name(key: bytes) -> bytes:
    return sha256(b"iso_alert key name" + key).digest()[:_NAME_BYTES]


_TWICE = bytes.maketrans(b"0123456789", b"0246813579")  # each digit doubled, and the digits of that summed


def _begin(key: bytes) -> _Begun:
    """HMAC (RFC 2104) as far as the key alone takes it; the library's own object does the rest at half this speed."""
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in block)), sha256(bytes(byte ^ 0x5C for byte in block))


def _mac(begun: _Begun, number: bytes) -> bytes:
    inner, outer = begun[0].copy(), begun[1].copy()
    inner.update(number)
    outer.update(inner.digest())
    return outer.digest()


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right."""
    ascii_digits = digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)  # ๔ is a digit too
    raw = ascii_digits.encode()  # summed as bytes: a card file asks millions of times
    return (sum(raw[-1::-2]) + sum(raw[-2::-2].translate(_TWICE)) - ord("0") * len(raw)) % 10 == 0
