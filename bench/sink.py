"""An SMSC that keeps no message: it notes when each arrived, answers, and sends a receipt.

Run as `python -m bench.sink`.  It tells its port; for every line it is given, it tells its counts, and when each SMS
since the last line arrived, by the sum that the SMS is about.
"""

import json
import os
import re
import sys
from time import monotonic
from typing import Any

import trio
from attrs import define, field

from iso_alert.sim.smsc import Counters, Sms, SmscOptions, serve_smsc

_SUM = re.compile(r"(?:THB|ชำระ) ([\d,]+)\.(\d\d)")


@define(eq=False)
class Arrivals:
    """SMS by the satang that they speak of, and when they came by the clock that all processes share."""

    counters: Counters = field(factory=Counters)
    _at: dict[int, float] = field(factory=dict, init=False)

    def note(self, sms: Sms) -> None:
        now = monotonic()
        if found := _SUM.search(sms.text):
            self._at.setdefault(int(found[1].replace(",", "") + found[2]), now)

    def told(self) -> dict[str, Any]:
        arrived, self._at = self._at, {}
        return {
            "sms": self.counters.sms,
            "receipts": self.counters.receipts,
            "submitted": self.counters.submitted,
            "arrived": list(arrived.items()),
        }


async def serve(options: SmscOptions) -> None:
    """Until standard input ends."""
    arrivals = Arrivals()
    async with trio.open_nursery() as nursery:

        async def start(task_status: trio.TaskStatus[int]) -> None:
            await serve_smsc(
                options, "127.0.0.1", 0, arrivals.note, counters=arrivals.counters, task_status=task_status
            )

        print(json.dumps({"port": await nursery.start(start)}), flush=True)
        async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as questions:
            async for lines in questions:
                for _ in range(lines.count(b"\n")):
                    print(json.dumps(arrivals.told()), flush=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(serve, SmscOptions(receipt_latency=float(sys.argv[1]) if len(sys.argv) > 1 else 0.05))
