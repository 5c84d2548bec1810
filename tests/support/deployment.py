"""A deployment in a directory, and the service run from it as its users run it: a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import trio
from attrs import define, field

from tests.support.bank import KEY

CONFIG = """\
[store]
url = "sqlite:alerts.db"
[keys]
pan = ["pan.key"]
[[link]]
name = "switch"
listen = "127.0.0.1:0"
[[smsc]]
name = "operator"
connect = "127.0.0.1:{smsc}"
system_id = "alerts"
password_file = "smsc.password"
source = "KBANK"
[admin]
listen = "127.0.0.1:0"
[run]
drain_timeout = {drain_timeout}
"""
SMSC = """\
[[smsc]]
name = "{name}"
connect = "127.0.0.1:9"
system_id = "alerts"
password_file = "smsc.password"
source = "KBANK"
{more}
"""
OPEN = 20.0  # seconds in which a process must have started, also on a busy machine


def deploy(directory: Path, smsc: int = 9, drain_timeout: float = 10.0, more: str = "") -> Path:
    """Write a good configuration and its secrets.  Port 9 is where nobody answers."""
    path = directory / "iso-alert.toml"
    path.write_text(CONFIG.format(smsc=smsc, drain_timeout=drain_timeout) + more, encoding="utf-8")
    (directory / "pan.key").write_text(KEY.hex() + "\n", encoding="ascii")
    (directory / "smsc.password").write_text("hunter2\n", encoding="ascii")
    return path


def write_csv(path: Path, rows: Iterable[Iterable[str]]) -> Path:
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def iso_alert(*arguments: str | Path, stdin: str | bytes = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "-m", "iso_alert", *map(str, arguments)],
        input=given, capture_output=True, timeout=60, env={"PATH": "/usr/bin:/bin", **environ}, check=False,
    )  # fmt: skip
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@define(eq=False)
class Service:
    """A running `iso-alert run`."""

    process: trio.Process
    lines: list[dict[str, Any]] = field(factory=list)  # its log
    text: str = ""
    _over: bool = False  # it has closed its log
    _news: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot)

    async def listen(self) -> None:
        """Read its log until it ends."""
        assert self.process.stderr
        rest = b""
        async for data in self.process.stderr:
            self.text += data.decode("utf-8", "replace")
            *lines, rest = (rest + data).split(b"\n")
            self.lines += [json.loads(line) for line in lines if line.startswith(b"{")]
            self._news.unpark_all()
        self._over = True
        self._news.unpark_all()

    async def says(self, *events: str) -> bool:
        """Return once its log tells any of these; False if it ends without."""
        while not any(line["event"] in events for line in self.lines):
            if self._over:
                return False
            await self._news.park()
        return True

    async def opened(self) -> None:
        with trio.fail_after(OPEN):
            assert await self.says("admin open"), self.text

    def _address(self, event: str) -> str:
        return next((line["address"] for line in self.lines if line["event"] == event), "")

    @property
    def link(self) -> tuple[str, int]:
        host, _, port = self._address("link open").rpartition(":")
        return host, int(port)

    async def ask(self, page: str) -> str:
        """A page of the admin port."""
        url = f"http://{self._address('admin open')}/{page}"
        return await trio.to_thread.run_sync(lambda: urlopen(url, timeout=5).read().decode())

    async def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.ask("status"))
        return found

    async def emptied(self, within: float) -> None:
        """Return when nothing waits to be sent any more."""
        with trio.fail_after(within):
            while (waits := (await self.status())["outbox"]) is None or waits["queued"] + waits["sending"]:
                await trio.sleep(0.05)


@asynccontextmanager
async def launched(config: Path, *options: str, **environ: str) -> AsyncIterator[Service]:
    """The service, its doors perhaps not open yet; on leaving it is killed if it has not ended."""
    command = [sys.executable, "-m", "iso_alert", "run", "-c", str(config), *options]
    process = await trio.lowlevel.open_process(command, stderr=subprocess.PIPE, env={**os.environ, **environ})
    running = Service(process)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.listen)
        try:
            yield running
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()


@asynccontextmanager
async def service(config: Path, *options: str, **environ: str) -> AsyncIterator[Service]:
    """The service, once its doors are open; on leaving it is killed if it has not ended."""
    async with launched(config, *options, **environ) as running:
        await running.opened()
        yield running
