"""A bare TCP connection keeps every promise of a stream: judged by trio's own tests of streams, over real sockets."""

import socket
import struct

import pytest
import trio
from trio.testing import check_half_closeable_stream, wait_all_tasks_blocked

from iso_alert.service.plain import Plain, PlainListener

FLOOD = 1 << 24  # bytes: more than two kernels take


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


async def test_a_reset_is_broken_and_not_closed() -> None:
    """The host's fault is told apart from our own hanging up."""
    ours, theirs = await pair()
    theirs.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await theirs.aclose()
    with pytest.raises(trio.BrokenResourceError):
        await ours.receive_some()
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
