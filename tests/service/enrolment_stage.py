"""An ATM switch on a stage: a link over memory streams, the enrolment, and a real store with a small bank in it.

Cards 1 and 3 are customer C1's; card 2 is blocked, card 4 a company's, and card 5 on no file.
"""

import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from attrs import define, evolve
from trio.testing import memory_stream_pair

from iso_alert.domain.command import Actor, Operation, Via
from iso_alert.domain.subscribing import EnrolmentRules
from iso_alert.domain.subscription import SubscriptionState
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.profile import read_profile
from iso_alert.iso.record import write_record
from iso_alert.service.desk import Desk
from iso_alert.service.enrolment import Enrolment, read_slips
from iso_alert.service.link import Connection, LinkRules
from iso_alert.service.subscribing import Subscribing
from iso_alert.sim.cards import test_pan
from iso_alert.store.port import Confirmed, Lease, StoreUnavailable, Taken
from tests.service.link_stage import Journal, Watch
from tests.support import wire
from tests.support.bank import KEYRING, NOW, card, card_line
from tests.support.engines import ROUTE, Kept, sqlite
from tests.support.people import command, rules

LINK = "atm"
BACK_OFFICE = Actor("supervisor-1", Via.API)
PROFILE = read_profile("kmalert-fa/1")
SLIPS = read_slips()
NOT_HERE = ("4", "12", "13", "18", "22", "25", "43", "49")  # of a payment


@define(eq=False)
class Bank:
    """The store, the enrolment, and a switch that asks."""

    kept: Kept
    subscribing: Subscribing
    now: float = NOW
    nudges: int = 0
    host: Any = None
    watch: Any = None

    async def ask(self, *frames: bytes) -> list[dict[str, str]]:
        """The answers to these frames."""
        await self.host.send_all(b"".join(frames))
        data = b""
        with trio.fail_after(20):
            while len(_whole(data)) < len(frames):
                data += await self.host.receive_some()
        return [thai(answer) for answer in wire.answers(data)]

    def sms(self) -> list[Lease]:
        """Everything that waits leaves and arrives."""
        left: list[Lease] = []
        while leases := self.kept.claim(self.now):
            for lease in leases:
                ids = (f"id{lease.alert}",)
                self.kept.store.settle([Taken(lease.alert, 1, 1, ROUTE, ids, self.now)])
                self.kept.store.settle([Confirmed(ROUTE, ids, lease.mobile, "DELIVRD", True, "", self.now)])
            left += leases
        return left

    def do(self, operation: str, serial: int, by: EnrolmentRules) -> None:
        """What the bank does meanwhile."""
        asked = command(Operation(operation), card=card(serial), actor=BACK_OFFICE)
        self.kept.store.people.execute(asked, by, self.now)

    def state(self, serial: int) -> str:
        standing = self.kept.store.people.standing(card(serial))
        return standing.record.state.value if standing and standing.record else SubscriptionState.NONE.value


def _whole(data: bytes) -> list[bytes]:
    try:
        return list(wire.cut(data))
    except AssertionError:
        return []


def thai(answer: Mapping[str, str]) -> dict[str, str]:
    """The slip as the printer shows it."""
    return {key: value.encode("latin-1").decode("cp874") if key == "63" else value for key, value in answer.items()}


def tags(lines: Iterable[str]) -> str:
    """`["01 0812345678", "02 TH"]` as a record."""
    return write_record((line[:2], line[3:]) for line in lines)


def file_action(turn: Mapping[str, Any], stan: int) -> bytes:
    """The message of one turn of a story."""
    operation, _, file = turn["asks"].partition(" ")
    own = {"91": operation, "101": file, "120": turn["raw"] if "raw" in turn else tags(turn.get("record", ()))}
    usual = wire.fields(turn.get("stan", stan), test_pan(turn.get("card", 1)), turn.get("mti", "0302"))
    fields = {**usual, "3": "970000", **dict.fromkeys(NOT_HERE, ""), **own, **turn.get("fields", {})}
    return wire.frame({key: value for key, value in fields.items() if value})


class Away:
    """A store that cannot be written, or that has a fault of ours."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    @property
    def people(self) -> "Away":
        return self

    def execute(self, *_: Any) -> None:
        raise self.fault


FAULTS = {"away": StoreUnavailable("the disk is full"), "broken": KeyError("a bug")}


@asynccontextmanager
async def bank(story: Mapping[str, Any]) -> AsyncIterator[Bank]:
    """A bank as the story wants it, with its switch on the line."""
    by = rules(**story.get("rules", {}))
    with tempfile.TemporaryDirectory() as place:
        kept = sqlite(Path(place))
        linked = evolve(card_line(3, customer="C1"), primary=False)
        kept.store.import_cards([card_line(1), card_line(2), linked, card_line(4)])
        kept.query(f"UPDATE card SET status = 'blocked' WHERE last4 = '{test_pan(2)[-4:]}'")
        kept.query("UPDATE customer SET is_natural = 0 WHERE ref = 'C4'")
        desk: Any = Desk(Away(FAULTS[story["store"]]) if "store" in story else kept.store)  # type: ignore[arg-type]
        made = Bank(kept, Subscribing(desk, by, lambda: _nudge(made), lambda: made.now))
        enrolment = Enrolment(made.subscribing, SLIPS, frozenset(story.get("operators", ())))
        spoken = dialect(LINK, PROFILE, enrolment=story.get("enrolment", True))
        ours, made.host = memory_stream_pair()
        made.watch = Watch()
        codec = Codec(spoken, KEYRING)
        connection = Connection(LinkRules(LINK), codec, Journal(), made.watch, lambda: made.now, enrolment)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.run, ours, "192.0.2.1")
            yield made
            nursery.cancel_scope.cancel()
        kept.store.close()


def _nudge(bank: Bank) -> None:
    bank.nudges += 1
