"""The machine's own noise, beside a campaign."""

from pathlib import Path

import trio
from trio.testing import MockClock

from tests.endurance.noise import EVERY, Noise


async def test_a_sync_is_measured(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Of a page on the disk that the store has too; naps take as long as they should where the clock is ours."""
    noise = Noise(tmp_path)
    with trio.move_on_after(2.5 * EVERY):
        await noise.listen()

    assert noise.sync > 0
    assert noise.nap == 0
    assert noise.longest == noise.sync
