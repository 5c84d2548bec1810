"""What the machine does to everybody, beside what is measured: how long a sync of the same disk takes, and a mere nap.

A promise of the service in seconds is held against these: a disk that stands still for three seconds makes any
answer that is durable wait for three seconds.
"""

import os
from pathlib import Path
from time import monotonic

import trio
from attrs import define, field

EVERY = 0.25  # seconds


@define
class Noise:
    """Runs beside a campaign; all in seconds."""

    directory: Path
    calm: float = field(default=0.0, init=False)  # the slowest answer before anybody behaved badly
    sync: float = field(default=0.0, init=False)
    nap: float = field(default=0.0, init=False)  # too long, as everything here slept that was measured too

    @property
    def longest(self) -> float:
        return self.sync + self.nap

    def allows(self, promised: float) -> float:
        """What may be asked of an answer that is promised within so much; where all is slow, twice what it was."""
        return max(promised, 2 * self.calm) + self.longest

    async def listen(self) -> None:
        """Until cancelled."""
        while True:
            began = trio.current_time()
            await trio.sleep(EVERY)
            self.nap = max(self.nap, trio.current_time() - began - EVERY)
            self.sync = max(self.sync, await trio.to_thread.run_sync(_sync, self.directory / "noise"))

    def __str__(self) -> str:
        return f"sync {1000 * self.sync:.0f}, nap {1000 * self.nap:.0f}, calm {1000 * self.calm:.0f}"


def _sync(path: Path) -> float:
    """How long it takes to make a page durable."""
    began = monotonic()
    with path.open("ab") as file:
        file.write(bytes(4096))
        os.fsync(file.fileno())
    return monotonic() - began
