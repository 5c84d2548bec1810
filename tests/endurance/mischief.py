"""What the bad SMSC does to a connection, beside what it answers: a table of names and deeds."""

from collections.abc import Awaitable, Callable, Mapping
from math import inf
from random import Random

import trio

from iso_alert.smpp.command import Command
from iso_alert.smpp.pdu import HEADER, write_body, write_frame
from iso_alert.smpp.receipt import ESM_RECEIPT
from tests.endurance.line import Line

Deed = Callable[[Line, Random], Awaitable[None]]
FOR_GOOD = 3600.0  # seconds
_TOO_MUCH = 0xFFFF_FFFF
_PHONE = write_body(Command.DELIVER_SM, {"source_addr": "66810000099", "short_message": b"hello"})


async def _drop(line: Line, _: Random) -> None:
    """With a window of messages on the wire, and answers of ours perhaps not sent."""
    line.drop()


async def _torn_and_gone(line: Line, dice: Random) -> None:
    line.say(_whole(dice)[: dice.randrange(1, 30)], inf)


async def _torn(line: Line, dice: Random) -> None:
    whole = _whole(dice)
    at = dice.randrange(1, len(whole))
    line.say(whole[:at], dice.uniform(0.2, 2.0))
    line.say(whole[at:])


async def _unbind(line: Line, _: Random) -> None:
    line.say(write_frame(Command.UNBIND, 0, 0x7FFF_FFFF))
    await trio.sleep(2)
    line.drop()


async def _noise(line: Line, dice: Random) -> None:
    line.say(dice.randbytes(dice.randrange(16, 400)))


def _false_length(length: int) -> Deed:
    async def deed(line: Line, _: Random) -> None:
        line.say(HEADER.pack(length, Command.ENQUIRE_LINK, 0, 1))

    return deed


async def _too_long(line: Line, _: Random) -> None:
    """It swallows the head of what comes next."""
    line.say(HEADER.pack(16 + 7, Command.ENQUIRE_LINK_RESP, 0, 1))


async def _unknown(line: Line, dice: Random) -> None:
    line.say(write_frame(dice.choice((0x0000_0FFF, 0x0001_0200, 0x7FFF_FFFF, Command.SUBMIT_SM)), 0, 77, b"what"))


async def _broken_delivery(line: Line, dice: Random) -> None:
    """Fields without an end, texts longer than the PDU, parameters cut in the middle."""
    wire = bytearray(_PHONE + b"\x00\x1e\x00\x09ABC")
    del wire[dice.randrange(3, len(wire)) :]
    line.say(write_frame(Command.DELIVER_SM, 0, 0x7000_0000, bytes(wire)))


async def _to_nothing(line: Line, dice: Random) -> None:
    command = dice.choice(
        (Command.SUBMIT_SM_RESP, Command.GENERIC_NACK, Command.DELIVER_SM_RESP, Command.QUERY_SM_RESP)
    )
    line.say(write_frame(command, dice.choice((0, 0x58)), 0x7FFF_0000, b"FEEDFACE\0"))


async def _ask_often(line: Line, _: Random) -> None:
    line.say(b"".join(write_frame(Command.ENQUIRE_LINK, 0, 0x6000_0000 + n) for n in range(200)))


async def _receipts_of_others(line: Line, dice: Random) -> None:
    """As an SMSC sends that mixes up its customers."""
    for n in range(200):
        text = f"id:FEED{dice.randrange(1 << 32):08X} sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
        fields = {"source_addr": "66899999999", "esm_class": ESM_RECEIPT, "short_message": text.encode()}
        line.say(write_frame(Command.DELIVER_SM, 0, 0x7200_0000 + n, write_body(Command.DELIVER_SM, fields)))


async def _deaf(line: Line, dice: Random) -> None:
    line.deafen(dice.uniform(2, 8))


async def _deaf_for_long(line: Line, _: Random) -> None:
    """Longer than the ESME waits for an answer."""
    line.deafen(34)


async def _hang(line: Line, _: Random) -> None:
    """As a process does that is stuck: the connection stands, and nobody is there any more."""
    line.deafen(FOR_GOOD)


def _whole(dice: Random) -> bytes:
    """A PDU without a fault, of a phone that writes to us."""
    return write_frame(Command.DELIVER_SM, 0, 0x7100_0000 + dice.randrange(0xFFFF), _PHONE)


MISCHIEF: Mapping[str, Deed] = {
    "drop": _drop,
    "half a PDU, then gone": _torn_and_gone,
    "half a PDU, then the rest": _torn,
    "unbind": _unbind,
    "noise": _noise,
    "length 0": _false_length(0),
    "length 15": _false_length(15),
    "length 4 GiB": _false_length(_TOO_MUCH),
    "length too long": _too_long,
    "unknown command": _unknown,
    "broken deliver_sm": _broken_delivery,
    "answer to nothing": _to_nothing,
    "enquire_links": _ask_often,
    "receipts of others": _receipts_of_others,
    "deaf for a moment": _deaf,
    "deaf for long": _deaf_for_long,
    "hangs": _hang,
}
