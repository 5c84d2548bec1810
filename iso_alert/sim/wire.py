"""How the simulated host and a link meet: the host calls or waits to be called, with TLS or without."""

from collections.abc import Awaitable, Callable
from ssl import SSLContext

import trio
from attrs import define, field, frozen

Connect = Callable[[], Awaitable[trio.abc.Stream]]


@frozen
class Calling:
    """A Connect that calls the link."""

    host: str
    port: int
    context: SSLContext | None = None
    server_name: str | None = None  # whom its certificate must name, if not the host

    async def __call__(self) -> trio.abc.Stream:
        """Raises OSError; BrokenResourceError when there is no TLS to be had."""
        stream = await trio.open_tcp_stream(self.host, self.port)
        if self.context is None:
            return stream
        return await _secured(trio.SSLStream(stream, self.context, server_hostname=self.server_name or self.host))


@define(eq=False)
class Waiting:
    """A Connect that gives out connections as the service makes them, for a link with `connect`."""

    host: str
    port: int
    context: SSLContext | None = None
    _listeners: list[trio.SocketListener] = field(factory=list, init=False)

    async def __call__(self) -> trio.abc.Stream:
        """Raises OSError for an address that is taken; BrokenResourceError when there is no TLS to be had."""
        self._listeners = self._listeners or await trio.open_tcp_listeners(self.port, host=self.host)
        stream = await self._listeners[0].accept()
        if self.context is None:
            return stream
        return await _secured(trio.SSLStream(stream, self.context, server_side=True))

    async def aclose(self) -> None:
        """Wait no more; connections that were given out stay."""
        for listener in self._listeners:
            await listener.aclose()


async def _secured(stream: trio.SSLStream[trio.SocketStream]) -> trio.abc.Stream:
    try:
        await stream.do_handshake()
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return stream


def tcp(host: str, port: int) -> Connect:
    """Links over plain TCP."""
    return Calling(host, port)
