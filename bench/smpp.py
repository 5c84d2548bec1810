"""How many PDUs a second one core carries: a submit_sm and its submit_sm_resp count once.

The peer runs in a process of its own, so that one core is ours alone. Two peers: `session` is our own session as an
SMSC, reading every field; `raw` only echoes sequence numbers, and so leaves the figure to us. Three drivers: the bare
`session` over a blocking socket, the `route` as the courier uses it, and `smpplib` for comparison. What shares the
cores is shown as CPU per cent; `per_cpu_second` is what a core would carry that nobody else troubled.
"""

import logging
import socket
import sys
from collections.abc import Callable, Mapping
from random import Random
from struct import Struct
from time import perf_counter, process_time, time
from typing import Any

from bench.process import Usage, child
from bench.report import spread, tell
from iso_alert.smpp.command import Command
from iso_alert.smpp.event import Answered, Asked
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import Role
from iso_alert.smpp.submit import source, submit_form
from iso_alert.smpp.text import cut

TEXT = "Paid THB 2,500.00 by card no. x-1234 @ COMPANY NAME 15:15 Balance THB 450,000.00"
DESTINATION = "66812345678"
CHUNK = 0x10000


def run(workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each driver, peer and window. smpplib gets a tenth of the PDUs, or nobody would wait for it."""
    rows = []
    for driver, pour in _POUR.items():
        pdus = workload["pdus"] // (10 if driver == "smpplib" else 1)
        for peer in workload["peers"]:
            for window in workload["windows"]:
                tell(f"{driver} to {peer}, window {window}")
                figures = _measure(pour, peer, window, pdus, workload["rounds"])
                rows.append({"what": f"{driver} to {peer}", "window": window, **figures})
    return rows


# Pour so many PDUs through a window, round after round, on one connection: the seconds of each round.
Pour = Callable[[int, int, int, int], list[float]]


def _measure(pour: Pour, peer: str, window: int, pdus: int, rounds: int) -> dict[str, Any]:
    with child("peer", ["-m", "bench.smpp", peer]) as sink:
        port = int(sink.line())
        usage, wall, own = Usage([sink]), perf_counter(), process_time()
        seconds = pour(port, window, pdus, rounds + 1)
        wall, own = perf_counter() - wall, process_time() - own
        shares = usage.shares()
    return {
        **spread("pdus_per_second", [pdus / each for each in seconds[1:]]),  # the first round warms up
        "per_cpu_second": round(pdus * len(seconds) / own),
        "own_cpu": round(100 * own / wall),
        "peer_cpu": round(100 * shares["peer"]),
    }


def _pour_session(port: int, window: int, pdus: int, rounds: int) -> list[float]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(Role.ESME, 0.0, window=window)
        session.bind(Command.BIND_TRANSCEIVER, {"system_id": "bench"}, 0.0)
        connection.sendall(session.outgoing())
        session.receive(connection.recv(CHUNK), 0.0)
        return [_one_round(session, connection, pdus) for _ in range(rounds)]


def _one_round(session: Session, connection: socket.socket, pdus: int) -> float:
    """Keep the window full. The clock stands still: what timers cost is not asked here."""
    form, (part,) = submit_form(source("KBank")), cut(TEXT)
    asked = answered = 0
    begun = perf_counter()
    while answered < pdus:
        for _ in range(min(session.room, pdus - asked)):
            session.request(Command.SUBMIT_SM, form.body(DESTINATION, part, 86_400), asked, 0.0)
            asked += 1
        if octets := session.outgoing():
            connection.sendall(octets)
        answered += sum(isinstance(each, Answered) for each in session.receive(connection.recv(CHUNK), 0.0))
    return perf_counter() - begun


def _pour_route(port: int, window: int, pdus: int, rounds: int) -> list[float]:
    import structlog
    import trio

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return trio.run(_rounds_of_a_route, port, window, pdus, rounds)


async def _rounds_of_a_route(port: int, window: int, pdus: int, rounds: int) -> list[float]:
    import trio

    from iso_alert import shipped
    from iso_alert.service.route import Route, RouteConfig, load_statuses

    config = RouteConfig("bench", "127.0.0.1", port, "bench", "", "KBank", window=window)
    route = Route(config, load_statuses(shipped.path("smpp-statuses.toml")), random=Random(1), clock=time)
    async with trio.open_nursery() as nursery:
        await nursery.start(route.run)
        await route.wait_credit()
        seconds = [await _round_of_a_route(route, pdus) for _ in range(rounds)]
        nursery.cancel_scope.cancel()
    return seconds


async def _round_of_a_route(route: Any, pdus: int) -> float:
    """As the courier does it: one task hands over what there is credit for, another takes the outcomes."""
    import trio

    begun, answered = perf_counter(), 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_feed, route, pdus)
        while answered < pdus:
            answered += len(await route.outcomes())
    return perf_counter() - begun


async def _feed(route: Any, pdus: int) -> None:
    from iso_alert.service.route import Submission

    (part,) = cut(TEXT)
    asked = 0
    while asked < pdus:
        await route.wait_credit()
        batch = range(asked, min(pdus, asked + route.credit()))
        route.send([Submission(ref, DESTINATION, part, 86_400) for ref in batch])
        asked = batch.stop


def _pour_smpplib(port: int, window: int, pdus: int, rounds: int) -> list[float]:
    import smpplib.client

    logging.getLogger("smpp").setLevel(logging.ERROR)  # it warns that nobody unbinds from an echo
    client = smpplib.client.Client("127.0.0.1", port)
    client.connect()
    client.bind_transceiver(system_id="bench", password="")
    seconds = [_round_of_smpplib(client, window, pdus) for _ in range(rounds)]
    client.disconnect()
    return seconds


def _round_of_smpplib(client: Any, window: int, pdus: int) -> float:
    """smpplib keeps no window: we write one full, and then read its answers."""
    begun = perf_counter()
    for start in range(0, pdus, window):
        count = min(window, pdus - start)
        for _ in range(count):
            client.send_message(
                source_addr_ton=5, source_addr="KBank", dest_addr_ton=1, dest_addr_npi=1,
                destination_addr=DESTINATION, short_message=TEXT.encode(), registered_delivery=True,
            )  # fmt: skip
        for _ in range(count):
            client.read_pdu()
    return perf_counter() - begun


_POUR: Mapping[str, Pour] = {"session": _pour_session, "route": _pour_route, "smpplib": _pour_smpplib}


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
