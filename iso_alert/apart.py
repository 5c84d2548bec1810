"""A process of ours beside the service: it leaves signals to the service, and its last words tell no data.

Whoever stops all of them at once, as a terminal or a supervisor does, must not take from the service what it needs to
stop in order.
"""

import signal
import sys
from collections.abc import Iterator
from functools import partial
from traceback import format_tb
from types import TracebackType


def stand_apart(name: str) -> None:
    """Begin to be such a process; `name` is what its last words call it."""
    sys.excepthook = partial(_tell_bug, name)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)


def _tell_bug(name: str, _: type[BaseException], bug: BaseException, __: TracebackType | None) -> None:
    """Where it broke and of what kind it is, and not what it says: that may be anything."""
    sys.stderr.write(f"the {name} broke:\n" + "".join(_places(bug)))


def _places(bug: BaseException) -> Iterator[str]:
    yield from format_tb(bug.__traceback__)
    yield f"{type(bug).__name__}\n"
    if isinstance(bug, BaseExceptionGroup):
        for each in bug.exceptions:
            yield from _places(each)
