"""`iso-alert run`: the service, until it is told to stop."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from iso_alert.cli.common import CONFIGURATION, FAILED, config_option, leaves, set_up_logs, tell_faults

if TYPE_CHECKING:
    from iso_alert.app import Node

BESIDE = {  # who says that it has ended, and what it was
    "WriterEnded": "the process that has the store",
    "SpeakerEnded": "{}, a process that carries connections,",
}


@click.command()
@config_option
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def command(config: str | None, log_level: str) -> None:
    """Run the service.

    \b
    Examples:
      iso-alert run -c /etc/iso-alert/iso-alert.toml

    SIGTERM or Ctrl-C: read no more, answer what is in hand, empty the window, leave with 0.  A second one: at once.
    SIGHUP: read the configuration again, and use what can be used without dropping a link.
    """
    import structlog

    from iso_alert.garbage import spare_what_stays

    set_up_logs(log_level)
    node = _built(config, log_level)
    spare_what_stays()
    last_words = _lived(node)
    if last_words is not None:  # to leave within its except* would be a group of faults by itself
        _fail(last_words)
    structlog.get_logger().info("stopped")


def _built(config: str | None, log_level: str) -> "Node":
    from iso_alert.app import Node
    from iso_alert.config import ConfigError, find, load
    from iso_alert.service.speakers import SpeakerEnded
    from iso_alert.service.writer import WriterEnded
    from iso_alert.store.port import StoreUnavailable

    try:
        found = load(find(config))
        return Node(found, writer=found.writer == "process", speakers=found.speakers, log_level=log_level)
    except ConfigError as error:
        tell_faults(error.faults)
    except StoreUnavailable as error:
        click.echo(f"the store cannot be opened: {error}", err=True)
        sys.exit(CONFIGURATION)
    except (WriterEnded, SpeakerEnded) as one:
        _fail([_ended(one)])


def _lived(node: "Node") -> Sequence[str] | None:
    """Run it to its end; why it failed, in words, None if it did not."""
    import trio

    from iso_alert.service.speakers import SpeakerEnded
    from iso_alert.service.stopping import Stopped
    from iso_alert.service.writer import WriterEnded

    last_words: Sequence[str] | None = None
    try:
        trio.run(_live, node)
    except* OSError as group:
        last_words = [f"cannot open a port: {fault}" for fault in leaves(group)]
    except* Stopped:
        last_words = []
    except* (WriterEnded, SpeakerEnded) as several:
        last_words = [_ended(next(leaves(several)))]
    return last_words


def _ended(fault: Exception) -> str:
    return f"{BESIDE[type(fault).__name__].format(*fault.args)} has ended: start again"


def _fail(words: Iterable[str]) -> NoReturn:
    for line in words:
        click.echo(line, err=True)
    sys.exit(FAILED)


async def _live(node: "Node") -> None:
    """From the first signal that may come to the last thing to be drained."""
    import structlog
    import trio

    from iso_alert.service.stopping import reload_on_signal, stop_on_signals

    async with trio.open_nursery() as nursery:
        await nursery.start(stop_on_signals, node.stop)
        await nursery.start(reload_on_signal, node.reload)
        addresses = await nursery.start(node.run)
        structlog.get_logger().info("admin open", address=":".join(map(str, addresses.admin)))
        await node.stopped()
        nursery.cancel_scope.cancel()
