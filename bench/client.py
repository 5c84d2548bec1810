"""A payment host that is not the bottleneck: plain sockets, messages made beforehand, every answer looked at.

Run as `python -m bench.client`, told what to do by a line of JSON.  It says `ready`, waits for a line, works, and
tells a line of JSON for what it measured.  Two ways to send: `closed`, where every answer makes room for the next
message, finds what the service can do; `open`, where messages have their time whatever the service does, finds how long
a message takes.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from resource import RUSAGE_SELF, getrusage
from select import select
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from time import monotonic
from typing import Any

from attrs import Factory, define, field

from bench.frames import Deck, deck
from bench.report import percentile

PATIENCE = 30.0  # seconds for the last answers
FASTEST = 50_000  # messages a second that are made beforehand, where they go as fast as they are answered
STOCK = 500_000  # messages that are made beforehand at most: each takes 300 bytes


@define
class Tally:
    """What one round brought."""

    seconds: float = 0.0
    took: list[float] = Factory(list)
    codes: Counter[str] = Factory(Counter)

    def facts(self) -> dict[str, Any]:
        ordered = sorted(self.took)
        refused = len(ordered) - self.codes["00"]
        return {
            "answers": len(ordered),
            "seconds": self.seconds,
            "refused": refused,
            "p50": percentile(ordered, 0.5),
            "p99": percentile(ordered, 0.99),
            "most": ordered[-1] if ordered else 0.0,
        }


@define(eq=False)
class Wire:
    """One connection; what the socket does not take waits here."""

    address: tuple[str, int]
    deck: Deck
    since: dict[bytes, float] = field(factory=dict, init=False)  # mark of a message to when it was due
    _socket: Any = field(init=False)
    _out: bytes = field(default=b"", init=False)
    _in: bytes = field(default=b"", init=False)

    def __attrs_post_init__(self) -> None:
        self._socket = create_connection(self.address)
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return int(self._socket.fileno())

    @property
    def blocked(self) -> bool:
        return bool(self._out)

    def send(self, messages: tuple[Sequence[bytes], Sequence[bytes]], due: float) -> None:
        marks, frames = messages
        self.since.update(dict.fromkeys(marks, due))
        self._out += b"".join(frames)
        self.flush()

    def flush(self) -> None:
        try:
            self._out = self._out[self._socket.send(self._out) :]
        except BlockingIOError:
            return

    def hear(self, tally: Tally) -> int:
        """Take the answers that have come; how many.  Raises ConnectionError when the service hangs up."""
        data = self._socket.recv(1 << 18)
        now = monotonic()
        if not data:
            raise ConnectionError(f"hung up with {len(self.since)} messages unanswered")
        data, at, heard = self._in + data, 0, 0
        while at + 2 <= len(data) and (size := 2 + (data[at] << 8 | data[at + 1])) <= len(data) - at:
            count = _alike(data, at, size)
            self._take(data[at : at + count * size], size, now, tally)
            at, heard = at + count * size, heard + count
        self._in = data[at:]
        return heard

    def _take(self, answers: bytes, size: int, now: float, tally: Tally) -> None:
        """Answers of one length: each ends the wait of its message, which is its class with its STAN."""
        pop = self.since.pop
        places = self.deck.answers
        tally.took += [now - pop(class_ + stan) for class_, stan in places.marks(size).iter_unpack(answers)]
        codes = [answers[2 + at :: size] for at in range(places.code.start, places.code.stop)]
        for code, many in Counter(zip(*codes, strict=True)).items():
            tally.codes[bytes(code).decode("ascii")] += many


def _alike(data: bytes, at: int, size: int) -> int:
    """How many whole frames from there on have the length of the first: nearly all have, and go in one go."""
    most = (len(data) - at) // size
    end = at + most * size
    for byte in (0, 1):
        heads = data[at + byte : end : size]
        most = min(most, len(heads) - len(heads.lstrip(heads[:1])))
    return most


@define(eq=False)
class Host:
    """All connections of one process; message numbers go on from round to round."""

    wires: Sequence[Wire]
    deck: Deck
    stock: tuple[Sequence[bytes], Sequence[bytes]] = ((), ())  # the first messages, made before the clock starts
    n: int = 0
    due: list[float] = Factory(list)  # of each message of the open way
    late: list[float] = Factory(list)  # how long after that we sent it: our own fault, not the service's

    def next(self, count: int) -> tuple[Sequence[bytes], Sequence[bytes]]:
        first, self.n = self.n, self.n + count
        marks, frames = self.stock
        if self.n <= len(marks):
            return marks[first : self.n], frames[first : self.n]
        return self.deck.messages(first, count)

    def hear(self, wait: float, tally: Tally) -> Iterator[tuple[Wire, int]]:
        """Read what is there within `wait` seconds, write what could not be written."""
        readable, writable, _ = select(self.wires, [wire for wire in self.wires if wire.blocked], [], wait)
        for wire in writable:
            wire.flush()
        for wire in readable:
            yield wire, wire.hear(tally)

    def closed(self, in_flight: int, spans: Sequence[float]) -> Iterator[Tally]:
        """Keep `in_flight` messages unanswered on each connection, for each of the spans."""
        for wire in self.wires:
            wire.send(self.next(in_flight), monotonic())
        for span in spans:
            tally, began = Tally(), monotonic()
            while (now := monotonic()) < began + span:
                for wire, heard in self.hear(began + span - now, tally):
                    wire.send(self.next(heard), monotonic())
            tally.seconds = monotonic() - began
            yield tally
        self.settle(Tally())

    def counted(self, in_flight: int, messages: int) -> Iterator[Tally]:
        """Send so many as fast as they are answered."""
        tally, began, last = Tally(), monotonic(), self.n + messages
        for wire in self.wires:
            wire.send(self.next(min(in_flight, last - self.n)), monotonic())
        while any(wire.since for wire in self.wires) and monotonic() < began + 10 * PATIENCE:
            for wire, heard in self.hear(1.0, tally):
                wire.send(self.next(min(heard, last - self.n)), monotonic())
        tally.seconds = monotonic() - began
        yield tally

    def open(self, rate: float, spans: Sequence[float], evenly: bool) -> Iterator[Tally]:
        """Send at `rate` a second in all, whatever is answered: evenly, or by chance as real tills do."""
        dice = Random(2)
        for span in spans:
            tally, began = Tally(), monotonic()
            due = began
            while due < began + span:
                self._wait(due, tally)
                wire = self.wires[self.n % len(self.wires)]
                self.late.append(monotonic() - due)
                self.due.append(due)
                wire.send(self.next(1), due)
                due += 1 / rate if evenly else dice.expovariate(rate)
            self.settle(tally)
            tally.seconds = monotonic() - began  # longer than the span if the answers could not keep up
            yield tally

    def _wait(self, until: float, tally: Tally) -> None:
        while (left := until - monotonic()) > 0:
            for _ in self.hear(left, tally):
                pass

    def settle(self, tally: Tally) -> None:
        """Wait for the answers that are due."""
        until = monotonic() + PATIENCE
        while any(wire.since for wire in self.wires) and monotonic() < until:
            for _ in self.hear(1.0, tally):
                pass


def work(host: Host, task: dict[str, Any]) -> dict[str, Any]:
    """Do what the task says; rounds as they came, the warm-up not among them."""
    spans = [task["warmup"], *[task["seconds"]] * task["rounds"]] if "seconds" in task else []
    if "messages" in task:
        tallies = list(host.counted(task["in_flight"], task["messages"]))
    elif "rate" in task:
        tallies = list(host.open(task["rate"], spans, task.get("arrivals") == "even"))[1:]
    else:
        tallies = list(host.closed(task["in_flight"], spans))[1:]
    return {
        "rounds": [tally.facts() for tally in tallies],
        "sent": host.n,
        "unanswered": sum(len(wire.since) for wire in host.wires),
        "late_p99": percentile(sorted(host.late), 0.99),
        "due": host.due if task.get("tell_due") else [],
    }


def main() -> None:
    task = json.loads(sys.stdin.readline())
    frames = deck(task["cards"], task["alerts"], task["reversals"], task["run"], task.get("stans") == "scattered")
    address = (task["host"], task["port"])
    seconds = task["warmup"] + task["seconds"] * task["rounds"] if "rate" not in task and "seconds" in task else 0.0
    stock = frames.messages(0, min(int(seconds * FASTEST), STOCK))
    host = Host([Wire(address, frames) for _ in range(task["connections"])], frames, stock)
    print("ready", flush=True)
    sys.stdin.readline()
    before, began = getrusage(RUSAGE_SELF), monotonic()
    done = work(host, task)
    after, wall = getrusage(RUSAGE_SELF), monotonic() - began
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({**done, "began": began, "cpu": used / wall}), flush=True)


if __name__ == "__main__":
    main()
