"""The verbs of the store about tokens of the API.  As in `port`: one verb, one transaction."""

from typing import Protocol

from iso_alert.domain.token import Token


class Tokens(Protocol):
    """Who may ask."""

    def add_token(self, token: Token) -> bool:
        """Keep a new token; False when one in use has its name."""

    def token(self, public: str) -> Token | None:
        """The token with this public part, good or not."""

    def tokens(self) -> list[Token]:
        """Every token that was ever made, oldest first."""

    def revoke_token(self, name: str, now: float) -> bool:
        """End the token of this name, at once; False when there is none in use."""
