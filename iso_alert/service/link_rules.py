"""How a link is kept, what it tells of itself, and whom it asks to remember: what every room of links shares."""

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from iso_alert.domain.transaction import Transaction


@frozen
class LinkRules:
    """How a link is kept.  Times in seconds."""

    name: str
    window: int = 64  # messages of a connection that are dealt with at once
    idle_timeout: float = 600.0  # without a byte from the host, or with answers that it does not take
    partial_timeout: float = 30.0  # for a frame that has begun
    sign_on: bool = False  # whether the host must sign on (0800/001) before anything else
    rate: float | None = None  # messages a second, of all its connections together; what is faster waits in the socket
    echo_interval: float | None = None  # of silence, after which we ask whether the host is there


class Watch(Protocol):
    """What links tell of themselves."""

    def answered(self, link: str, mti: str, code: str, count: int = 1) -> None: ...
    def unreadable(self, link: str, fault: str) -> None: ...
    def ignored(self, link: str, why: str) -> None: ...
    def connected(self, link: str, change: int) -> None: ...
    def hung_up(self, link: str, why: str) -> None: ...

    def slowed(self, link: str) -> None:
        """Its host was faster than its rate, and was made to wait."""

    def called(self, link: str, outcome: str) -> None:
        """We called the host, with an outcome from a closed set."""

    def shook_hands(self, side: str, name: str, outcome: str) -> None:
        """A TLS handshake ended; `side` is link or smsc, the outcome is from a closed set."""


class Record(Protocol):
    """The journal's one verb."""

    async def record(self, batch: Sequence[Transaction], /) -> None: ...
