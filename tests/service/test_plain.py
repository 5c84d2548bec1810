"""A bare TCP connection keeps every promise of a stream: judged by trio's own tests of streams, over real sockets."""

import socket
import struct

import pytest
import trio
from trio.testing import MockClock, check_half_closeable_stream, wait_all_tasks_blocked

from iso_alert.service.plain import PATIENCE, Plain, PlainListener, connect, waiting_room

FLOOD = 1 << 24  # bytes: more than two kernels take


def of_trio() -> type[trio.socket.SocketType]:
    """The class behind the name, which has no methods."""
    with trio.socket.from_stdlib_socket(socket.socket()) as one:
        return type(one)


async def pair() -> tuple[Plain, Plain]:
    """Two ends of a connection over loopback, as the door and a caller would have them."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with PlainListener(listener) as door:
        outside = socket.create_connection(("127.0.0.1", door.port))
        outside.setblocking(False)
        return Plain(outside), await door.accept()


async def test_it_is_a_stream() -> None:
    """Closing, cancelling, breaking, reading twice, empty and large writes: as trio expects of any stream."""
    await check_half_closeable_stream(pair, None)


async def test_one_sends_at_a_time() -> None:
    """While the host does not read, a second sender is our own mistake, and closing wakes the first."""
    ours, theirs = await pair()
    async with trio.open_nursery() as nursery, theirs:

        async def flood() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await ours.send_all(bytes(FLOOD))

        nursery.start_soon(flood)
        await wait_all_tasks_blocked()
        for send in (ours.send_all(b"0810"), ours.wait_send_all_might_not_block()):
            with pytest.raises(trio.BusyResourceError):
                await send
        await ours.aclose()


async def test_what_does_not_go_at_once_is_given_back() -> None:
    """Nothing is lost between what went and the rest; a connection that cannot take it says so as ever."""
    ours, theirs = await pair()
    flood = bytes(range(256)) * (FLOOD >> 8)
    before, rest = flood, ours.send_now(flood)
    while len(rest) < len(before):  # two kernels shift what they hold, and may have room again
        before, rest = rest, ours.send_now(rest)

    assert 0 < len(rest) < FLOOD
    assert rest == before == flood[-len(rest) :]

    await ours.aclose()
    with pytest.raises(trio.ClosedResourceError):
        ours.send_now(b"0810")
    await theirs.aclose()


async def test_a_reset_is_broken_and_not_closed() -> None:
    """The host's fault is told apart from our own hanging up."""
    ours, theirs = await pair()
    theirs.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await theirs.aclose()
    with pytest.raises(trio.BrokenResourceError):
        await ours.receive_some()
    with pytest.raises(trio.BrokenResourceError):
        ours.send_now(b"0810")
    await ours.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await ours.receive_some()


async def test_a_cancelled_read_has_taken_nothing() -> None:
    """What comes after the cancellation is there for the next read."""
    ours, theirs = await pair()
    async with ours, theirs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ours.receive_some)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        await theirs.send_all(b"0800")

        assert await ours.receive_some() == b"0800"


# ---- calling


async def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with two addresses, at the first of which nobody is."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with PlainListener(listener) as door:
        resolves(monkeypatch, ("127.0.0.1", unused()), ("127.0.0.1", door.port))
        async with await connect("switch.example", 8583) as ours:
            assert ours.socket.getpeername() == ("127.0.0.1", door.port)


async def test_an_address_that_does_not_answer_takes_its_share_of_the_time(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    """Half of it where there are two, as behind a firewall that drops; in the end it is told."""
    resolves(monkeypatch, *[("127.0.0.1", 1)] * 2)
    tried: list[float] = []

    async def silence(*_: object) -> None:
        tried.append(trio.current_time())
        await trio.sleep_forever()

    monkeypatch.setattr(of_trio(), "connect", silence)
    began = trio.current_time()
    with pytest.raises(TimeoutError, match="does not answer"):
        await connect("switch.example", 8583)

    assert [at - began for at in tried] == [0, PATIENCE / 2]
    assert trio.current_time() - began == PATIENCE


async def test_why_not_is_told_in_the_words_of_the_last() -> None:
    """So that an operator knows whether to look at the host or at a firewall."""
    with pytest.raises(ConnectionRefusedError, match="refused"):
        await connect("127.0.0.1", unused())


@pytest.mark.parametrize("window", [1, 64, 100_000])
async def test_the_kernel_is_asked_before_it_promises(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    """What is set after the connection is up only makes it stall."""
    asked: list[int] = []
    really = of_trio().connect

    async def look(end: trio.socket.SocketType, address: object) -> None:
        asked.append(end.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
        await really(end, address)

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with PlainListener(listener) as door:
        monkeypatch.setattr(of_trio(), "connect", look)
        await (await connect("127.0.0.1", door.port, waiting_room(window))).aclose()

    assert asked[0] >= waiting_room(window) or window > 64


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Every name has these."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for address in addresses]

    async def answer(*_: object, **__: object) -> list[object]:
        await trio.lowlevel.checkpoint()
        return list(found)

    monkeypatch.setattr("trio.socket.getaddrinfo", answer)


def unused() -> int:
    """A port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
