"""What every SMPP PDU carries: one table, command by command (SMPP 3.4, chapter 4).

A field is a C-octet string, a number, or octets with their length in front. Limits are the standard's, and include the
closing zero.

submit_multi is left out on purpose: one SMS goes to one person here, and the standard lets a peer answer it with
generic_nack.
"""

from collections.abc import Mapping
from enum import Enum

from attrs import frozen

from .command import Command


class Kind(Enum):
    """How a field stands on the wire."""

    TEXT = "C-octet string"
    NUMBER = "number"
    OCTETS = "octets, one octet of length in front"


@frozen
class Field:
    """A row of the table; `limit` is octets for text and octets, width for a number."""

    name: str
    kind: Kind
    limit: int


def _text(name: str, limit: int) -> Field:
    return Field(name, Kind.TEXT, limit)


def _numbers(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, Kind.NUMBER, 1) for name in names)


def _address(name: str, limit: int = 21) -> tuple[Field, ...]:
    return (*_numbers(f"{name}_ton", f"{name}_npi"), _text(name, limit))


# The standard gives a password 8 letters. Operators hand out longer ones, and take them.
_PASSWORD = _text("password", 65)
_BIND = (
    _text("system_id", 16), _PASSWORD, _text("system_type", 13),
    *_numbers("interface_version", "addr_ton", "addr_npi"), _text("address_range", 41),
)  # fmt: skip
_SUBMIT = (
    _text("service_type", 6), *_address("source_addr"), *_address("destination_addr"),
    *_numbers("esm_class", "protocol_id", "priority_flag"),
    _text("schedule_delivery_time", 17), _text("validity_period", 17),
    *_numbers("registered_delivery", "replace_if_present_flag", "data_coding", "sm_default_msg_id"),
    Field("short_message", Kind.OCTETS, 254),
)  # fmt: skip
_BIND_RESP = (_text("system_id", 16),)
_MESSAGE_ID = (_text("message_id", 65),)

BODY: Mapping[int, tuple[Field, ...]] = {
    Command.GENERIC_NACK: (),
    Command.BIND_RECEIVER: _BIND,
    Command.BIND_RECEIVER_RESP: _BIND_RESP,
    Command.BIND_TRANSMITTER: _BIND,
    Command.BIND_TRANSMITTER_RESP: _BIND_RESP,
    Command.BIND_TRANSCEIVER: _BIND,
    Command.BIND_TRANSCEIVER_RESP: _BIND_RESP,
    Command.OUTBIND: (_text("system_id", 16), _PASSWORD),
    Command.UNBIND: (),
    Command.UNBIND_RESP: (),
    Command.SUBMIT_SM: _SUBMIT,
    Command.SUBMIT_SM_RESP: _MESSAGE_ID,
    Command.DELIVER_SM: _SUBMIT,
    Command.DELIVER_SM_RESP: _MESSAGE_ID,
    Command.DATA_SM: (
        _text("service_type", 6), *_address("source_addr", 65), *_address("destination_addr", 65),
        *_numbers("esm_class", "registered_delivery", "data_coding"),
    ),
    Command.DATA_SM_RESP: _MESSAGE_ID,
    Command.QUERY_SM: (*_MESSAGE_ID, *_address("source_addr")),
    Command.QUERY_SM_RESP: (*_MESSAGE_ID, _text("final_date", 17), *_numbers("message_state", "error_code")),
    Command.CANCEL_SM: (
        _text("service_type", 6), *_MESSAGE_ID, *_address("source_addr"), *_address("destination_addr"),
    ),
    Command.CANCEL_SM_RESP: (),
    Command.REPLACE_SM: (
        *_MESSAGE_ID, *_address("source_addr"), _text("schedule_delivery_time", 17), _text("validity_period", 17),
        *_numbers("registered_delivery", "sm_default_msg_id"), Field("short_message", Kind.OCTETS, 254),
    ),
    Command.REPLACE_SM_RESP: (),
    Command.ENQUIRE_LINK: (),
    Command.ENQUIRE_LINK_RESP: (),
    Command.ALERT_NOTIFICATION: (*_address("source_addr", 65), *_address("esme_addr", 65)),
}  # fmt: skip


class Tag:
    """The optional parameters this house reads or writes; all others pass through as numbers."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427
