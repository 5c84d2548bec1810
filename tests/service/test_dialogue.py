"""What a session wants to say goes out in its order, whether the kernel takes it at once or not."""

import socket
from collections.abc import Sequence
from math import inf

import pytest
import trio
from attrs import define, field
from trio.testing import wait_all_tasks_blocked

from iso_alert.service.dialogue import Dialogue
from iso_alert.service.plain import Plain
from iso_alert.smpp.event import Event
from iso_alert.smpp.state import State
from iso_alert.smpp.timers import Timers

FLOOD = 1 << 23  # bytes: more than two ends of a local connection keep


@define
class Saying:
    """A session that says what it is told to say."""

    state: State = State.BOUND_TRX
    timers: Timers = field(factory=Timers)
    said: list[bytes] = field(factory=list)

    def outgoing(self) -> bytes:
        data = b"".join(self.said)
        self.said.clear()
        return data

    def deadline(self) -> float:
        return inf

    def receive(self, _: bytes, __: float) -> list[Event]:
        return []

    def tick(self, _: float) -> list[Event]:
        return []


def ends() -> tuple[Plain, Plain]:
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    return Plain(one), Plain(other)


async def nothing() -> None:
    """No gate."""


def deaf(_: Sequence[Event]) -> None:
    """Nobody hears."""


async def begun(nursery: trio.Nursery, session: Saying) -> tuple[Dialogue, Plain]:
    """A dialogue that has nothing to do, and its other end."""
    ours, theirs = ends()
    talk = Dialogue(session, ours, deaf, nothing)  # type: ignore[arg-type]
    nursery.start_soon(talk.run)
    await wait_all_tasks_blocked()
    return talk, theirs


async def test_what_goes_at_once_goes_without_another_task(nursery: trio.Nursery) -> None:
    """It is in the socket before anybody else has run."""
    session = Saying()
    talk, theirs = await begun(nursery, session)
    session.said.append(b"submit_sm")
    talk.nudge()

    assert theirs.socket.recv(100) == b"submit_sm"
    await theirs.aclose()


async def test_order_is_kept_when_the_peer_is_slow(nursery: trio.Nursery) -> None:
    """What the kernel does not take waits, and all that comes later waits behind it."""
    session = Saying()
    talk, theirs = await begun(nursery, session)
    sent = [bytes([n]) * FLOOD for n in range(3)] + [b"last"]
    for data in sent:
        session.said.append(data)
        talk.nudge()
        await wait_all_tasks_blocked()
    heard = bytearray()
    with trio.fail_after(30):
        while len(heard) < len(b"".join(sent)):
            heard += await theirs.receive_some(1 << 20)

    assert heard == b"".join(sent)
    await theirs.aclose()


@pytest.mark.parametrize("before", [b"", b"something in flight"])
async def test_a_connection_that_broke_ends_the_dialogue(before: bytes) -> None:
    """Whoever finds out first, it is said once."""
    session = Saying(said=[before] if before else [])
    async with trio.open_nursery() as nursery:
        talk, theirs = await begun(nursery, session)
        await theirs.aclose()
        session.said.append(b"into nothing")
        talk.nudge()

    assert talk.reason in ("connection_broken", "peer_hung_up")
