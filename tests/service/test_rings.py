"""What a connection leaves behind goes at once: the collector comes so rarely that it must not be needed."""

import gc
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from weakref import ref

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_alert.service.tls import HandshakeFailed, dial
from tests.service.link_stage import stage
from tests.service.test_listener import ask
from tests.service.test_listener import stage as door
from tests.service.test_listener_tls import come_in, until
from tests.support import wire
from tests.support.authority import client, server

LOST = b"\xff\xff" + b"x" * 100


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(b"", "hung up by the host", id="nothing"),
        pytest.param(wire.purchase(), "hung up by the host", id="a message"),
        pytest.param(b"\0\5hello", "hung up by the host", id="an unreadable frame"),
        pytest.param(b"\0\x50hello", "half a frame", id="half a frame"),
        pytest.param(LOST, "lost framing", id="lost framing"),
    ],
)
async def test_a_connection_is_gone_when_it_has_ended(autojump_clock: MockClock, said: bytes, why: str) -> None:
    """However it ended: with its decoder, its last read and its socket."""
    async with stage() as scene:
        connection = ref(scene.connection)
        if said:
            await scene.say(said)
        if why == "hung up by the host":
            await wait_all_tasks_blocked()
            await scene.host.aclose()
            await wait_all_tasks_blocked()
        else:
            await scene.ended()
    ended = scene.watch.ends
    del scene

    assert [why] == ended
    assert connection() is None


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("said", ["hello", "0200 in the clear"])
async def test_so_is_its_tls(tmp_path: Path, said: str) -> None:
    """Also where it never came to a handshake: what trio ties together there is 24 kB."""
    async with door(tls=server(tmp_path)) as scene:
        if said == "hello":
            host: trio.abc.Stream = await come_in(scene, client(tmp_path))
            await ask(host, wire.echo(1))
        else:
            host = await scene.visit()
            await host.send_all(said.encode())
            await until(scene, "link handshake: refused")
        await host.aclose()
        while scene.watch.open:
            await trio.sleep(0.01)
    left = [one for one in gc.get_objects() if isinstance(one, trio.SSLStream) and one is not host]

    assert not left


@pytest.mark.usefixtures("_no_collector")
async def test_nor_does_a_call_that_fails_leave_any(tmp_path: Path, nursery: trio.Nursery) -> None:
    """An SMSC or a host whose TLS is broken is called again and again, for days; some frames of trio's may stay."""
    (port,) = await nursery.start(partial(trio.serve_tcp, trio.aclose_forcefully, 0, host="127.0.0.1"))
    host, number = port.socket.getsockname()
    told: list[str] = []
    with suppress(HandshakeFailed):
        await dial(host, number, client(tmp_path), told.append)

    assert told == ["broken off"]
    assert not any(vars(one) for one in gc.get_objects() if isinstance(one, trio.SSLStream))
