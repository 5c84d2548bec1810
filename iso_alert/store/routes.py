"""The verbs of the store about routes to operators.  As in `port`: one verb, one transaction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from iso_alert.domain.command import Actor


@frozen
class Drained:
    """A route that people have sent away."""

    route: str
    at: float  # seconds since 1970
    actor: str
    reason: str


class Routes(Protocol):
    """Which routes are to be used, and which operator has what."""

    def drain(self, route: str, actor: Actor, now: float, reason: str = "") -> None:
        """Send a route away, until it is called back, across restarts.  Idempotent; each order is in the trail."""

    def resume(self, route: str, actor: Actor, now: float, reason: str = "") -> None:
        """Call a route back.  Idempotent; each order is in the trail."""

    def drained(self) -> Sequence[Drained]:
        """The routes that are to be away, by name."""

    def begun(self, alerts: Collection[int], there: Collection[str]) -> Mapping[int, str]:
        """Which of the operators who are `there` has parts of which of these alerts.

        What the others have of them is forgotten: such an alert begins anew, and is not in the answer.  Idempotent.
        """
