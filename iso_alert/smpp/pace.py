"""How fast we may go, and how long to stay away: values and sums, with the time and the dice as arguments."""

from math import inf, nextafter
from random import Random

from attrs import define, field, frozen


@define
class Bucket:
    """A token bucket: `rate` tokens a second drip in, and at most `burst` of them wait."""

    rate: float = inf
    burst: float = field()
    _level: float = field(init=False)
    _at: float = field(default=-inf, init=False)

    @burst.default
    def _tenth_of_a_second(self) -> float:
        # A burst of a whole second would let twice the contract through within one second of the operator's count.
        return max(1.0, self.rate / 10)

    def __attrs_post_init__(self) -> None:
        self._level = self.burst

    def available(self, now: float) -> float:
        """Whole tokens, or inf where there is no limit."""
        return inf if self.rate == inf else int(self._filled(now) + 2e-6)  # what a float's last digit lacks is there

    def take(self, count: int, now: float) -> None:
        """The caller has looked before; a debt is paid off by waiting."""
        if self.rate != inf:
            self._level = self._filled(now) - count
            self._at = now

    def next_at(self, now: float) -> float:
        """When there is at least one token."""
        lack = 1 - self._filled(now) if self.rate != inf else 0.0
        return now if lack <= 1e-6 else nextafter(now + lack / self.rate, inf)

    def _filled(self, now: float) -> float:
        return self.burst if self._at == -inf else min(self.burst, self._level + (now - self._at) * self.rate)


@frozen
class BackOff:
    """Exponential, with jitter between half and the whole, so that many who fell together do not return together."""

    first: float = 1.0
    factor: float = 2.0
    most: float = 60.0

    def delay(self, attempt: int, random: Random) -> float:
        """Seconds before attempt 1, 2, 3 …"""
        whole = min(self.most, self.first * self.factor ** min(attempt - 1, 64))
        return whole * random.uniform(0.5, 1.0)


@define
class Pace:
    """What the operator's patience allows now: a rate, and pauses after a throttling."""

    bucket: Bucket
    pauses: BackOff
    _until: float = field(default=-inf, init=False)
    _pauses_in_a_row: int = field(default=0, init=False)

    def available(self, now: float) -> float:
        return 0 if self.paused(now) else self.bucket.available(now)

    def next_at(self, now: float) -> float:
        """When something is available, if nothing else happens."""
        return max(self._until, self.bucket.next_at(now))

    def paused(self, now: float) -> bool:
        return now < self._until

    def throttled(self, now: float, random: Random) -> None:
        """The operator said: too fast. The refusals of one window make one pause."""
        if not self.paused(now):
            self._pauses_in_a_row += 1
            self._until = now + self.pauses.delay(self._pauses_in_a_row, random)

    def eased(self) -> None:
        """The operator took one again: the next pause starts short."""
        self._pauses_in_a_row = 0
