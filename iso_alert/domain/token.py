"""Tokens of the contact centre's API: who may ask, in which role; the secret itself is nowhere kept.

At rest a token is its SHA-256.  That is right here and would be wrong for a password: 256 random bits cannot be found
by trying, however fast the hash is, so a slow one (argon2, scrypt) would buy nothing and make every request slow.  A
salt would hide that two people have the same secret: they never do.
"""

from base64 import urlsafe_b64encode
from enum import Enum
from hashlib import sha256
from hmac import compare_digest

from attrs import field, frozen

PREFIX = "iat"  # so that a scanner of repositories and mail knows one when it sees it
SECRET_BYTES, ID_BYTES = 32, 5


class Role(Enum):
    """What a token may do; web.api.operations has the table."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    AUDITOR = "auditor"


@frozen
class Token:
    """A token as it is kept.  Times are seconds since 1970."""

    id: str  # public: it finds the token, and may be shown
    name: str  # whose it is; stands in the audit trail
    role: Role
    digest: bytes = field(repr=False)
    made_at: float
    expires_at: float | None = None
    revoked_at: float | None = None

    def opens(self, said: str, now: float) -> bool:
        """Whether this text is the token, and the token is good now.  Takes as long whatever the text is."""
        right = compare_digest(_digest(said), self.digest)
        return right and self.good(now)

    def good(self, now: float) -> bool:
        """Whether it is neither revoked nor too old."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


NOBODY = Token("", "", Role.AGENT, bytes(32), 0.0, revoked_at=0.0)  # compared with where no token is found


def new_token(name: str, role: Role, random: bytes, now: float, expires_at: float | None = None) -> tuple[str, Token]:
    """The text that its owner keeps, and the token that we keep.  `random`: SECRET_BYTES + ID_BYTES fresh ones."""
    if len(random) != SECRET_BYTES + ID_BYTES:
        raise ValueError(f"a token is made of {SECRET_BYTES + ID_BYTES} random bytes")
    public = random[SECRET_BYTES:].hex()
    text = f"{PREFIX}_{public}_{urlsafe_b64encode(random[:SECRET_BYTES]).decode().rstrip('=')}"
    return text, Token(public, name, role, _digest(text), now, expires_at)


def id_of(said: str) -> str | None:
    """The public part of what is said to be a token, None for what cannot be one."""
    match said.split("_", 2):
        case [prefix, public, secret] if prefix == PREFIX and public and secret:
            return public
    return None


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
