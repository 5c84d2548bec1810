"""Serve an ASGI application by Hypercorn inside our own nursery.  The one room that knows Hypercorn."""

import logging
import socket
from collections.abc import Callable
from ssl import SSLContext, SSLObject, SSLSocket
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio import serve


async def serve_app(
    app: Any,
    host: str,
    port: int,
    closing: trio.Event,
    secured: Callable[[], SSLContext] | None = None,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `closing` is set, under TLS if there is a context for it: asked anew for whoever comes.

    Started with the port; OSError if the address is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as fault:
            raise OSError(fault.errno, f"{host}:{port}: {fault.strerror}") from None
        port = int(door.getsockname()[1])
        number = door.detach()  # Hypercorn closes it
    config = _Secured(secured) if secured else Config()
    config.bind = [f"fd://{number}"]
    config.graceful_timeout = 1.0
    config.include_server_header = False
    config.errorlog = _quiet()
    async with trio.open_nursery() as nursery:
        await nursery.start(_serve, app, config, closing)
        task_status.started(port)


class _Secured(Config):
    """Hypercorn keeps the first context for ever; that one hands each handshake on to the one of now."""

    def __init__(self, now: Callable[[], SSLContext]) -> None:
        super().__init__()
        self._now = now

    @property
    def ssl_enabled(self) -> bool:
        return True

    def create_ssl_context(self) -> SSLContext:
        first = self._current()
        first.sni_callback = self._hand_on  # is called for those who name nobody, too
        return first

    def _hand_on(self, handshake: SSLSocket | SSLObject, _name: str | None, _first: SSLContext) -> None:
        handshake.context = self._current()

    def _current(self) -> SSLContext:
        context = self._now()
        context.set_alpn_protocols(self.alpn_protocols)
        return context


async def _serve(app: Any, config: Config, closing: trio.Event, *, task_status: trio.TaskStatus[Any]) -> None:
    await serve(app, config, shutdown_trigger=closing.wait, task_status=task_status)


def _quiet() -> logging.Logger:
    """Hypercorn's chatter about where it runs; we say that ourselves."""
    logger = logging.getLogger("hypercorn.error")
    logger.setLevel(logging.ERROR)
    return logger
