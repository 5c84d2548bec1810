"""smpplib judges our PDUs: it reads what we write, and we read what it writes."""

from typing import Any

import smpplib.command
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.smpp.command import Command
from iso_alert.smpp.pdu import Pdu, read, write
from iso_alert.smpp.wire import Wire

TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
MESSAGES = st.fixed_dictionaries(
    {
        "source_addr_ton": st.sampled_from([0, 1, 5]),
        "source_addr": TEXT,
        "destination_addr_ton": st.just(1),
        "destination_addr_npi": st.just(1),
        "destination_addr": st.from_regex(r"[0-9]{1,15}", fullmatch=True),
        "esm_class": st.sampled_from([0, 4, 0x40]),
        "registered_delivery": st.just(1),
        "data_coding": st.sampled_from([0, 8]),
        "short_message": st.binary(min_size=1, max_size=140),
    }
)
THEIRS = {"destination_addr_ton": "dest_addr_ton", "destination_addr_npi": "dest_addr_npi"}


class Counter:
    """smpplib wants whoever numbers its PDUs."""

    sequence = 7

    def next_sequence(self) -> int:
        return self.sequence


def value(theirs: Any) -> Any:
    return theirs.encode("latin-1") if isinstance(theirs, str) else theirs


@given(MESSAGES, st.sampled_from([Command.SUBMIT_SM, Command.DELIVER_SM]))
def test_it_reads_what_we_write(fields: dict[str, Any], command: Command) -> None:
    """Every field of a message is in its place."""
    theirs = smpplib.smpp.parse_pdu(write(Pdu(command, 0, 7, fields)), client=Counter(), allow_unknown_opt_params=True)

    assert (theirs.command, theirs.sequence) == (command.name.lower(), 7)
    assert {name: value(getattr(theirs, THEIRS.get(name, name))) for name in fields} == {
        name: value(ours) for name, ours in fields.items()
    }


@given(MESSAGES)
def test_we_read_what_it_writes(fields: dict[str, Any]) -> None:
    """And the other way round."""
    given_to_it = {THEIRS.get(name, name): each for name, each in fields.items()}
    theirs = smpplib.smpp.make_pdu("submit_sm", client=Counter(), **given_to_it)
    (frame,) = Wire().frames(theirs.generate())
    pdu = read(frame)

    assert {name: pdu.fields[name] for name in fields} == fields


@given(TEXT)
def test_it_reads_our_answer(message_id: str) -> None:
    """The message id of a submit_sm_resp."""
    octets = write(Pdu(Command.SUBMIT_SM_RESP, 0, 7, {"message_id": message_id}))
    theirs = smpplib.smpp.parse_pdu(octets, client=Counter())

    assert value(theirs.message_id) == message_id.encode()
