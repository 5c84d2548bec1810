"""What commands share: the configuration option, how faults are told, how logs are written.

No card number comes out by these ways, whoever put it in: a host, a person who typed it, or a bug of ours that says
what it met.
"""

import sys
from collections.abc import Callable, Iterator, MutableMapping
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
    """Lines for people on a terminal, JSON elsewhere; both on stderr, and never with the values of variables."""
    import logging

    import structlog

    terminal = sys.stderr.isatty()
    # A traceback that shows local variables could show a message.
    plain = structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback)
    last = plain if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_cards,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_cards(_: object, __: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    from iso_alert.iso.message import mask

    for key, value in said.items():
        if isinstance(value, str) and key != "timestamp":
            said[key] = mask(value)
    return said


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
