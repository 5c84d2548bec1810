"""The one way to change a subscription while the service runs, for the ATM's links and for the API alike."""

from collections.abc import Callable
from functools import partial

import structlog

from iso_alert.domain.command import Answer, Command, Result
from iso_alert.domain.subscribing import EnrolmentRules
from iso_alert.service.desk import Desk
from iso_alert.store.port import StoreUnavailable

LAPSE_FULL = 256  # subscriptions to a turn; so many mean that there may be more
log = structlog.get_logger()


class Subscribing:
    """Carries commands out at the store's door; `nudge` wakes the courier, so that their SMS leave at once."""

    def __init__(
        self, desk: Desk, rules: EnrolmentRules, nudge: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self.rules = rules
        self._desk, self._nudge, self._clock = desk, nudge, clock

    async def do(self, command: Command, key: str | None = None) -> Answer:
        """Carry a command out, once for each `key` in 24 hours.  NOT_STORED when the store is away: nothing happened.

        Cancelled, it may have happened all the same; the same key finds the answer.
        """
        people = self._desk.store.people
        try:
            answer = await self._desk.do(partial(people.execute, command, self.rules, self._clock(), key))
        except StoreUnavailable:
            return Answer(Result.NOT_STORED)
        if answer.notices:
            self._nudge()
        log.debug("command", operation=command.operation.value, via=command.actor.via.value, result=answer.result.value)
        return answer

    async def lapse(self) -> int:
        """Send confirming SMS again, let applications expire; how many were dealt with.  Raises StoreUnavailable."""
        people = self._desk.store.people
        count = await self._desk.do(partial(people.lapse, self._clock(), self.rules, LAPSE_FULL))
        if count:
            self._nudge()
        return count
