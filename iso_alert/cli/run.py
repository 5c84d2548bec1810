"""`iso-alert run`: the service, until it is told to stop."""

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from iso_alert.cli.common import CONFIGURATION, FAILED, config_option, leaves, set_up_logs, tell_faults

if TYPE_CHECKING:
    from iso_alert.app import Node


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
    import trio

    from iso_alert.app import Node
    from iso_alert.config import ConfigError, find, load
    from iso_alert.garbage import spare_what_stays
    from iso_alert.service.stopping import Stopped
    from iso_alert.service.writer import WriterEnded
    from iso_alert.store.port import StoreUnavailable

    set_up_logs(log_level)
    try:
        found = load(find(config))
        node = Node(found, writer=found.writer == "process")
    except ConfigError as error:
        tell_faults(error.faults)
    except StoreUnavailable as error:
        click.echo(f"the store cannot be opened: {error}", err=True)
        sys.exit(CONFIGURATION)
    except WriterEnded:
        _writer_ended()

    spare_what_stays()
    try:
        trio.run(_live, node)
    except* OSError as group:
        for fault in leaves(group):
            click.echo(f"cannot open a port: {fault}", err=True)
        sys.exit(FAILED)
    except* Stopped:
        sys.exit(FAILED)
    except* WriterEnded:
        _writer_ended()
    structlog.get_logger().info("stopped")


def _writer_ended() -> NoReturn:
    click.echo("the process that has the store has ended: start again", err=True)
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
