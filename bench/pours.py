"""Pour PDUs through a window: our own session and route, and smpplib, all of them in this process.

A pour is told port, window, PDUs and rounds, uses one connection, and returns the seconds of each round.
"""

import logging
import socket
from collections.abc import Callable
from random import Random
from time import perf_counter, time
from typing import Any

from iso_alert.smpp.command import Command
from iso_alert.smpp.event import Answered
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import Role
from iso_alert.smpp.submit import source, submit_form
from iso_alert.smpp.text import cut

Pour = Callable[[int, int, int, int], list[float]]  # port, window, PDUs, rounds: the seconds of each round
TEXT = "Paid THB 2,500.00 by card no. x-1234 @ COMPANY NAME 15:15 Balance THB 450,000.00"
DESTINATION = "66812345678"
CHUNK = 0x10000
ANSWER = 25  # octets of an answer of our peers


def pour_session(port: int, window: int, pdus: int, rounds: int) -> list[float]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(Role.ESME, 0.0, window=window)
        session.bind(Command.BIND_TRANSCEIVER, {"system_id": "bench"}, 0.0)
        connection.sendall(session.outgoing())
        session.receive(connection.recv(CHUNK), 0.0)
        return [_one_round(session, connection, pdus) for _ in range(rounds)]


def _one_round(session: Session, connection: socket.socket, pdus: int) -> float:
    """Keep the window full: half of it is read at a time, so that the peer has the other half to work at.

    The clock stands still: what timers cost is not asked here.
    """
    half = max(1, session.window // 2) * ANSWER
    form, (part,) = submit_form(source("KBank")), cut(TEXT)
    asked = answered = 0
    begun = perf_counter()
    while answered < pdus:
        for _ in range(min(session.room, pdus - asked)):
            session.request(Command.SUBMIT_SM, form.body(DESTINATION, part, 86_400), asked, 0.0)
            asked += 1
        if octets := session.outgoing():
            connection.sendall(octets)
        answered += sum(isinstance(each, Answered) for each in session.receive(connection.recv(half), 0.0))
    return perf_counter() - begun


def pour_route(port: int, window: int, pdus: int, rounds: int) -> list[float]:
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


def pour_smpplib(port: int, window: int, pdus: int, rounds: int) -> list[float]:
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
