"""Play a dialogue from `fixtures/smpp/`: what goes in, what must come out, and what the clock says.

A play names a `role`, and if it likes a `window` and `timers`. Each `[[step]]` may say:

    at = 30.0               the clock moves here first, and the session is told so
    do = ["submit a"]       what our own side asks for (see `_DEEDS`)
    in = "hex"              what the peer sends; anything after a `#` is a comment
    events = ["Late 7"]     what we must be told: all of it, in this order; none by default
    out = "hex"             what we must write: all of it; nothing by default
    fetch = false           nobody writes in this step: what was asked stays unsent
    state, room, deadline   what must hold after the step
    unsent, in_doubt        what `do = ["hang up"]` must hand back
    misuse = "why"          the deed is our own mistake and must be refused
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from iso_alert.smpp.command import Command, command_name, status_name
from iso_alert.smpp.event import (
    Answered,
    AnsweredLate,
    Asked,
    BindRefused,
    Bound,
    Closed,
    Event,
    Late,
    Rejected,
    Unanswered,
)
from iso_alert.smpp.pdu import Pdu, write_body
from iso_alert.smpp.session import Misuse, Session
from iso_alert.smpp.state import Role
from iso_alert.smpp.timers import Timers
from iso_alert.smpp.window import Leftovers

BIND = {"system_id": "bank", "password": "secret", "interface_version": 0x34}
SMS = {"destination_addr": "66812345678", "short_message": b"hi"}
TELL: Mapping[type, Callable[[Any], str]] = {
    Bound: lambda each: f"Bound {each.state.value}",
    BindRefused: lambda each: f"BindRefused {status_name(each.status)}",
    Answered: lambda each: f"Answered {each.ref} {status_name(each.status)} {each.message_id}".rstrip(),
    AnsweredLate: lambda each: f"AnsweredLate {each.ref} {status_name(each.status)} {each.message_id}".rstrip(),
    Unanswered: lambda each: f"Unanswered {each.ref}",
    Late: lambda each: f"Late {each.sequence}",
    Asked: lambda each: f"Asked {command_name(each.pdu.command)} {each.pdu.sequence}",
    Rejected: lambda each: f"Rejected {command_name(each.command)} {status_name(each.status)}: {each.why}",
    Closed: lambda each: f"Closed {each.reason.value}",
}


def octets(text: str) -> bytes:
    """The bytes of annotated hex."""
    return bytes.fromhex(" ".join(line.partition("#")[0] for line in text.splitlines()))


@define
class Stage:
    """A session and what happened to it."""

    session: Session
    now: float = 0.0
    asked: list[Pdu] = field(factory=list)
    left: Leftovers = field(factory=lambda: Leftovers((), ()))

    def hear(self, events: list[Event]) -> list[str]:
        self.asked += [each.pdu for each in events if isinstance(each, Asked)]
        return [TELL[type(each)](each) for each in events]

    def do(self, deed: str) -> None:
        verb, _, argument = deed.partition(" ")
        _DEEDS[verb](self, argument)

    def _bind(self, mode: str) -> None:
        self.session.bind(Command[f"BIND_{mode.upper()}"], BIND, self.now)

    def _submit(self, ref: str) -> None:
        self.session.request(Command.SUBMIT_SM, write_body(Command.SUBMIT_SM, SMS), ref, self.now)

    def _deliver(self, ref: str) -> None:
        self.session.request(Command.DELIVER_SM, write_body(Command.DELIVER_SM, SMS), ref, self.now)

    def _respond(self, argument: str) -> None:
        status, _, message_id = argument.partition(" ")
        self.session.respond(self.asked.pop(0), self.now, int(status, 16), message_id.encode() + b"\0")

    def _accept(self, _: str) -> None:
        self.session.accept(self.asked.pop(0), self.now, "operator")

    def _refuse(self, status: str) -> None:
        self.session.refuse(self.asked.pop(0), self.now, int(status, 16))

    def _hang(self, _: str) -> None:
        self.left = self.session.hang_up()

    def _drain(self, _: str) -> None:
        self.session.drain(self.now)

    def _unbind(self, _: str) -> None:
        self.session.unbind(self.now)


_DEEDS: Mapping[str, Callable[[Stage, str], None]] = {
    "bind": Stage._bind,  # transmitter, receiver, transceiver
    "submit": Stage._submit,  # a ref
    "deliver": Stage._deliver,  # a ref
    "respond": Stage._respond,  # a status and a message id, to the oldest request not yet answered
    "accept": Stage._accept,
    "refuse": Stage._refuse,  # a status
    "drain": Stage._drain,
    "unbind": Stage._unbind,
    "hang": Stage._hang,  # up
}


def play(file: Path) -> None:
    script = tomllib.loads(file.read_text("utf-8"))
    session = Session(Role(script["role"]), 0.0, Timers(**script.get("timers", {})), script.get("window", 50))
    stage = Stage(session)
    for number, step in enumerate(script["step"], 1):
        told = _act(stage, step)
        written = b"" if step.get("fetch") is False else session.outgoing()

        assert (number, told) == (number, step.get("events", []))
        assert (number, written.hex(" ")) == (number, octets(step.get("out", "")).hex(" "))
        assert (number, _seen(stage, step)) == (number, {name: step[name] for name in _SEEN if name in step})


def _act(stage: Stage, step: Mapping[str, Any]) -> list[str]:
    stage.now = step.get("at", stage.now)
    told = stage.hear(stage.session.tick(stage.now)) if "at" in step else []
    try:
        for deed in step.get("do", []):
            stage.do(deed)
    except Misuse as fault:
        assert str(fault) == step.get("misuse")
    else:
        assert "misuse" not in step
    if "in" in step:
        told += stage.hear(stage.session.receive(octets(step["in"]), stage.now))
    return told


_SEEN: Mapping[str, Callable[[Stage], Any]] = {
    "state": lambda stage: stage.session.state.value,
    "room": lambda stage: stage.session.room,
    "deadline": lambda stage: stage.session.deadline(),
    "unsent": lambda stage: list(stage.left.unsent),
    "in_doubt": lambda stage: list(stage.left.in_doubt),
}


def _seen(stage: Stage, step: Mapping[str, Any]) -> dict[str, Any]:
    return {name: look(stage) for name, look in _SEEN.items() if name in step}
