"""`iso-alert run` as a supervisor sees it: a process with an exit code, signals and a log."""

import json
import signal
import socket
import stat
from pathlib import Path

import pytest
import trio

from tests.support import wire
from tests.support.deployment import deploy, iso_alert, service

SOON = 20.0  # seconds; the machine may be busy


async def ended(process: trio.Process) -> int:
    with trio.fail_after(SOON):
        return await process.wait()


def test_a_bad_configuration_leaves_with_78(tmp_path: Path) -> None:
    """Nothing was opened, every fault is told, and there is no traceback."""
    path = deploy(tmp_path)
    (tmp_path / "pan.key").unlink()
    done = iso_alert("run", "-c", path)

    assert (done.returncode, done.stdout) == (78, "")
    assert "pan.key: no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "alerts.db").exists()


def test_a_store_that_cannot_be_opened_leaves_with_78(tmp_path: Path) -> None:
    """And names it."""
    path = deploy(tmp_path)
    (tmp_path / "alerts.db").mkdir()
    done = iso_alert("run", "-c", path)

    assert done.returncode == 78
    assert "alerts.db" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("section", ["link", "admin"])
def test_a_port_that_is_taken_is_named(tmp_path: Path, section: str) -> None:
    """The code is 1, and the line says which port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        path = deploy(tmp_path)
        text, at = path.read_text(), path.read_text().index(section)
        path.write_text(text[:at] + text[at:].replace("127.0.0.1:0", f"127.0.0.1:{port}", 1))
        done = iso_alert("run", "-c", path)

    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_leaves_with_0(tmp_path: Path, number: signal.Signals) -> None:
    """Idle, that is at once; and the log says so."""
    async with service(deploy(tmp_path)) as running:
        running.process.send_signal(number)

        assert await ended(running.process) == 0

    assert [line["event"] for line in running.lines][-1] == "stopped"
    assert {"link open", "admin open", "stopping"} <= {line["event"] for line in running.lines}


async def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    """Whatever is still to be drained: a host that neither sends nor leaves is not waited for, nor is its answer."""
    path = deploy(tmp_path, drain_timeout=600.0)
    async with service(path) as running, await trio.open_tcp_stream(*running.link) as host:
        await host.send_all(wire.purchase())
        await host.receive_some()
        running.process.send_signal(signal.SIGTERM)
        await trio.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)

        # The last: it was in the interpreter's own farewell, where signals do again what they do to every process.
        assert await ended(running.process) in (0, 1, -signal.SIGTERM)

    assert "Traceback" not in running.text


async def test_the_log_is_a_line_of_json_each(tmp_path: Path) -> None:
    """Where it is no terminal; with a time, a level, and no line for a message."""
    async with service(deploy(tmp_path)) as running:
        async with await trio.open_tcp_stream(*running.link) as host:
            before = len(running.lines)
            for stan in range(1, 20):
                await host.send_all(wire.purchase(stan))
                await host.receive_some()
        running.process.terminate()
        await ended(running.process)

    lines = [json.loads(line) for line in running.text.splitlines()]

    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    assert len(lines) < before + 19


async def test_one_service_to_a_store(tmp_path: Path) -> None:
    """A second one would send the same alerts: it says so and leaves."""
    path = deploy(tmp_path)
    async with service(path) as running:
        done = await trio.to_thread.run_sync(iso_alert, "run", "-c", path)

        assert running.process.poll() is None

    assert done.returncode in (1, 78)
    assert "alerts.db" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_running_service_keeps_its_store_to_its_owner(tmp_path: Path) -> None:
    """The file and what stands beside it."""
    async with service(deploy(tmp_path)) as running:
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("alerts.db*")}
        running.process.terminate()
        await ended(running.process)

    assert "alerts.db" in modes
    assert [name for name, mode in modes.items() if mode & 0o077] == []


async def test_the_card_file_may_be_imported_while_it_runs(tmp_path: Path) -> None:
    """The next message already finds the subscriber."""
    from iso_alert.sim.cards import test_pan
    from tests.support.deployment import write_csv

    path = deploy(tmp_path)
    cards = write_csv(
        tmp_path / "cards.csv", [("customer", "pan", "kind", "primary"), ("C1", test_pan(1), "credit", "yes")]
    )
    people = write_csv(tmp_path / "people.csv", [("customer", "mobile", "language"), ("C1", "0812345678", "en")])
    async with service(path) as running:
        codes = [
            (await trio.to_thread.run_sync(iso_alert, what, "import", "-c", path, file)).returncode
            for what, file in (("cards", cards), ("subscriptions", people))
        ]
        async with await trio.open_tcp_stream(*running.link) as host:
            await host.send_all(wire.purchase())
            await host.receive_some()
        outbox = (await running.status())["outbox"]
        running.process.terminate()
        await ended(running.process)

    assert codes == [0, 0]
    assert outbox["queued"] == 1
