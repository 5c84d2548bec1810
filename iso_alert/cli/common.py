"""What commands share: the configuration option, how faults are told, how logs are written.

No card number comes out by these ways, whoever put it in: a host, a person who typed it, or a bug of ours that says
what it met.
"""

import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import click

FAILED, DEGRADED, CONFIGURATION = 1, 3, 78
E = TypeVar("E", bound=BaseException)
F = TypeVar("F", bound=Callable[..., Any])


def config_option(command: F) -> F:
    """`-c FILE`."""
    say = "The configuration; else ISO_ALERT_CONFIG, else ./iso-alert.toml."
    return click.option("-c", "--config", "config", metavar="FILE", help=say)(command)


def import_into(group: click.Group) -> Callable[[F], click.Command]:
    """`import [-c FILE] [--rejects FILE] FILE`, as all of the bank's files are imported."""
    say = "Set bad lines aside here, with the reason; of card numbers the last four digits are left."
    rejects = click.option("--rejects", metavar="FILE", help=say)
    return lambda command: group.command("import")(config_option(rejects(click.argument("file")(command))))


def tell_faults(faults: list[str]) -> NoReturn:
    """Print each fault of the configuration and leave with 78."""
    from iso_alert.iso.message import mask

    for fault in faults:
        click.echo(mask(fault), err=True)
    sys.exit(CONFIGURATION)


def leaves(group: BaseExceptionGroup[E]) -> Iterator[E]:
    """The faults themselves, out of the nurseries they fell through."""
    for fault in group.exceptions:
        if isinstance(fault, BaseExceptionGroup):
            yield from leaves(fault)
        else:
            yield fault


def set_up_logs(level: str = "info") -> None:
    """As `service.logs` does, which is imported when it is needed."""
    from iso_alert.service import logs

    logs.set_up_logs(level)


def mask_fault(fault: click.ClickException) -> None:
    """In every word of it: a fault repeats what was typed."""
    from iso_alert.iso.message import mask

    for name, value in vars(fault).items():
        if isinstance(value, str):
            setattr(fault, name, mask(value))


def tell_bug(kind: type[BaseException], bug: BaseException, trace: TracebackType | None) -> None:
    """Python's last word, as `sys.excepthook`, without the card numbers that a message may hold."""
    from traceback import format_exception

    from iso_alert.iso.message import mask

    sys.stderr.write(mask("".join(format_exception(kind, bug, trace))))
