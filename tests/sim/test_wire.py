"""The simulated host reaches a link, or is reached: plainly and under TLS."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from click.testing import CliRunner

from iso_alert.cli import main
from iso_alert.sim.wire import Calling, Connect, Waiting
from tests.support.authority import authority, client, server

SOON = 10.0


async def echo(stream: trio.abc.Stream) -> None:
    async for data in stream:
        await stream.send_all(data)


async def heard(connect: Connect) -> bytes:
    """What comes back of a word."""
    async with await connect() as stream:
        await stream.send_all(b"a word")
        with trio.fail_after(SOON):
            return bytes(await stream.receive_some())


def port_of(listener: Any) -> int:
    return int(listener.socket.getsockname()[1])


async def test_it_calls(nursery: trio.Nursery) -> None:
    """A link that listens."""
    listeners = await nursery.start(partial(trio.serve_tcp, echo, 0, host="127.0.0.1"))

    assert await heard(Calling("127.0.0.1", port_of(listeners[0]))) == b"a word"


async def test_it_calls_under_tls(tmp_path: Path, nursery: trio.Nursery) -> None:
    """With a certificate of its own, and another name than the address."""
    context = server(tmp_path, mutual=True).context
    listeners = await nursery.start(partial(trio.serve_ssl_over_tcp, echo, 0, context, host="127.0.0.1"))
    port = port_of(listeners[0].transport_listener)

    assert await heard(Calling("127.0.0.1", port, client(tmp_path, "hosts").context, "localhost")) == b"a word"


async def test_it_trusts_nobody_else(tmp_path: Path, nursery: trio.Nursery) -> None:
    """A service whose certificate names somebody else."""

    async def refused(stream: trio.abc.Stream) -> None:
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()
        await stream.aclose()

    context = server(tmp_path).context
    listeners = await nursery.start(partial(trio.serve_ssl_over_tcp, refused, 0, context, host="127.0.0.1"))
    port = port_of(listeners[0].transport_listener)

    with pytest.raises(trio.BrokenResourceError):
        await heard(Calling("127.0.0.1", port, client(tmp_path).context, "other.example"))


@pytest.mark.parametrize("tls", [False, True])
async def test_it_waits_to_be_called(tmp_path: Path, nursery: trio.Nursery, tls: bool) -> None:
    """For a link with `connect`."""
    waiting = Waiting("127.0.0.1", 0, server(tmp_path).context if tls else None)
    came = list[bytes]()

    async def host() -> None:
        came.append(await heard(waiting))

    async with trio.open_nursery() as both:
        both.start_soon(host)
        with trio.fail_after(SOON):
            while not waiting._listeners:
                await trio.sleep(0.01)
        port, context = port_of(waiting._listeners[0]), client(tmp_path).context if tls else None
        async with await Calling("127.0.0.1", port, context, "localhost")() as stream:
            await stream.send_all(bytes(await stream.receive_some()))
    await waiting.aclose()

    assert came == [b"a word"]


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    """On the command line too."""
    authority().trust(tmp_path)
    (tmp_path / "nothing.pem").write_text("nothing")
    told = CliRunner().invoke(main, ["host", "127.0.0.1:1", "--tls-ca", str(tmp_path / "nothing.pem")])

    assert told.exit_code == 1
    assert "nothing.pem holds no certificate" in told.output
