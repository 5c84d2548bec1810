"""An SMSC that leaves the cores to those who are measured: plain sockets, one write for every read, nothing kept twice.

Run as `python -m bench.sink [seconds from the answer to the receipt]`.  It tells its port; asked by an empty line it
tells its counts, asked `"arrived"` also when each SMS since the last such question had all its parts, by the sum that
it speaks of.  The texts are put together only then.  The SMSC for people, with all that one can do wrong, is
`iso_alert.sim`.
"""

import json
import re
import sys
from collections import deque
from collections.abc import Iterator
from itertools import count
from select import select
from socket import IPPROTO_TCP, TCP_NODELAY, create_server, socket
from struct import Struct
from time import monotonic, time
from typing import Any

from attrs import define, field

from iso_alert.sim.inbox import Inbox
from iso_alert.sim.receipt_form import receipt_body
from iso_alert.sim.smsc_options import SmscOptions
from iso_alert.smpp.command import RESPONSE, Command
from iso_alert.smpp.pdu import Pdu, read, write_body
from iso_alert.smpp.wire import Wire

CHUNK = 0x10000  # bytes
RECEIPTS = 1000  # on their way without an answer
_SUM = re.compile(r"(?:THB|ชำระ) ([\d,]+)\.(\d\d)")
_HEAD = Struct(">IIII")
_SUBMIT, _TAKEN = Command.SUBMIT_SM.value, Command.DELIVER_SM_RESP.value
_BOUND = write_body(Command.BIND_TRANSCEIVER_RESP, {"system_id": "sink"})
_TO, _NUMBER = "6" * 11, 0xABCDABCD  # stand in the receipt that the others are made from


@define
class Counts:
    submitted: int = 0
    receipts: int = 0  # acknowledged


@define(eq=False)
class Post:
    """What came and was not asked for yet."""

    _came: list[tuple[float, bytes]] = field(factory=list, init=False)  # when, and the body of a submit_sm
    _inbox: Inbox = field(factory=Inbox, init=False)
    _sms: int = field(default=0, init=False)

    def put(self, now: float, body: bytes) -> None:
        self._came.append((now, body))

    def told(self) -> dict[str, Any]:
        """How many SMS there were in all, and by the satang that they speak of, when the new ones came."""
        arrived: dict[int, float] = {}
        came, self._came = self._came, []
        for at, body in came:
            pdu = read((_SUBMIT, 0, 0, body))
            if (sms := self._inbox.take(pdu.fields, pdu.tlvs, at)) is not None:
                self._sms += 1
                if found := _SUM.search(sms.text):
                    arrived.setdefault(int(found[1].replace(",", "") + found[2]), at)
        return {"sms": self._sms, "arrived": list(arrived.items())}


@define(eq=False)
class Line:
    """One connection.  A receipt is due `after` seconds from the answer."""

    wire: socket
    after: float
    ids: Iterator[int]
    post: Post
    counts: Counts
    _in: Wire = field(factory=Wire, init=False)
    _due: deque[tuple[float, bytes]] = field(factory=deque, init=False)
    _sequence: Iterator[int] = field(factory=lambda: count(1), init=False)
    _open: int = field(default=0, init=False)  # receipts without an answer
    _form: bytes = field(factory=lambda: _receipt(), init=False)

    def fileno(self) -> int:
        return self.wire.fileno()

    @property
    def due(self) -> float | None:
        """When the next receipt is; None if one must be answered first, or none waits."""
        return self._due[0][0] if self._due and self._open < RECEIPTS else None

    def hear(self) -> bool:
        """Take what has come, and answer it.  False when the other side has hung up."""
        try:
            data = self.wire.recv(CHUNK)
        except ConnectionError:
            return False
        now, out = monotonic(), list[bytes]()
        for command, status, sequence, body in self._in.frames(data):
            if command == _SUBMIT:
                out.append(self._accept(now, sequence, body))
            elif command == _TAKEN:
                self._open -= 1
                self.counts.receipts += not status
            elif not command & RESPONSE:
                answer = _BOUND if command == Command.BIND_TRANSCEIVER else b""
                out.append(_HEAD.pack(16 + len(answer), command | RESPONSE, 0, sequence) + answer)
        self._say(out)
        return bool(data)

    def _accept(self, now: float, sequence: int, body: bytes) -> bytes:
        self.counts.submitted += 1
        self.post.put(now, body)
        message_id = b"%08X" % next(self.ids)
        to = body[body.index(b"\0", 3) + 3 :].partition(b"\0")[0]  # service_type "", ton, npi, who, ton, npi, whom
        self._due.append((now + self.after, self._form % (to, message_id, message_id)))
        return _HEAD.pack(25, _SUBMIT | RESPONSE, 0, sequence) + message_id + b"\0"

    def deliver(self) -> None:
        """Send the receipts that are due, as far as there is room."""
        now, out = monotonic(), list[bytes]()
        while (due := self.due) is not None and due <= now:
            body = self._due.popleft()[1]
            out.append(_HEAD.pack(16 + len(body), Command.DELIVER_SM, 0, next(self._sequence)) + body)
            self._open += 1
        self._say(out)

    def _say(self, out: list[bytes]) -> None:
        if out:
            try:
                self.wire.sendall(b"".join(out))
            except ConnectionError:
                return  # it is found hung up when it is heard


def _receipt() -> bytes:
    """The deliver_sm for a submit_sm of ours, with room for a number and twice an id."""
    sent = {"source_addr_ton": 5, "source_addr_npi": 0, "source_addr": "BENCH", "destination_addr": _TO}
    pdu = Pdu(_SUBMIT, 0, 0, {**sent, "destination_addr_ton": 1, "destination_addr_npi": 1})
    body = receipt_body(pdu, _NUMBER, SmscOptions(), time(), delivered=True)
    return body.replace(b"%", b"%%").replace(_TO.encode(), b"%b").replace(b"%08X" % _NUMBER, b"%b")


def serve(after: float) -> None:
    """Until standard input ends."""
    post, counts, ids = Post(), Counts(), count(0x1000_0000)
    with create_server(("127.0.0.1", 0)) as listener:
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        lines: list[Line] = []
        while True:
            dues = [due for line in lines if (due := line.due) is not None]
            wait = max(0.0, min(dues) - monotonic()) if dues else None
            for ready in select([sys.stdin, listener, *lines], [], [], wait)[0]:
                if isinstance(ready, Line):
                    if not ready.hear():
                        lines.remove(ready)
                        ready.wire.close()
                elif ready is listener:
                    wire, _ = listener.accept()
                    wire.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
                    lines.append(Line(wire, after, ids, post, counts))
                elif question := sys.stdin.readline():
                    more = post.told() if question.strip() else {}
                    told = {"submitted": counts.submitted, "receipts": counts.receipts, **more}
                    print(json.dumps(told), flush=True)
                else:
                    return
            for line in lines:
                line.deliver()


if __name__ == "__main__":
    serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.05)
