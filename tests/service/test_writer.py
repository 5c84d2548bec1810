"""The writer's process as the service meets it: it does verbs, tells faults, and is missed when it is gone."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import define
from trio.testing import wait_all_tasks_blocked

from iso_alert.service.desk import Desk
from iso_alert.service.writer import Writer
from iso_alert.store.hold import Hold
from iso_alert.store.parcels import Errand, wrap
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.writer import _next_of
from tests.support.bank import NOW, book, sale
from tests.support.engines import sqlite

PATIENCE = 20.0  # seconds


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    """A writer of a store that nobody has used yet, and of one subscriber's card."""
    kept = sqlite(tmp_path)
    kept.subscribe(1)
    kept.store.close()
    hold = Hold(tmp_path / "alerts.db")
    writer = Writer(tmp_path / "alerts.db", hold.fileno())
    with trio.fail_after(PATIENCE):
        yield writer
    writer.close()
    hold.release()


async def test_does_verbs(writer: Writer) -> None:
    """What is recorded there is in the file when the answer is here; the rulebook goes once and is known then."""
    desk, rules = Desk(writer.store, writer.begin), book()
    first, leases = await desk.do(partial(writer.store.record, [sale(1, 1)], rules, NOW, 10))
    again, _ = await desk.do(partial(writer.store.record, [sale(1, 1)], rules, NOW, 10))
    waiting = await desk.do(writer.store.outbox)

    assert first[0].decision is not None
    assert [alert.text for alert in first[0].decision.alerts] == [lease.text for lease in leases]
    assert (first[0].number, True) == (again[0].number, again[0].repeat)
    assert waiting.sending == 1


async def test_what_is_urgent_passes_what_waits(writer: Writer) -> None:
    """The courier's verb is done after the one that is under way, before those that came earlier."""
    desk, done = Desk(writer.store, writer.begin, writer.begin_urgent), list[str]()

    async def have(name: str, verb: Any, urgent: bool = False) -> None:
        await desk.do(verb, urgent)
        done.append(name)

    os.kill(writer._process.pid, signal.SIGSTOP)
    async with trio.open_nursery() as nursery:
        for n in range(1, 5):
            nursery.start_soon(have, f"batch {n}", partial(writer.store.record, [sale(1, n)], book(), NOW, 0))
            await wait_all_tasks_blocked()
        nursery.start_soon(have, "claim", partial(writer.store.claim, NOW, 1), True)
        await wait_all_tasks_blocked()
        os.kill(writer._process.pid, signal.SIGCONT)

    assert done.index("claim") <= 1  # it was asked for last
    assert [name for name in done if name != "claim"] == [f"batch {n}" for n in range(1, 5)]


@define
class Halting:
    """The line of a process that is stopped again and again: what came until then is all that one call gets."""

    coming: bytes

    def recv(self, size: int, _: int) -> bytes:
        some, self.coming = self.coming[: min(size, 3)], self.coming[min(size, 3) :]
        return some


def test_a_writer_that_is_stopped_loses_nothing() -> None:
    """Linux gives it half a verb then (SIGSTOP, a debugger): it waits for the rest.  At the end half of one is none."""
    errand = Errand(("outbox",))
    line: Any = Halting(wrap(errand))
    cut: Any = Halting(wrap(errand)[:-1])

    assert _next_of(line) == errand
    assert _next_of(cut) is None


async def test_a_line_that_ends_leaves_the_other(writer: Writer) -> None:
    """What was begun on one is done and answered also when the other has ended."""
    answer = await writer.begin(partial(writer.store.record, [sale(1, 1)], book(), NOW, 0))
    writer._urgent.close()
    await answer()
    waiting = await Desk(writer.store, writer.begin).do(writer.store.outbox)

    assert waiting.queued == 1


async def test_faults_come_back(writer: Writer, tmp_path: Path) -> None:
    """A verb's own error is raised here, with the place where it happened there."""
    (tmp_path / "alerts.db").rename(tmp_path / "gone.db")
    (tmp_path / "alerts.db").touch()
    with pytest.raises(StoreUnavailable, match="another file now") as caught:
        await Desk(writer.store, writer.begin).do(writer.store.check)

    assert any("in the writer" in note for note in caught.value.__notes__)


async def test_cannot_be_opened(tmp_path: Path) -> None:
    """A store that is none is told by whoever starts the writer, and nothing is left running."""
    file = tmp_path / "alerts.db"
    file.write_bytes(b"this is no database at all, and long enough to be sure of it" * 20)
    hold = Hold(file)
    with pytest.raises(StoreUnavailable, match="not a database"):
        Writer(file, hold.fileno())
    hold.release()


async def test_is_missed(writer: Writer) -> None:
    """Killed, it is told as a store that is gone: the host hears 96, and whoever watches hears of it at once."""
    os.kill(writer._process.pid, signal.SIGKILL)
    await writer.ended()
    with pytest.raises(StoreUnavailable, match="its writer has ended"):
        await Desk(writer.store, writer.begin).do(writer.store.outbox)


async def test_answers_keep_their_order_when_nobody_waits(writer: Writer) -> None:
    """A call that is cancelled waits for its answer: the next one gets its own."""
    with trio.CancelScope() as scope:
        scope.cancel()
        await Desk(writer.store, writer.begin).do(writer.store.recover)
    waiting = await Desk(writer.store, writer.begin).do(writer.store.outbox)

    assert (waiting.queued, waiting.sending, waiting.oldest) == (0, 0, None)


async def test_what_cannot_be_sent_stops_nothing(writer: Writer) -> None:
    """An argument or an answer that is no value: whoever asked hears of it, and the next verbs are done as ever."""
    desk: Any = Desk(writer.store, writer.begin)
    for _ in range(3):
        with pytest.raises((AttributeError, TypeError)):
            await desk.do(partial(desk.store.settle, lambda: None))
        with pytest.raises(RuntimeError, match="cannot be sent"):
            await desk.do(partial(desk.store.disclosures.export, 1))

    assert (await desk.do(desk.store.outbox)).queued == 0


async def test_keeps_the_hold(tmp_path: Path) -> None:
    """A service that was killed leaves the store to the next one only when its writer has ended too."""
    file = tmp_path / "alerts.db"
    hold = Hold(file)
    writer = Writer(file, hold.fileno())
    hold.release()  # what the end of our process does first
    with pytest.raises(StoreUnavailable, match="another iso-alert run"):
        Hold(file)
    writer.close()

    Hold(file).release()


async def test_a_signal_to_all_leaves_it(writer: Writer) -> None:
    """Ctrl-C at a terminal reaches both processes: the service stops in order, and needs its store for that."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(writer._process.pid, each)
    waiting = await Desk(writer.store, writer.begin).do(writer.store.outbox)

    assert waiting.queued == 0


def test_its_last_words_tell_no_number(tmp_path: Path) -> None:
    """Where it broke is told, and the kind of fault; what the fault says is not."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "iso_alert.store.writer", str(tmp_path / "alerts.db"), "4111 1111 1111 1111", "4"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "store/writer.py" in done.stderr
    assert "1111" not in done.stdout + done.stderr
