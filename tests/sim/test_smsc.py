"""The simulated SMSC does what its options say, no more; and its phones show what a phone would."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import trio
from attrs import define, field
from click.testing import CliRunner
from trio.testing import MockClock, memory_stream_pair

from iso_alert.cli.smsc import command
from iso_alert.sim.agenda import Agenda
from iso_alert.sim.inbox import MOST_OPEN, Inbox, Sms
from iso_alert.sim.smsc import Counters, Smsc, SmscOptions, serve_smsc
from iso_alert.smpp.command import Command, Status
from iso_alert.smpp.event import Answered, Asked, BindRefused, Bound, Closed, Event
from iso_alert.smpp.pdu import write_body
from iso_alert.smpp.receipt import MessageState, Receipt, read_receipt
from iso_alert.smpp.session import Session
from iso_alert.smpp.state import Role, State
from iso_alert.smpp.text import LongMessages, Part, cut

THAI = "ชำระ 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ"


@define(eq=False)
class Esme:
    """The least of an ESME: a session and a stream, driven by hand."""

    stream: trio.abc.Stream
    session: Session = field(factory=lambda: Session(Role.ESME, 0.0, window=1000))
    heard: list[Event] = field(factory=list)

    async def bind(self, command: int = Command.BIND_TRANSCEIVER, password: str = "") -> None:
        self.session.bind(command, {"system_id": "bank", "password": password}, 0.0)
        await self.until(1)

    def submit(self, ref: Any, part: Part, registered: int = 1) -> None:
        fields = {
            "source_addr": "KBank", "destination_addr": "66812345678", "esm_class": part.esm_class,
            "data_coding": part.data_coding, "registered_delivery": registered, "short_message": part.short_message,
        }  # fmt: skip
        self.session.request(Command.SUBMIT_SM, write_body(Command.SUBMIT_SM, fields, part.tlvs), ref, 0.0)

    async def until(self, count: int) -> list[Event]:
        """Write what waits, and listen until so many events were heard; receipts are acknowledged."""
        while len(self.heard) < count and self.session.state is not State.CLOSED:
            if octets := self.session.outgoing():
                await self.stream.send_all(octets)
            octets = bytes(await self.stream.receive_some())
            if not octets:
                break
            self.heard += self._acknowledged(self.session.receive(octets, 0.0))
        if octets := self.session.outgoing():
            await self.stream.send_all(octets)
        return self.heard

    def _acknowledged(self, events: list[Event]) -> list[Event]:
        for event in events:
            if isinstance(event, Asked):
                self.session.respond(event.pdu, 0.0)
        return events


Call = Callable[..., Awaitable[tuple[Esme, Smsc, list[Sms]]]]


@pytest.fixture
def call(nursery: trio.Nursery) -> Call:
    """Call an SMSC with these options: the ESME, the SMSC, and what its phones show."""

    async def call(bound: bool = True, **options: Any) -> tuple[Esme, Smsc, list[Sms]]:
        shown: list[Sms] = []
        smsc = Smsc(SmscOptions(**options), shown.append, clock=lambda: 0.0)
        ours, theirs = memory_stream_pair()
        nursery.start_soon(smsc.later)
        nursery.start_soon(smsc.carry, theirs)
        esme = Esme(ours)
        if bound:
            await esme.bind()
            esme.heard.clear()
        return esme, smsc, shown

    return call


def statuses(events: list[Event]) -> list[int]:
    return [each.status for each in events if isinstance(each, Answered)]


def receipts(events: list[Event]) -> list[Receipt]:
    found = [read_receipt(each.pdu.fields, each.pdu.tlvs) for each in events if isinstance(each, Asked)]
    return [each for each in found if each is not None]


def send(esme: Esme, count: int, registered: int = 0) -> None:
    for number in range(count):
        esme.submit(number, cut(f"number {number}")[0], registered)


# ---- what phones show


@pytest.mark.parametrize("method", ["udh8", "udh16", "sar", "payload"])
async def test_it_joins_parts(autojump_clock: MockClock, call: Call, method: LongMessages) -> None:
    """Backwards, and by any method: one SMS with all of the text."""
    esme, smsc, shown = await call()
    parts = cut(THAI, reference=9, long_messages=method)
    for part in reversed(parts):
        esme.submit(part.number, part, registered=0)
    await esme.until(len(parts))

    assert shown == [Sms("KBank", "66812345678", THAI, len(parts), "ucs2", 0.0)]
    assert (smsc.counters.submitted, smsc.counters.sms) == (len(parts), 1)


async def test_it_reads_gsm(autojump_clock: MockClock, call: Call) -> None:
    """Escape pairs and the at sign."""
    esme, _, shown = await call()
    esme.submit("a", cut("{€} @ [~]")[0], registered=0)
    await esme.until(1)

    assert [(sms.text, sms.encoding) for sms in shown] == [("{€} @ [~]", "gsm")]


def test_a_part_that_comes_twice_is_shown_once() -> None:
    """As after a doubtful submit: the phone takes the second copy for the same part."""
    first, second = cut(THAI)
    inbox = Inbox()
    fields = [_fields(part) for part in (first, first, second)]
    shown = [inbox.take(each, {}, 0.0) for each in fields]

    assert [sms.text if sms else None for sms in shown] == [None, None, THAI]


def test_unfinished_messages_are_forgotten_in_the_end() -> None:
    """Memory is bounded, as a phone's is."""
    inbox = Inbox()
    for number in range(MOST_OPEN + 10):
        inbox.take(_fields(cut(THAI)[0]) | {"destination_addr": str(number)}, {}, 0.0)

    assert len(inbox._open) == MOST_OPEN


def _fields(part: Part) -> dict[str, Any]:
    return {
        "source_addr": "KBank", "destination_addr": "66812345678", "esm_class": part.esm_class,
        "data_coding": part.data_coding, "short_message": part.short_message,
    }  # fmt: skip


# ---- answers


async def test_throttling(autojump_clock: MockClock, call: Call) -> None:
    """Every third is too fast, and is shown on no phone."""
    esme, smsc, shown = await call(throttle_every=3)
    send(esme, 9)
    events = await esme.until(9)

    assert statuses(events) == [0, 0, Status.ESME_RTHROTTLED] * 3
    assert (smsc.counters.throttled, len(shown)) == (3, 6)


async def test_a_rate(autojump_clock: MockClock, call: Call) -> None:
    """What comes faster than the contract is throttled."""
    esme, *_ = await call(rate=50.0)
    send(esme, 20)
    events = await esme.until(20)

    assert statuses(events) == [0] * 5 + [Status.ESME_RTHROTTLED] * 15


async def test_latency(autojump_clock: MockClock, call: Call) -> None:
    """The answer takes its time, and so does the receipt after it."""
    esme, _, _ = await call(response_latency=2.0, receipt_latency=3.0)
    send(esme, 1, registered=1)
    await esme.until(1)
    answered = trio.current_time()
    await esme.until(2)

    assert (answered, trio.current_time()) == pytest.approx((2.0, 5.0))


async def test_some_are_never_answered(autojump_clock: MockClock, call: Call) -> None:
    """Every second is taken and shown, and not answered."""
    esme, smsc, shown = await call(ignore_every=2)
    send(esme, 4)
    events = await esme.until(2)

    assert [each.ref for each in events if isinstance(each, Answered)] == [0, 2]
    assert (len(shown), smsc.counters.ignored) == (4, 2)


async def test_the_connection_breaks(autojump_clock: MockClock, call: Call) -> None:
    """At the third message, after it was taken."""
    esme, smsc, shown = await call(drop_every=3)
    send(esme, 3)
    await esme.until(3)

    assert (len(shown), smsc.counters.dropped) == (3, 1)
    assert await esme.stream.receive_some() == b""


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"refuse_bind": 13}, Status.ESME_RBINDFAIL),
        ({"system_id": "other"}, Status.ESME_RINVSYSID),
        ({"password": "right"}, Status.ESME_RINVPASWD),
    ],
)
async def test_who_is_not_let_in(autojump_clock: MockClock, call: Call, options: dict[str, Any], status: int) -> None:
    """The status says why."""
    esme, smsc, _ = await call(bound=False, **options)
    await esme.bind(password="wrong")

    assert (esme.heard, smsc.counters.refused_binds) == ([BindRefused(status)], 1)


async def test_who_is_let_in(autojump_clock: MockClock, call: Call) -> None:
    """With the right name and the right word."""
    esme, smsc, _ = await call(bound=False, system_id="bank", password="right")
    await esme.bind(password="right")

    assert (esme.heard, smsc.counters.binds) == ([Bound(State.BOUND_TRX)], 1)


async def test_a_question_it_does_not_know(autojump_clock: MockClock, call: Call) -> None:
    """query_sm is no part of this simulator."""
    esme, _, _ = await call()
    esme.session._ask(Command.QUERY_SM, 0.0, write_body(Command.QUERY_SM, {"message_id": "1"}))
    await trio.testing.wait_all_tasks_blocked()
    await esme.stream.send_all(esme.session.outgoing())
    octets = bytes(await esme.stream.receive_some())

    assert octets[4:12] == bytes.fromhex("80000003 00000003")


# ---- receipts


@pytest.mark.parametrize("spelling", ["same", "hex", "decimal"])
async def test_receipts_name_their_message(autojump_clock: MockClock, call: Call, spelling: str) -> None:
    """In the spelling that was asked for."""
    esme, smsc, _ = await call(receipt_id=spelling)
    send(esme, 1, registered=1)
    answered, _ = await esme.until(2)
    (receipt,) = receipts(esme.heard)
    await trio.testing.wait_all_tasks_blocked()

    assert isinstance(answered, Answered)
    assert int(receipt.message_id, 10 if spelling == "decimal" else 16) == int(answered.message_id, 16)
    assert (receipt.state, smsc.counters.receipts) == (MessageState.DELIVERED, 1)


async def test_nobody_who_did_not_ask_gets_one(autojump_clock: MockClock, call: Call) -> None:
    """registered_delivery 0 is no."""
    esme, smsc, _ = await call()
    send(esme, 5)
    await esme.until(5)
    await trio.sleep(60)

    assert [len(waiting) for waiting in smsc._receipts.values()] == [0]


async def test_receipts_that_never_come(autojump_clock: MockClock, call: Call) -> None:
    """A share of them, by dice that always fall the same way."""
    esme, smsc, _ = await call(drop_receipts=0.5, undelivered=0.5, receipt_tlvs=False, seed=3)
    send(esme, 100, registered=1)
    await esme.until(100)
    withheld = smsc.counters.receipts_withheld
    await esme.until(200 - withheld)
    failed = [each for each in receipts(esme.heard) if each.state is MessageState.UNDELIVERABLE]

    assert 35 <= withheld <= 65
    assert 0.3 <= len(failed) / (100 - withheld) <= 0.7


async def test_a_receipt_before_its_answer(autojump_clock: MockClock, call: Call) -> None:
    """As some do under load."""
    esme, _, _ = await call(receipt_first=True)
    send(esme, 1, registered=1)

    assert [type(each) for each in await esme.until(2)] == [Asked, Answered]


async def test_a_transmitter_gets_none_but_its_receiver_does(
    autojump_clock: MockClock, nursery: trio.Nursery, call: Call
) -> None:
    """Receipts wait for a bind of the same ESME that may receive."""
    esme, smsc, _ = await call(bound=False)
    await esme.bind(Command.BIND_TRANSMITTER)
    send(esme, 1, registered=1)
    await esme.until(2)
    await trio.sleep(5)
    ours, theirs = memory_stream_pair()
    nursery.start_soon(smsc.carry, theirs)
    receiver = Esme(ours)
    await receiver.bind(Command.BIND_RECEIVER)
    await receiver.until(2)

    assert (len(receipts(esme.heard)), len(receipts(receiver.heard))) == (0, 1)


# ---- over sockets, and from the command line


async def test_it_serves(nursery: trio.Nursery) -> None:
    """Port 0 is a free one, and the counters are the caller's."""
    counters, shown = Counters(), list[Sms]()
    port = await nursery.start(partial(serve_smsc, SmscOptions(), "127.0.0.1", 0, shown.append, counters=counters))
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        esme = Esme(stream)
        await esme.bind()
        send(esme, 3)
        await esme.until(4)
        esme.session.drain(0.0)
        await esme.until(5)

    assert (counters.binds, counters.submitted, len(shown)) == (1, 3, 3)
    assert isinstance(esme.heard[-1], Closed)
    nursery.cancel_scope.cancel()


async def test_the_agenda_keeps_order(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """By time, and at one time by turn."""
    agenda, done = Agenda(), list[int]()
    nursery.start_soon(agenda.run)
    for number, seconds in enumerate([2.0, 1.0, 1.0, 0.0]):
        agenda.after(seconds, partial(done.append, number))
    await trio.sleep(3)

    assert done == [3, 1, 2, 0]


def test_the_command_shows_its_examples_first() -> None:
    """Help begins with what to type."""
    help_text = CliRunner().invoke(command, ["-h"]).output

    assert help_text.index("iso-alert smsc --port 0 --json") < help_text.index("--receipt-latency")


def test_the_command_says_when_the_port_is_taken() -> None:
    """In words, and with exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(command, ["--port", str(taken.getsockname()[1])])

    assert (result.exit_code, "already in use" in result.output) == (1, True)


async def test_the_command_serves_shows_and_ends() -> None:
    """A line of JSON for each SMS with the number masked; SIGTERM ends it, exit 0."""
    code = "from iso_alert.cli.smsc import command; command()"
    arguments = [sys.executable, "-c", code, "--port", "0", "--json"]
    async with trio.open_nursery() as nursery:
        process = await nursery.start(
            partial(trio.run_process, arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        )
        line = bytes(await process.stderr.receive_some())
        async with await trio.open_tcp_stream("127.0.0.1", int(line.rpartition(b":")[2])) as stream:
            esme = Esme(stream)
            await esme.bind()
            for part in cut(THAI):
                esme.submit(part.number, part)
            await esme.until(3)
            shown = json.loads(await process.stdout.receive_some())
        process.send_signal(signal.SIGTERM)

    assert (shown["text"], shown["destination"], shown["parts"]) == (THAI, "+66*****5678", 2)
    assert process.returncode == 0
