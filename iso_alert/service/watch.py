"""What the metrics room hears of a route: one protocol, so that the route knows nothing of Prometheus."""

from typing import Protocol


class Watch(Protocol):
    """Called from the route's tasks; must neither wait nor raise."""

    def submitted(self, status: str) -> None:
        """One of our messages was answered, with the status of this name (a closed set)."""

    def in_doubt(self) -> None:
        """One of our messages was written and not answered."""

    def late(self) -> None:
        """A response came that nothing waited for."""

    def unexpected(self) -> None:
        """The SMSC sent something that is neither an answer nor a receipt; it was dropped."""

    def bound(self, up: bool) -> None:
        """The session came up, or went down."""

    def reconnected(self) -> None:
        """The session came up, and not for the first time."""

    def shook_hands(self, side: str, name: str, outcome: str) -> None:
        """A TLS handshake ended, with an outcome from a closed set."""


class Unwatched:
    """The watch that nobody keeps."""

    def submitted(self, status: str) -> None: ...
    def in_doubt(self) -> None: ...
    def late(self) -> None: ...
    def unexpected(self) -> None: ...
    def bound(self, up: bool) -> None: ...
    def reconnected(self) -> None: ...
    def shook_hands(self, side: str, name: str, outcome: str) -> None: ...
