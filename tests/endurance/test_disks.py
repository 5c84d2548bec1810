"""The campaign of bad disks in its short form, and what it has found."""

import resource
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from iso_alert.service.desk import Desk
from iso_alert.service.journal import Journal
from iso_alert.store.file import LOCK_WAIT
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite
from tests.endurance.disks import run
from tests.endurance.faults import FAULTS, Impossible
from tests.support.bank import NOW, book, sale


def test_a_full_disk_loses_nothing() -> None:
    """Refused at once, and then everything goes on."""
    report = run(seed=20261123, hold=0.5, only="full", slack=10)
    if report.skipped:
        pytest.skip("; ".join(report.skipped))

    report.check()


def test_a_start_proves_that_the_store_can_be_written(tmp_path: Path) -> None:
    """/readyz must not be green on a full disk until the first message has been refused."""
    store = Sqlite(tmp_path / "alerts.db")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(StoreUnavailable):
            store.recover()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        store.close()


def test_who_starts_on_a_read_only_disk_is_not_stuck_with_it(tmp_path: Path) -> None:
    """It leaves at once, or writes when the disk can be written again; `disks --only read-only` waits for ever."""
    fault = next(fault for fault in FAULTS if fault.name == "read-only")
    Sqlite(tmp_path / "alerts.db").close()
    try:
        with fault.ways[0].disk(tmp_path) as disk, fault.ways[0].strike(disk, 0):
            store = Sqlite(tmp_path / "alerts.db")
    except Impossible as why:
        pytest.skip(str(why))
    except StoreUnavailable:
        return

    with closing(store):
        store.check()


class Locked:
    """Another process writes, and does not end; also whatever else a journal wants to tell somebody."""

    each = False

    def commit(self, *_: object) -> None:
        raise StoreUnavailable("locked")

    def promise(self) -> int:
        return 7

    def redeem(self, room: int) -> None: ...

    def behind(self) -> bool:
        return False


async def test_a_host_waits_for_a_locked_store_once(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """96 at once: what could not be written a moment ago need not be waited for by every message.

    `disks --only locked` answered 6 to 70 messages in 4 seconds, some of them after 4.
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
