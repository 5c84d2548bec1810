"""Serve an ASGI application by Hypercorn inside our own nursery.  The one room that knows Hypercorn."""

import logging
import socket
from pathlib import Path
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio import serve


async def serve_app(
    app: Any,
    host: str,
    port: int,
    closing: trio.Event,
    certificate: tuple[Path, Path] | None = None,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `closing` is set, under TLS if there is a certificate (with its key).

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
    config = Config()
    config.bind = [f"fd://{number}"]
    if certificate:
        config.certfile, config.keyfile = map(str, certificate)
    config.graceful_timeout = 1.0
    config.include_server_header = False
    config.errorlog = _quiet()
    async with trio.open_nursery() as nursery:
        await nursery.start(_serve, app, config, closing)
        task_status.started(port)


async def _serve(app: Any, config: Config, closing: trio.Event, *, task_status: trio.TaskStatus[Any]) -> None:
    await serve(app, config, shutdown_trigger=closing.wait, task_status=task_status)


def _quiet() -> logging.Logger:
    """Hypercorn's chatter about where it runs; we say that ourselves."""
    logger = logging.getLogger("hypercorn.error")
    logger.setLevel(logging.ERROR)
    return logger
