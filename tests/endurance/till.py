"""The payment host's end of a link: sends at its rate, says again what was not recorded, and knows what was answered.

A host that must know: whatever is not answered 00 is said again, word for word and as a repeat, after a pause or before
anything new on the next connection.
"""

from collections import Counter, deque
from collections.abc import Iterator

import trio
from attrs import define, field, frozen

from tests.support import wire
from tests.support.cardholders import Happening

TICK = 0.02  # seconds between two things that the host says
WINDOW = 256  # messages without an answer
RECORDED = "00"


@frozen
class Answer:
    """When it came, how long the host had waited, and what it said."""

    at: float
    waited: float
    code: str


@define(eq=False)
class Till:
    """Lives longer than its connections."""

    happenings: Iterator[Happening]
    rate: float  # messages a second
    pause: float = 0.5  # seconds before it says again what was refused
    patient: bool = False  # it takes back only what is recorded: where much is refused, a reversal would overtake
    sent: dict[int, Happening] = field(factory=dict, init=False)  # by STAN
    recorded: set[int] = field(factory=set, init=False)
    answers: list[Answer] = field(factory=list, init=False)
    repeated: int = field(default=0, init=False)
    _since: dict[int, float] = field(factory=dict, init=False)  # STANs without an answer, and when they were sent
    _held: list[Happening] = field(factory=list, init=False)  # reversals of what is not recorded yet
    _refused: deque[tuple[float, int]] = field(factory=deque, init=False)  # when to say it again
    _news: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot, init=False)
    _silent: bool = field(default=False, init=False)

    @property
    def waiting(self) -> int:
        """Messages that the service has not said 00 to."""
        return len(self._since) + len(self._refused) + len(self._held)

    def waits(self, now: float) -> float:
        """For how long the message has waited that waits longest now."""
        return now - min(self._since.values(), default=now)

    @property
    def codes(self) -> Counter[str]:
        return Counter(answer.code for answer in self.answers)

    def fall_silent(self) -> None:
        """Say nothing new from now on."""
        self._silent = True

    async def settled(self) -> None:
        """Return when everything is answered 00."""
        while self.waiting:
            await self._news.park()

    async def talk(self, address: tuple[str, int]) -> None:
        """Speak over one connection until it is cut, or until cancelled."""
        try:
            async with await trio.open_tcp_stream(*address) as stream, trio.open_nursery() as nursery:
                nursery.start_soon(self._hear, stream, nursery.cancel_scope)
                await self._say_again(stream)
                while True:
                    await self._say(stream)
                    await trio.sleep(TICK)
        except* (OSError, trio.BrokenResourceError):
            pass  # what the host makes of that is to connect again

    async def _say_again(self, stream: trio.abc.Stream) -> None:
        """What the last connection left unanswered, in the order in which it happened."""
        self._refused.clear()
        left = [self.sent[stan] for stan in sorted(set(self.sent) - self.recorded)]
        self._since.clear()  # also of repeats that nobody needs any more
        await self._send(stream, left)
        self._news.unpark_all()

    async def _say(self, stream: trio.abc.Stream) -> None:
        now, most = trio.current_time(), max(1, round(self.rate * TICK))
        due: list[Happening] = []
        while self._refused and self._refused[0][0] <= now and len(due) < most:
            due.append(self.sent[self._refused.popleft()[1]])
        due += self._taken_back()
        room = WINDOW - len(self._since) - len(self._refused)
        while not self._silent and len(due) < min(room, most):
            due += self._next()
        await self._send(stream, due)

    def _next(self) -> list[Happening]:
        """Something new, or nothing where it must wait."""
        each = next(self.happenings)
        if not self.patient or not each.of or each.of in self.recorded:
            return [each]
        self._held.append(each)
        return []

    def _taken_back(self) -> list[Happening]:
        ready = [each for each in self._held if each.of in self.recorded]
        self._held = [each for each in self._held if each.of not in self.recorded]
        return ready

    async def _send(self, stream: trio.abc.Stream, happenings: list[Happening]) -> None:
        now, frames = trio.current_time(), []
        for each in happenings:
            again = each.stan in self.sent
            self.repeated += again
            self.sent[each.stan] = each
            self._since.setdefault(each.stan, now)
            frames.append(each.frame(again))
        if frames:
            await stream.send_all(b"".join(frames))

    async def _hear(self, stream: trio.abc.Stream, connection: trio.CancelScope) -> None:
        rest = b""
        async for data in stream:
            rest += data
            whole = _whole(rest)
            for _, stan, code in wire.codes(rest[:whole]):
                self._answered(int(stan), code)
            rest = rest[whole:]
            self._news.unpark_all()
        connection.cancel()

    def _answered(self, stan: int, code: str) -> None:
        now = trio.current_time()
        since = self._since.pop(stan, None)
        if since is not None:  # else a repeat overlapped with what it repeats
            self.answers.append(Answer(now, now - since, code))
        if code == RECORDED:
            self.recorded.add(stan)
        elif stan not in self.recorded:
            self._refused.append((now + self.pause, stan))


def _whole(data: bytes) -> int:
    """How many bytes of this are whole frames."""
    at = 0
    while len(data) >= at + 2 and len(data) >= (end := at + 2 + int.from_bytes(data[at : at + 2], "big")):
        at = end
    return at
