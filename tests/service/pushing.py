"""Push at a link that is slow: how much of it do two kernels take?"""

import os
import socket
from contextlib import suppress

import trio
from trio.testing import wait_all_tasks_blocked

OURS = 16_384  # bytes of the pusher's own kernel, which gives twice what it is asked for
FLOOD = 350  # messages: a window in hand, one or two that wait for it, and what the pusher's own kernel keeps


async def taken(stream: trio.SocketStream, frames: bytes) -> int:
    """How many messages, twenty of which are `frames`, they take before they want no more."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, OURS)
    data, sent = frames * 500, 0
    for _ in range(5):  # they say no more than once: they shift what they hold
        with suppress(BlockingIOError), socket.socket(fileno=os.dup(stream.socket.fileno())) as raw:
            raw.setblocking(False)
            while True:
                sent += raw.send(data)
        await wait_all_tasks_blocked(0.01)
    return 20 * sent // len(frames)
