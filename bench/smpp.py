"""How many PDUs a second one session carries: a submit_sm and its submit_sm_resp count once.

The peer runs in a process of its own, so that one core is ours alone. Two peers: `session` is our own session as an
SMSC, reading every field; `raw` only echoes sequence numbers, and so leaves the figure to the client. The clients: the
bare `session` over a blocking socket, the `route` as the courier uses it, and for comparison smpplib, node-smpp and
gosmpp. What shares the cores is shown as CPU per cent; `per_cpu_second` is what a core would carry that nobody else
troubled; `session_ratio` is how many times as many PDUs our session carried into the same peer in the same run.
"""

import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from struct import Struct
from time import perf_counter
from typing import Any

from bench import foreign
from bench.pours import CHUNK, Pour, pour_route, pour_session, pour_smpplib
from bench.process import Usage, child
from bench.report import spread, tell
from iso_alert.smpp.command import Command
from iso_alert.smpp.event import Asked
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import Role

CLIENTS: Mapping[str, tuple[Callable[[], Pour], int]] = {  # and their part of the PDUs, or nobody would wait for them
    "session": (lambda: pour_session, 1),
    "route": (lambda: pour_route, 1),
    "gosmpp": (foreign.gosmpp, 2),
    "node-smpp": (foreign.node, 5),
    "smpplib": (lambda: pour_smpplib, 10),
}


def run(workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each peer, window and client; a client that is not installed says why."""
    rows = []
    for peer in workload["peers"]:
        for window in workload["windows"]:
            ours = 0.0
            for row in _rows(workload, peer, window):
                ours = ours or row.get("pdus_per_second", 0.0)
                if "pdus_per_second" in row:
                    row["session_ratio"] = round(ours / row["pdus_per_second"], 2)
                rows.append(row)
    return rows


def _rows(workload: Mapping[str, Any], peer: str, window: int) -> Iterator[dict[str, Any]]:
    for client in workload["clients"]:
        find, part = CLIENTS[client]
        tell(f"{client} to {peer}, window {window}")
        row = {"what": f"{client} to {peer}", "window": window}
        try:
            row |= _measure(find(), peer, window, workload["pdus"] // part, workload["rounds"])
        except foreign.Missing as why:
            row["skipped"] = str(why)
        yield row


def _measure(pour: Pour, peer: str, window: int, pdus: int, rounds: int) -> dict[str, Any]:
    with child("peer", ["-m", "bench.smpp", peer]) as sink:
        port = int(sink.line())
        usage, wall, own = Usage([sink]), perf_counter(), _cpu()
        seconds = pour(port, window, pdus, rounds + 1)
        wall, own = perf_counter() - wall, _cpu() - own
        shares = usage.shares()
    return {
        **spread("pdus_per_second", [pdus / each for each in seconds[1:]]),  # the first round warms up
        "per_cpu_second": round(pdus * len(seconds) / own),
        "own_cpu": round(100 * own / wall),
        "peer_cpu": round(100 * shares["peer"]),
    }


def _cpu() -> float:
    """Seconds that we have used, and the foreign clients that have ended."""
    return sum(one.ru_utime + one.ru_stime for one in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


# ---- sinks: one connection, then the end


def _serve(peer: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            (_serve_session if peer == "session" else _serve_raw)(connection)


def _serve_session(connection: socket.socket) -> None:
    session = Session(Role.SMSC, 0.0)
    while data := connection.recv(CHUNK):
        for event in session.receive(data, 0.0):
            if isinstance(event, Asked) and event.pdu.command == Command.SUBMIT_SM:
                session.respond(event.pdu, 0.0, body=b"4D19C83C\0")
            elif isinstance(event, Asked):
                session.accept(event.pdu, 0.0)
        connection.sendall(session.outgoing())


_HEAD = Struct(">IIII")


def _serve_raw(connection: socket.socket) -> None:
    """Answer anything with yes, looking at nothing but lengths, commands and numbers."""
    rest = b""
    while data := connection.recv(CHUNK):
        data, answers, at = rest + data, [], 0
        while len(data) - at >= 16:
            length, command, _, sequence = _HEAD.unpack_from(data, at)
            if len(data) - at < length:
                break
            answers.append(_HEAD.pack(25, command | 0x8000_0000, 0, sequence) + b"4D19C83C\0")
            at += length
        rest = data[at:]
        connection.sendall(b"".join(answers))


if __name__ == "__main__":
    _serve(sys.argv[1])
