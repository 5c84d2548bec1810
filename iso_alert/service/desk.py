"""The store's only door: verbs are done one by one, away from the event loop, first come first served.

What the courier asks is urgent, for a window of SMS stands still meanwhile.  Where there is a way for that, it passes
the batches of the links, of which there are always some to wait behind when more comes than can be written.

It also knows whether the store can be written.  While it cannot, a small commit is tried every second, so that the
service turns green by itself when the disk has room again.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NoReturn, Protocol, TypeAlias, TypeVar

import structlog
import trio
from attrs import frozen

from iso_alert.store.port import Store, StoreUnavailable

PROBE_EVERY = 1.0  # seconds
T = TypeVar("T")
Verb: TypeAlias = Callable[[], T]
Answer: TypeAlias = Callable[[], Awaitable[T]]
log = structlog.get_logger()


class Begin(Protocol):
    """A way to have verbs done, in their order, while the event loop goes on."""

    async def __call__(self, verb: Verb[T], /) -> Answer[T]:
        """Hand a verb over.  The answer must be asked for, or the next one is not heard; cancelled, it waits."""


class Keeper(Protocol):
    """Whoever has the store open: a thread of ours, or a process (`writer`)."""

    @property
    def store(self) -> Store:
        """Its verbs, to be handed to `begin`."""

    @property
    def begin(self) -> Begin: ...

    @property
    def begin_urgent(self) -> Begin | None:
        """The way for verbs that pass those of `begin`; None where there is none."""

    async def ended(self) -> None:
        """Return when the store is gone though nobody closed it; a thread's never is."""

    def close(self) -> None:
        """Close the store.  Blocks until that is done."""


async def in_a_thread(verb: Verb[T], /) -> Answer[T]:
    """Has the verb of a store in this process done before it returns: nothing else can be begun meanwhile."""
    try:
        result = await trio.to_thread.run_sync(verb)
    except Exception as fault:
        return partial(_raise, fault)
    return partial(_give, result)


async def _raise(fault: Exception) -> NoReturn:
    raise fault


async def _give(result: T) -> T:
    return result


@frozen
class InThread:
    """A store in this process."""

    store: Store

    @property
    def begin(self) -> Begin:
        return in_a_thread

    @property
    def begin_urgent(self) -> None:
        return None

    async def ended(self) -> None:
        await trio.sleep_forever()

    def close(self) -> None:
        self.store.close()


class Desk:
    """Has the store's verbs done for the event loop.  Cancelling a call waits until the store is done with it."""

    def __init__(self, store: Store, begin: Begin = in_a_thread, urgent: Begin | None = None) -> None:
        self.store = store
        self.trouble: str | None = None  # why nothing can be written, None when it can
        self._turn = trio.Lock()  # hands itself on in the order of arrival
        self._way = begin, self._turn
        self._urgent_way = (urgent, trio.Lock()) if urgent else self._way
        self._troubled = trio.Event()

    async def do(self, verb: Verb[T], urgent: bool = False) -> T:
        """Have one verb done.  Raises StoreUnavailable."""
        answer = await self.begin(verb, urgent)
        return await answer()

    async def begin(self, verb: Verb[T], urgent: bool = False) -> Answer[T]:
        """Hand one verb over, in its turn; whoever calls what this returns gets the answer, or StoreUnavailable.

        Call it, whatever happens: what comes later is not heard before.  What is urgent waits only for what is urgent
        too, where it has a way of its own.
        """
        begin, turn = self._urgent_way if urgent else self._way
        if turn.locked():
            await turn.acquire()
        else:
            turn.acquire_nowait()  # a turn of the event loop less for every batch
        try:
            answer = await begin(verb)
        finally:
            turn.release()
        return partial(self._hear, answer)

    async def _hear(self, answer: Answer[T]) -> T:
        try:
            return await answer()
        except StoreUnavailable as cause:
            self._turn_red(str(cause))
            raise

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
