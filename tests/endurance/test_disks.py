"""The campaign of bad disks in its short form, and what it has found."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from iso_alert.service.desk import Desk
from iso_alert.service.journal import Journal
from iso_alert.store.file import LOCK_WAIT
from iso_alert.store.port import StoreUnavailable
from tests.endurance.disks import run
from tests.support.bank import NOW, book, sale


@pytest.mark.parametrize("fault", ["full", "50 ms a sync"])
def test_a_bad_disk_loses_nothing(fault: str) -> None:
    """Refused at once or answered late, and then everything goes on."""
    report = run(seed=20261123, hold=0.5, only=fault)
    if report.skipped:
        pytest.skip("; ".join(report.skipped))

    report.check()


class Locked:
    """Another process writes, and does not end; also whatever else a journal wants to tell somebody."""

    def record(self, *_: object) -> None:
        raise StoreUnavailable("locked")

    def room(self) -> int:
        return 7


@pytest.mark.xfail(strict=True, reason="each batch waits for the lock anew, though the store is known to be locked")
async def test_a_host_waits_for_a_locked_store_once(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """96 at once: what could not be written a moment ago need not be waited for by every message.

    `disks --seed 1 --only locked` answered 6 messages in 4 seconds, the first of them after 2 or 3.
    """

    async def slowly(verb: Callable[[], Any]) -> Any:
        await trio.sleep(LOCK_WAIT)
        return verb()

    monkeypatch.setattr(trio.to_thread, "run_sync", slowly)
    locked: Any = Locked()
    journal = Journal(Desk(locked), book(), locked, locked, lambda: NOW)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.run)
        began = trio.current_time()
        for stan in range(1, 4):
            with pytest.raises(StoreUnavailable):
                await journal.record([sale(1, stan)])
        took = trio.current_time() - began
        nursery.cancel_scope.cancel()

    assert took <= LOCK_WAIT
