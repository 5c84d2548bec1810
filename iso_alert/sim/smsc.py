"""A simulated SMSC over real sockets: it takes messages, joins and shows them, and sends receipts; and it misbehaves.

It is our own session in the SMSC's role, so a mistake shared by both ends would not be seen here; the foreign SMSC in
`tests/interop` is there for that.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from math import inf
from random import Random
from time import time

import trio
from attrs import define, field, frozen

from iso_alert.smpp.command import Command, Status
from iso_alert.smpp.event import Answered, Asked, Event, Unanswered
from iso_alert.smpp.pace import Bucket
from iso_alert.smpp.pdu import Pdu
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import ACCEPTED, Role, State
from iso_alert.smpp.timers import Timers

from .agenda import Agenda
from .inbox import Inbox, Sms
from .line import Line
from .receipt_form import receipt_body
from .smsc_options import SmscOptions

__all__ = ["Counters", "Sms", "Smsc", "SmscOptions", "serve_smsc"]

OnSms = Callable[[Sms], None]
MAY_RECEIVE = frozenset({State.BOUND_RX, State.BOUND_TRX})
AGAIN = 5.0  # a receipt that the ESME could not take comes again after this
_TAKEN = frozenset({Command.SUBMIT_SM, Command.DATA_SM})


@define
class Counters:
    """What happened so far."""

    binds: int = 0
    refused_binds: int = 0
    submitted: int = 0
    throttled: int = 0
    ignored: int = 0
    dropped: int = 0
    sms: int = 0
    receipts: int = 0  # acknowledged by the ESME
    receipts_withheld: int = 0


@frozen(eq=False)
class _Receipt:
    """A receipt until the ESME has acknowledged it."""

    system_id: str
    body: bytes


@define(eq=False)
class Smsc:
    """One SMSC with all its connections. A receipt that is not acknowledged goes out again on the next bind."""

    options: SmscOptions
    on_sms: OnSms
    clock: Callable[[], float] = time
    timers: Timers = field(factory=Timers)
    counters: Counters = field(factory=Counters)
    _lines: list[Line] = field(factory=list, init=False)
    _receipts: dict[str, deque[_Receipt]] = field(factory=lambda: defaultdict(deque), init=False)  # for room, or a bind
    _agenda: Agenda = field(factory=Agenda, init=False)
    _random: Random = field(init=False)
    _ids: Iterator[int] = field(init=False)
    _bucket: Bucket = field(init=False)
    _inbox: Inbox = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._random = Random(self.options.seed)
        self._ids = count(self._random.randrange(0x0100_0000, 0x7000_0000))
        self._bucket = Bucket(self.options.rate or inf)
        self._inbox = Inbox(self.options.gsm)

    async def serve(
        self, host: str, port: int, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listen until cancelled; started with the port, which for 0 is a free one."""
        listeners = await trio.open_tcp_listeners(port, host=host)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.later)
            await nursery.start(trio.serve_listeners, self.carry, listeners)
            task_status.started(listeners[0].socket.getsockname()[1])

    async def carry(self, stream: trio.abc.Stream) -> None:
        """One ESME's connection, until either side hangs up. `later` must run beside it."""
        line = Line(Session(Role.SMSC, trio.current_time(), self.timers, self.options.window), stream, self._hear)
        self._lines.append(line)
        try:
            await line.run()
        finally:
            self._lines.remove(line)
            left = line.session.hang_up()
            self._receipts[line.system_id].extendleft(reversed((*left.in_doubt, *left.unsent)))  # type: ignore[arg-type]

    async def later(self) -> None:
        """Do what is due, until cancelled: delayed answers, and receipts."""
        await self._agenda.run()

    # ---- what an ESME says

    def _hear(self, line: Line, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Asked):
                self._asked(line, event.pdu)
            elif isinstance(event, Answered):
                self._receipted(event.ref, event.status)
            elif isinstance(event, Unanswered):
                self._again(event.ref)
        self._hand_over(line)

    def _asked(self, line: Line, pdu: Pdu) -> None:
        if pdu.command in ACCEPTED:
            self._bind(line, pdu)
        elif pdu.command in _TAKEN:
            self._submit(line, pdu)
        else:
            line.session.respond(pdu, trio.current_time(), Status.ESME_RINVCMDID)

    def _bind(self, line: Line, pdu: Pdu) -> None:
        if status := self._bind_status(pdu):
            self.counters.refused_binds += 1
            line.session.refuse(pdu, trio.current_time(), status)
            return
        self.counters.binds += 1
        line.system_id = pdu.fields["system_id"]
        line.session.accept(pdu, trio.current_time(), "iso-alert-smsc")

    def _bind_status(self, pdu: Pdu) -> int:
        options = self.options
        if options.refuse_bind:
            return options.refuse_bind
        if options.system_id and pdu.fields["system_id"] != options.system_id:
            return Status.ESME_RINVSYSID
        wrong = options.password and pdu.fields["password"] != options.password
        return Status.ESME_RINVPASWD if wrong else Status.ESME_ROK

    # ---- a message

    def _submit(self, line: Line, pdu: Pdu) -> None:
        self.counters.submitted += 1
        if self._too_fast():
            self.counters.throttled += 1
            line.session.respond(pdu, trio.current_time(), Status.ESME_RTHROTTLED)
            return
        number = next(self._ids)
        answer = self._answer(line, pdu, number)
        if self.options.receipt_first:
            self._promise_receipt(line, pdu, number, 0)
            self._agenda.after(self.options.response_latency, answer)
        else:
            self._agenda.after(self.options.response_latency, answer)
            self._promise_receipt(line, pdu, number, self.options.response_latency + self.options.receipt_latency)
        self._show(pdu)

    def _too_fast(self) -> bool:
        now = trio.current_time()
        if self._falls(self.options.throttle_every) or self._bucket.available(now) < 1:
            return True
        self._bucket.take(1, now)
        return False

    def _falls(self, every: int) -> bool:
        return every > 0 and self.counters.submitted % every == 0

    def _show(self, pdu: Pdu) -> None:
        if (sms := self._inbox.take(pdu.fields, pdu.tlvs, self.clock())) is not None:
            self.counters.sms += 1
            self.on_sms(sms)

    def _answer(self, line: Line, pdu: Pdu, number: int) -> Callable[[], None]:
        """What is to happen instead of, or as, the answer to the message counted last."""
        if self._falls(self.options.drop_every):
            self.counters.dropped += 1
            return line.drop
        if self._falls(self.options.ignore_every):
            self.counters.ignored += 1
            return _nothing
        return partial(self._accept, line, pdu, number)

    def _accept(self, line: Line, pdu: Pdu, number: int) -> None:
        line.session.respond(pdu, trio.current_time(), body=b"%08X\0" % number)
        line.nudge()

    # ---- its receipt

    def _promise_receipt(self, line: Line, pdu: Pdu, number: int, seconds: float) -> None:
        if not pdu.fields["registered_delivery"] & 0x03:
            return
        if self._random.random() < self.options.drop_receipts:
            self.counters.receipts_withheld += 1
            return
        body = receipt_body(pdu, number, self.options, self.clock(), self._random.random() >= self.options.undelivered)
        self._agenda.after(seconds, partial(self._queue, _Receipt(line.system_id, body)))

    def _queue(self, receipt: _Receipt) -> None:
        self._receipts[receipt.system_id].append(receipt)
        for line in self._lines:
            if line.system_id == receipt.system_id:
                self._hand_over(line)

    def _hand_over(self, line: Line) -> None:
        """Send what waits for this ESME, as far as its window has room."""
        waiting, session = self._receipts[line.system_id], line.session
        while waiting and session.state in MAY_RECEIVE and session.room:
            receipt = waiting.popleft()
            session.request(Command.DELIVER_SM, receipt.body, receipt, trio.current_time())
        line.nudge()

    def _receipted(self, receipt: object, status: int) -> None:
        if status:
            self._again(receipt)
        else:
            self.counters.receipts += 1

    def _again(self, receipt: object) -> None:
        if isinstance(receipt, _Receipt):
            self._agenda.after(AGAIN, partial(self._queue, receipt))


def _nothing() -> None:
    """The answer that never comes."""


async def serve_smsc(
    options: SmscOptions,
    host: str,
    port: int,
    on_sms: OnSms,
    *,
    counters: Counters | None = None,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Be an SMSC until cancelled; started with the port. `on_sms` gets each SMS once all its parts are there."""
    smsc = Smsc(options, on_sms, counters=counters or Counters())
    await smsc.serve(host, port, task_status=task_status)
