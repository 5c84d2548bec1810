"""Operations that change something: the same commands as an ATM's and the command line's, by the same code."""

from functools import partial

from attrs import frozen

from iso_alert.domain.command import Command
from iso_alert.domain.command import Operation as Change
from iso_alert.web.api.answers import Telling, done
from iso_alert.web.api.bodies import Everybody, Subject
from iso_alert.web.api.gate import Caller
from iso_alert.web.api.office import Office, Reply
from iso_alert.web.api.problem import STATUS, of_answer

MATTER = ("mobile", "language", "news", "terms", "network", "reason")  # of a Command, where a request has them


@frozen
class Carry:
    """Carries one kind of command out."""

    change: Change

    async def __call__(self, office: Office, caller: Caller, asked: Subject) -> Reply:
        actor = caller.actor(asked.operator)
        card = await office.card(asked.card, actor, self.change.value)
        matter = {name: value for name in MATTER if (value := getattr(asked, name, None)) is not None}
        command = Command(self.change, actor, card, asked.customer, verified=asked.verified, **matter)
        answer = await office.subscribing.do(command, caller.key)
        if not answer.result.good:
            raise of_answer(answer)  # also of NOT_STORED: nothing happened, and the same key may be used again
        return Reply(done(answer, caller.role), STATUS[answer.result])


@frozen
class Stop:
    """Stops or resumes the telling of everybody (R-52)."""

    stopped: bool

    async def __call__(self, office: Office, caller: Caller, asked: Everybody) -> Reply:
        actor = caller.actor(asked.operator)
        stop = partial(office.people.set_stopped, self.stopped, actor, office.clock(), asked.reason)
        await office.desk.do(stop)
        return Reply(Telling(self.stopped))
