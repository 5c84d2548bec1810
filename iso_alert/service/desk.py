"""The store's only door: one verb at a time, in a worker thread, first come first served.

It also knows whether the store can be written.  While it cannot, a small commit is tried every second, so that the
service turns green by itself when the disk has room again.
"""

from collections.abc import Callable
from typing import TypeVar

import structlog
import trio

from iso_alert.store.port import Store, StoreUnavailable

PROBE_EVERY = 1.0  # seconds
T = TypeVar("T")
log = structlog.get_logger()


class Desk:
    """Runs the store's verbs for the event loop.  Cancelling a call waits until the store is done with it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.trouble: str | None = None  # why nothing can be written, None when it can
        self._turn = trio.Lock()  # hands itself on in the order of arrival
        self._troubled = trio.Event()

    async def do(self, verb: Callable[[], T]) -> T:
        """Run one verb.  Raises StoreUnavailable."""
        async with self._turn:
            try:
                result = await trio.to_thread.run_sync(verb)
            except StoreUnavailable as cause:
                self._turn_red(str(cause))
                raise
            return result

    async def probe(self) -> None:
        """While the store is in trouble, try it again and again.  Lives until cancelled."""
        while True:
            await self._troubled.wait()
            await trio.sleep(PROBE_EVERY)
            try:
                await self.do(self.store.check)
            except StoreUnavailable:
                continue
            self._turn_green()  # here only: on a full disk reading goes well, and so does writing nothing

    def _turn_red(self, why: str) -> None:
        if self.trouble is None:
            log.error("store unavailable: answering 96 until it can be written", cause=why)
        self.trouble = why
        self._troubled.set()

    def _turn_green(self) -> None:
        if self.trouble is not None:
            log.info("store available again")
            self.trouble, self._troubled = None, trio.Event()
