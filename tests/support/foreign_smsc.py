"""An SMSC that nobody here wrote: node-smpp in a process of its own, and what phones make of what it was given."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio
from attrs import define, field

_INTEROP = Path(__file__).parent.parent / "interop"
START = 30.0  # seconds
_CONCATENATED = b"\x05\x00\x03"  # the header of a part: reference, how many, which


def missing() -> str:
    """Why there is none on this machine; empty when there is."""
    if shutil.which("node") is None:
        return "node is not installed"
    return "" if (_INTEROP / "node_modules" / "smpp").is_dir() else "npm install was not run in tests/interop"


@define(eq=False)
class Sms:
    """What a phone shows, or will when the other parts have come."""

    to: str
    total: int = 1
    _parts: dict[int, str] = field(factory=dict, init=False)
    _came: dict[int, int] = field(factory=dict, init=False)

    @property
    def text(self) -> str | None:
        return "".join(self._parts[n] for n in sorted(self._parts)) if len(self._parts) == self.total else None

    @property
    def copies(self) -> int:
        """How often the part came that came most often."""
        return max(self._came.values())

    def fits(self, n: int, text: str) -> bool:
        return self._parts.get(n, text) == text

    def take(self, n: int, text: str) -> None:
        self._parts[n] = text
        self._came[n] = self._came.get(n, 0) + 1


def phones(lines: Iterable[dict[str, Any]]) -> list[Sms]:
    """The SMS of these submit_sm, in the order in which each began to come; copies are counted, not listed."""
    shown: list[Sms] = []
    last: dict[tuple[str, str | int], Sms] = {}
    for line in lines:
        octets, to = bytes.fromhex(line["short_message"]), line["destination"]
        reference, total, n, text = line["text"], 1, 1, line["text"]
        if line["esm_class"] & 0x40:
            assert octets[:3] == _CONCATENATED
            (reference, total, n), text = octets[3:6], octets[6:].decode("utf-16-be")
        sms = last.get((to, reference))
        if sms is None or not sms.fits(n, text):  # one byte of reference comes round, and then it is another SMS
            sms = last[to, reference] = Sms(to, total)
            shown.append(sms)
        sms.take(n, text)
    return shown


@define(eq=False)
class ForeignSmsc:
    """Its port, and the file in which it writes down what it sees."""

    port: int
    out: Path

    def lines(self) -> Iterator[dict[str, Any]]:
        """Each submit_sm, in order."""
        whole, _, _ = self.out.read_text("utf-8").rpartition("\n")
        yield from map(json.loads, whole.splitlines())

    def size(self) -> int:
        """Grows with every submit_sm."""
        return self.out.stat().st_size

    def parts(self) -> list[tuple[str, str]]:
        """Each submit_sm: to whom, and its octets."""
        return [(line["destination"], line["short_message"]) for line in self.lines()]


@asynccontextmanager
async def foreign_smsc(out: Path, *options: str) -> AsyncIterator[ForeignSmsc]:
    """Run it with these options of smsc.js; on leaving, everything that it saw is in `out`."""
    arguments = ["node", str(_INTEROP / "smsc.js"), "--port", "0", "--out", str(out), *options]
    async with trio.open_nursery() as nursery:
        process = await nursery.start(partial(trio.run_process, arguments, stdout=subprocess.PIPE))
        with trio.fail_after(START):
            port = json.loads(await process.stdout.receive_some())["port"]
        yield ForeignSmsc(port, out)
        process.terminate()
        await process.wait()
