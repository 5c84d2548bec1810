"""`iso-alert run` with a planted leak: whoever says that memory is flat must see it.

Run as `python -m tests.endurance.flat_leak` in the service's place; it keeps so many bytes of every message answered.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from iso_alert.service.metrics import Metrics

LEAK = "ISO_ALERT_PLANTED_LEAK"  # bytes
KEPT: list[bytes] = []


@contextmanager
def planted(leak: int) -> Iterator[str]:
    """The module to run as the service, for as long as this lasts."""
    if not leak:
        yield "iso_alert"
        return
    os.environ[LEAK] = str(leak)
    try:
        yield __name__
    finally:
        del os.environ[LEAK]


def plant(leak: int) -> None:
    answered = Metrics.answered

    def remembered(self: Metrics, link: str, mti: str, code: str, count: int = 1) -> None:
        KEPT.append(bytes(leak * count))
        answered(self, link, mti, code, count)

    Metrics.answered = remembered  # type: ignore[method-assign]


def main() -> None:
    from iso_alert.cli import main as service

    plant(int(os.environ[LEAK]))
    service()


if __name__ == "__main__":
    main()
