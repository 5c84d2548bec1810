"""Whether anybody is there: when the peer was last heard, when we asked, and what its silence keeps us from asking."""

from math import inf

from attrs import define, field

from .timers import Timers


@define(eq=False)
class Pulse:
    """One peer's.  Time is an argument."""

    _timers: Timers
    heard: float
    _enquired: float = field(default=-inf, init=False)
    listening_until: float = field(default=inf, init=False)  # inf: late answers are not waited for

    @property
    def weak(self) -> bool:
        """Whether nothing should be asked now.

        Not while we ask whether anybody is there: what went unanswered would go unanswered again.  And not for a moment
        after that: whoever was deaf first answers what it has heard, and that should not be asked twice.
        """
        return self.heard < self._enquired or self.listening_until < inf

    def beat(self, now: float, missed: float) -> None:
        """The peer is heard.  `missed`: when we asked last what is overdue."""
        if self.heard < self._enquired and self._was_deaf(now, missed):
            self.listening_until = now + self._timers.listen
        self.heard = now

    def _was_deaf(self, now: float, missed: float) -> bool:
        """Whether it was silent since we asked; a peer that said other things meanwhile merely forgot an answer."""
        moment = self._timers.listen
        return now - self.heard > moment and missed > self.heard - moment

    def enquired(self, now: float) -> None:
        self._enquired = now

    def tick(self, now: float) -> None:
        if now >= self.listening_until:
            self.listening_until = inf
