"""How long an SMPP session waits for what: one frozen value (SMPP 3.4, 7.2), all in seconds."""

from math import inf

from attrs import frozen


@frozen
class Timers:
    """A timer that is `inf` never rings."""

    bind: float = 10.0  # connected, but not bound
    response: float = 30.0  # sent, but not answered; also an enquire_link and an unbind
    enquire_link: float = 30.0  # nothing heard: ask whether anybody is there
    inactivity: float = inf  # nothing but enquire_links: unbind
    late: float = 300.0  # sent so long ago: until then an answer after the response timer is still understood
    listen: float = 1.0  # heard again after a silence in which answers became overdue: they may come first

    @property
    def shortest(self) -> float:
        """Whoever sleeps no longer than this never oversleeps a timer that was set meanwhile."""
        return min(self.bind, self.response, self.enquire_link, self.inactivity)
