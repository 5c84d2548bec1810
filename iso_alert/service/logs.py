"""How the log is written, by each of our processes alike: lines for people on a terminal, JSON elsewhere, on stderr."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from iso_alert.iso.message import mask


def set_up_logs(level: str = "info") -> None:
    """Never with the values of variables, nor with a card number."""
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
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # a line is one write: others write there too
        cache_logger_on_first_use=False,
    )


def _without_cards(_: object, __: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in said.items():
        if isinstance(value, str) and key != "timestamp":
            said[key] = mask(value)
    return said
