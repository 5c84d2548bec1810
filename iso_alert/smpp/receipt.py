"""A delivery receipt: what became of a message, and of which one.

SMPP leaves the text of a receipt to the vendor (appendix B is only an example), so it is read key by key, in any order
and spelling that was seen. Optional parameters, where present, are binding and come before the text.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import frozen

from .fields import Tag

ESM_TYPE, ESM_RECEIPT = 0x3C, 0x04


class MessageState(Enum):
    """Section 5.2.28; the value is how a receipt's text spells it."""

    SCHEDULED = "SCHEDULED"  # 5.0, but seen on 3.4
    ENROUTE = "ENROUTE"
    DELIVERED = "DELIVRD"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"
    UNDELIVERABLE = "UNDELIV"
    ACCEPTED = "ACCEPTD"  # read by a person on the customer's behalf: for an alert that is not delivery
    UNKNOWN = "UNKNOWN"
    REJECTED = "REJECTD"
    SKIPPED = "SKIPPED"

    @property
    def final(self) -> bool:
        """No other receipt is to be expected."""
        return self not in _ON_ITS_WAY


_ON_ITS_WAY = frozenset({MessageState.SCHEDULED, MessageState.ENROUTE, MessageState.ACCEPTED})
_BY_NUMBER = dict(enumerate(MessageState))  # 0 SCHEDULED, 1 ENROUTE, 2 DELIVERED … 9 SKIPPED, as TLV 0427 counts
# The first letters tell them apart in every spelling seen: DELIVRD, DELIVERED, Undeliverable, REJECTED, Failed …
_BY_LETTERS = {
    "SCHED": MessageState.SCHEDULED, "ENROUT": MessageState.ENROUTE, "EN_ROUT": MessageState.ENROUTE,
    "BUFF": MessageState.ENROUTE, "SENT": MessageState.ENROUTE, "DELIV": MessageState.DELIVERED,
    "DLVRD": MessageState.DELIVERED, "EXPIR": MessageState.EXPIRED, "DELET": MessageState.DELETED,
    "UNDEL": MessageState.UNDELIVERABLE, "FAIL": MessageState.UNDELIVERABLE, "ACCEP": MessageState.ACCEPTED,
    "ACKED": MessageState.ACCEPTED, "REJEC": MessageState.REJECTED, "SKIP": MessageState.SKIPPED,
}  # fmt: skip


@frozen
class Receipt:
    """One receipt. `message_id` is empty if it names none; `text_id` is the text's, where it differs from the TLV's."""

    message_id: str
    state: MessageState
    error: str = ""  # the operator's own code, as written
    submitted: str = ""  # as written: neither the clock nor the zone is told
    done: str = ""
    text_id: str = ""


_KEY = re.compile(
    r"(?:^|(?<=[\s,;]))(?:(?P<id>id|msg_?id|message_?id|smsid)|(?P<sub>sub)|(?P<dlvrd>dlvrd)"
    r"|(?P<submitted>submit[ _]?date)|(?P<done>done[ _]?date)|(?P<state>stat|status|state)|(?P<error>err|error)"
    r"|(?P<text>text))\s*[:=]",
    re.IGNORECASE,
)


def read_receipt(fields: Mapping[str, Any], tlvs: Mapping[int, bytes]) -> Receipt | None:
    """The receipt in a deliver_sm or data_sm, or None if it is a message from a phone."""
    if fields["esm_class"] & ESM_TYPE != ESM_RECEIPT:
        return None
    said = read_text(_text(tlvs.get(Tag.MESSAGE_PAYLOAD) or fields.get("short_message", b"")))
    in_tlv = tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").partition(b"\0")[0].decode("latin-1").strip()
    message_id, text_id = in_tlv or said.get("id", ""), said.get("id", "")
    return Receipt(
        message_id,
        _state(tlvs, said),
        said.get("error", "") or _network_error(tlvs),
        said.get("submitted", ""),
        said.get("done", ""),
        text_id if text_id != message_id else "",
    )


# As appendix B writes it, and most SMSCs: the expression below takes eight times as long.
_USUAL = re.compile(
    r"id:(?P<id>[0-9A-Za-z-]+) sub:(?P<sub>[0-9]+) dlvrd:(?P<dlvrd>[0-9]+) submit date:(?P<submitted>[0-9]+)"
    r" done date:(?P<done>[0-9]+) stat:(?P<state>[A-Z]+) err:(?P<error>[0-9A-Za-z]+) [Tt]ext:"
)


def read_text(text: str) -> dict[str, str]:
    """The keys of a receipt's text under our names; what follows `text:` is the customer's and is left alone."""
    usual = _USUAL.match(text)
    return usual.groupdict() if usual else _by_key(text)


def _by_key(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    keys = list(_KEY.finditer(text))
    for at, key in enumerate(keys):
        name = key.lastgroup or ""
        if name == "text":
            break
        end = keys[at + 1].start() if at + 1 < len(keys) else len(text)
        found.setdefault(name, text[key.end() : end].strip(" \t\r\n\0,;\"'"))
    return found


def _text(octets: bytes) -> str:
    """Receipts are ASCII, whatever data_coding says of the customer's words quoted in them; a few come as UCS-2."""
    return octets.decode("utf-16-be" if octets[:1] == b"\0" else "latin-1", "replace")


def _state(tlvs: Mapping[int, bytes], said: Mapping[str, str]) -> MessageState:
    number = tlvs.get(Tag.MESSAGE_STATE, b"")
    if number:
        return _BY_NUMBER.get(int.from_bytes(number, "big"), MessageState.UNKNOWN)
    word = said.get("state", "").upper()
    return next((state for letters, state in _BY_LETTERS.items() if word.startswith(letters)), MessageState.UNKNOWN)


def _network_error(tlvs: Mapping[int, bytes]) -> str:
    """`3:17`: network type (5.3.2.31) and code."""
    value = tlvs.get(Tag.NETWORK_ERROR_CODE, b"")
    return f"{value[0]}:{int.from_bytes(value[1:], 'big')}" if len(value) == 3 else ""


_DECIMAL = re.compile(r"[0-9]{1,20}", re.ASCII)  # 64 bits: beyond them nobody converts
_HEX = re.compile(r"[0-9a-f]{1,16}", re.ASCII)


def id_forms(message_id: str) -> tuple[str, ...]:
    """The ways in which an SMSC may write one message id: as it came, case-folded, without zeros, hex, decimal.

    Two ids are the same message's if their forms meet; forms further left are surer. A number such as `12345678` may
    be meant in either base, so both readings are given.
    """
    folded = message_id.strip().casefold()
    bare = folded.lstrip("0") or folded[:1]
    forms = [message_id, folded, bare]
    if _DECIMAL.fullmatch(bare):
        forms.append(f"{int(bare):x}")
    if _HEX.fullmatch(bare):
        forms.append(str(int(bare, 16)))
    return tuple(dict.fromkeys(form for form in forms if form))
