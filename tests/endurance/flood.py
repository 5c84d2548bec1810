"""A payment host that offers more than can be taken, whatever is answered; it holds back what the sockets do not take.

Run as `python -m tests.endurance.flood`, told by a line of JSON where to connect.  It says `ready`; then it does what
each further line asks and tells a line of JSON: `{"closed": seconds}` finds the capacity, `{"rate": n, "seconds": s}`
floods.  While our own kernel holds what it could not send yet, nothing is added: what has no answer waits with the
service, in its process or in its kernel, and not with us.
"""

import json
import os
import socket
import sys
from collections.abc import Mapping
from fcntl import ioctl
from statistics import median
from struct import unpack
from time import monotonic, process_time
from typing import Any

from attrs import define, field

from bench.client import Host, Tally, Wire
from bench.frames import deck
from bench.report import percentile

BUFFER = 16_384  # bytes of ours in the kernel, a connection: what waits there is our own queue, not the service's
SIOCOUTQNSD = 0x894B  # of Linux; its number has no name in Python
TICK = 0.002  # seconds between looks at the clock
SOME = 8  # messages to a send
SLICES = 6  # of a flood: is the last one slower than the first?


@define(eq=False)
class Flood:
    """One flood.  Of what is offered, each connection gets an equal share."""

    host: Host
    rate: float
    seconds: float
    offered: int = field(default=0, init=False)
    held_back: int = field(default=0, init=False)
    _turn: int = field(default=0, init=False)  # whose it is to get one message more
    _tally: Tally = field(factory=Tally, init=False)
    _waiting: list[int] = field(factory=list, init=False)  # messages without an answer, at each tick

    def run(self) -> dict[str, Any]:
        began, worked = monotonic(), process_time()
        while (now := monotonic()) < began + self.seconds:
            self._offer(round((now - began) * self.rate) - self.offered, now)
            self._waiting.append(sum(len(wire.since) for wire in self.host.wires))
            for _ in self.host.hear(TICK, self._tally):
                pass
        ended, answered, worked = monotonic(), len(self._tally.took), process_time() - worked
        self.host.settle(self._tally)
        return {
            "began": began,
            "ended": ended,
            "offered": self.offered,
            "held_back": self.held_back,
            "busy": worked / (ended - began),
            "per_second": answered / (ended - began),
            "settled_after": monotonic() - ended,
            "waiting": max(self._waiting),
            "slices": _slices(self._tally.took[:answered]),
            "codes": dict(self._tally.codes),
            **self._tally.facts(),
        }

    def _offer(self, count: int, now: float) -> None:
        """Each connection's share, some at a time: the flooding host must not take the cores of those it floods."""
        wires = self.host.wires
        each, more = divmod(count, len(wires))
        for n, wire in enumerate(wires, self._turn):
            share = each + (n % len(wires) < more)
            while share and not (wire.blocked or _unsent(wire)):
                wire.send(self.host.next(min(share, SOME)), now)
                share -= min(share, SOME)
            self.held_back += share
        self._turn -= more
        self.offered += count


def _slices(took: list[float]) -> list[float]:
    """The 99th percentile of each part, in the order in which answers came."""
    size = max(1, len(took) // SLICES)
    return [percentile(sorted(took[at : at + size]), 0.99) for at in range(0, size * min(SLICES, len(took)), size)]


def capacity(host: Host, in_flight: int, seconds: int) -> dict[str, Any]:
    """Of the best second, after one to warm up: in a worse one something else was going on; and of the usual one."""
    _, *tallies = host.closed(in_flight, [1.0] * (1 + seconds))
    rates = [len(tally.took) / tally.seconds for tally in tallies]
    return {"per_second": max(rates), "usual": median(rates)}


def work(host: Host, task: Mapping[str, Any], what: Mapping[str, Any]) -> dict[str, Any]:
    done = capacity(host, task["in_flight"], what["closed"]) if "closed" in what else Flood(host, **what).run()
    return {**done, "sent": host.n, "unanswered": sum(len(wire.since) for wire in host.wires)}


def _unsent(wire: Wire) -> int:
    """Bytes that our kernel holds because the service's takes no more."""
    return int(unpack("i", ioctl(wire.fileno(), SIOCOUTQNSD, bytes(4)))[0])


def _narrow(wire: Wire) -> None:
    with socket.socket(fileno=os.dup(wire.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)


def main() -> None:
    task = json.loads(sys.stdin.readline())
    frames = deck(task["cards"], task["alerts"], run=task["run"])
    host = Host([Wire((task["host"], task["port"]), frames) for _ in range(task["connections"])], frames)
    for wire in host.wires:
        _narrow(wire)
    _say("ready")
    for line in sys.stdin:
        _say(json.dumps(work(host, task, json.loads(line))))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
