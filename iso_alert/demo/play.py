"""Play the day: send each message, hear the decision, wait for the phone, and compare all of it with what must come."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import trio
from attrs import field, frozen

from iso_alert.demo.day import Customer, Message, SampleCard
from iso_alert.demo.ears import Arrived
from iso_alert.demo.stage import Stage
from iso_alert.demo.writing import Writer
from iso_alert.domain.decision import Decision
from iso_alert.iso.moments import BANGKOK
from iso_alert.sim.smsc import Sms
from iso_alert.store.port import Recorded

PATIENCE = 5.0  # seconds for each thing that must come
RECEIPTS_WITHIN = 2.0  # seconds after the last SMS
RECORDED = "00"


@frozen
class Answer:
    """What the host was told."""

    mti: str
    code: str
    after: float  # seconds
    stan: str = ""


@frozen
class Shown:
    """An SMS on its phone, so many seconds after the message that caused it was sent."""

    sms: Sms
    after: float


@frozen
class Scene:
    """One message and everything that came of it."""

    message: Message
    card: SampleCard
    customer: Customer
    answer: Answer | None
    recorded: Recorded | None = None
    shown: Sequence[Shown] = ()

    @property
    def decision(self) -> Decision | None:
        return self.recorded.decision if self.recorded else None

    def faults(self) -> Iterator[str]:
        """What did not come as it must, a sentence each."""
        wanted, decision = self.message, self.decision
        if self.answer is None or self.answer.code != RECORDED:
            yield f"the answer is {self.answer.code}, not {RECORDED}" if self.answer else "no answer came"
        if (decision.reason if decision else None) is not wanted.reason:
            yield f"decided {_word(decision and decision.reason)}, expected {_word(wanted.reason)}"
        if decision and decision.channel is not wanted.channel:
            yield f"the channel is {decision.channel.value}, expected {_word(wanted.channel)}"
        due = [(self.customer.phone, wanted.sms)] if wanted.sms else []
        came = [(shown.sms.destination, shown.sms.text) for shown in self.shown]
        yield from (f"this SMS did not come: {text}" for phone, text in due if (phone, text) not in came)
        yield from (f"this SMS should not have come: {text}" for phone, text in came if (phone, text) not in due)


def _word(value: object) -> str:
    """A reason or a channel by the name it has in the store."""
    return str(getattr(value, "value", "nothing"))


@frozen
class Outcome:
    """The day as a whole."""

    scenes: Sequence[Scene]
    strays: Sequence[Sms]  # came, and no decision asked for them
    delivered: int  # parts that the operator reported as delivered
    faults: Sequence[str] = field(init=False)

    @faults.default
    def _all_faults(self) -> Sequence[str]:
        told = [f"{one.message.at} {one.message.say}: {fault}" for one in self.scenes for fault in one.faults()]
        return [*told, *(f"this SMS should not have come: {sms.text}" for sms in self.strays)]

    @property
    def shown(self) -> Sequence[Shown]:
        return [shown for scene in self.scenes for shown in scene.shown]

    @property
    def parts(self) -> int:
        return sum(shown.sms.parts for shown in self.shown)


async def play(stage: Stage, show: Callable[[Scene], None], pause: float) -> Outcome:
    """Every message of the day, each `pause` seconds after the one before; `show` gets each scene once it is over."""
    writer = Writer(stage.day, datetime.now(BANGKOK).date())
    scenes: list[Scene] = []
    for message in stage.day.message:
        scenes.append(await _scene(stage, writer, message))
        show(scenes[-1])
        await trio.sleep(pause)
    return await _outcome(stage, scenes)


async def _scene(stage: Stage, writer: Writer, message: Message) -> Scene:
    host, heard = stage.hosts[message.link], stage.heard
    card, customer = stage.day.card_of(message), stage.day.customer_of(message)
    fields = writer.fields(message, host.codec.dialect.charset)
    began = trio.current_time()
    said = await host.ask(fields, PATIENCE)
    if said is None:
        return Scene(message, card, customer, None)
    answer = Answer(said.mti, said.get("39"), trio.current_time() - began, said.get("11"))
    recorded = await heard.decisions.within(PATIENCE)
    due = len(recorded.decision.alerts) if recorded and recorded.decision else 0
    arrived = [await heard.phones.within(PATIENCE) for _ in range(due)]
    return Scene(message, card, customer, answer, recorded, _shown(arrived, began))


def _shown(arrived: Sequence[Arrived | None], began: float) -> Sequence[Shown]:
    return [Shown(one.sms, one.at - began) for one in arrived if one]


async def _outcome(stage: Stage, scenes: Sequence[Scene]) -> Outcome:
    """The day as a whole, once the operator has reported on every part, or has had the time to."""
    heard = stage.heard
    parts = sum(shown.sms.parts for scene in scenes for shown in scene.shown)
    await heard.receipted.until(lambda: heard.receipts.total() >= parts, RECEIPTS_WITHIN)
    return Outcome(scenes, [stray.sms for stray in heard.phones.rest()], heard.receipts["DELIVRD"])
