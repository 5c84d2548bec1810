"""What signals ask for: SIGTERM and SIGINT to leave (the first asks, the second insists), SIGHUP to read again."""

import signal
from collections.abc import Awaitable, Callable

import structlog
import trio

log = structlog.get_logger()


class Stopped(Exception):
    """A second signal came: leave at once, the store knows what was not done."""


async def stop_on_signals(stop: Callable[[], None], *, task_status: trio.TaskStatus[None]) -> None:
    """Call `stop` at the first signal, raise Stopped at the second.  Lives until cancelled."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            log.info("stopping", signal=signal.Signals(number).name)
            stop()
            break
        async for number in signals:
            raise Stopped(signal.Signals(number).name)


async def reload_on_signal(reload: Callable[[], Awaitable[None]], *, task_status: trio.TaskStatus[None]) -> None:
    """Call `reload` at each SIGHUP; those that come meanwhile count as one.  Lives until cancelled."""
    with trio.open_signal_receiver(signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            await reload()
