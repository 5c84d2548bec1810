"""A payment host that behaves: one message at a time, evenly, come what may; and how long each answer took.

Times run from the moment at which a message was due, so that a service which makes us wait cannot hide it.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import trio
from attrs import define, field, frozen

from bench.report import percentile
from tests.support import wire

READ = 65_536


@frozen
class Took:
    """One answer."""

    n: int
    due: float
    seconds: float


@define(eq=False)
class Steady:
    """Sends `message(n)`, a frame with the STAN n, for n from `first` on, `rate` a second."""

    address: tuple[str, int]
    message: Callable[[int], bytes]
    rate: float
    first: int = 1
    sent: int = 0
    took: list[Took] = field(factory=list)
    codes: Counter[str] = field(factory=Counter)
    lost: str = ""  # why the connection ended, if it did before its time
    _due: dict[int, float] = field(factory=dict)
    _scope: trio.CancelScope = field(factory=trio.CancelScope)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until `stop`, or until the service hangs up.  Started when connected."""
        async with await trio.open_tcp_stream(*self.address) as stream, trio.open_nursery() as nursery:
            task_status.started()
            nursery.start_soon(self._send, stream)
            await self._hear(stream)
            nursery.cancel_scope.cancel()

    async def stop(self, patience: float) -> None:
        """Send no more, and wait for what is due."""
        self._scope.cancel()
        with trio.move_on_after(patience):
            while self._due and not self.lost:
                await trio.sleep(0.01)

    @property
    def missing(self) -> int:
        return len(self._due)

    def seconds(self, since: float, until: float) -> Sequence[float]:
        """How long the answers took to what was due between these, the shortest first."""
        return sorted(one.seconds for one in self.took if since <= one.due < until)

    def longest(self) -> float:
        """Seconds of the slowest answer so far."""
        return max((one.seconds for one in self.took), default=0.0)

    async def _send(self, stream: trio.SocketStream) -> None:
        began = trio.current_time()
        with self._scope:
            while True:
                due = began + self.sent / self.rate
                await trio.sleep_until(due)
                n, self.sent = self.first + self.sent, self.sent + 1
                self._due[n] = due
                with trio.CancelScope(shield=True):  # a frame is sent whole
                    await stream.send_all(self.message(n))

    async def _hear(self, stream: trio.SocketStream) -> None:
        data = b""
        try:
            while some := await stream.receive_some(READ):
                now, data = trio.current_time(), data + some
                while len(data) >= 2 and len(data) >= (end := 2 + int.from_bytes(data[:2], "big")):
                    self._answered(data[:end], now)
                    data = data[end:]
            self.lost = "hung up"
        except trio.BrokenResourceError:
            self.lost = "broken"

    def _answered(self, frame: bytes, now: float) -> None:
        ((_, stan, code),) = wire.codes(frame)
        due = self._due.pop(int(stan))
        self.took.append(Took(int(stan), due, now - due))
        self.codes[code] += 1


def milliseconds(ordered: Sequence[float]) -> str:
    """`p50 2.1, p99 8.0, longest 31.4`"""
    shares = {"p50": percentile(ordered, 0.5), "p99": percentile(ordered, 0.99), "longest": max(ordered, default=0.0)}
    return ", ".join(f"{name} {1000 * value:.1f}" for name, value in shares.items())
