"""The words of a delivery receipt, in every spelling that the tables of misdeeds ask for."""

from iso_alert.smpp.command import Command
from iso_alert.smpp.fields import Tag
from iso_alert.smpp.pdu import write_body
from iso_alert.smpp.receipt import ESM_RECEIPT
from tests.endurance.ledger import Copy
from tests.endurance.misdeeds import Way

_STATES = {"ENROUTE": 1, "DELIVRD": 2, "UNDELIV": 5}  # 5.2.28


def receipt(copy: Copy, way: Way, word: str) -> bytes:
    """The body of the deliver_sm."""
    tlvs = {Tag.MESSAGE_STATE: bytes((_STATES[word],))} if way.in_tlv else {}
    if way.in_tlv:
        tlvs[Tag.RECEIPTED_MESSAGE_ID] = way.in_tlv.format(copy.number).encode() + b"\0"
    named = f"id:{way.in_text.format(copy.number)} " if way.in_text else ""
    text = f"{named}sub:001 dlvrd:001 submit date:2611230815 done date:2611230815 stat:{word} err:000 text:"
    fields = {
        "source_addr_ton": 1, "source_addr_npi": 1, "source_addr": copy.key[0],
        "destination_addr_ton": 5, "destination_addr": "KBANK",
        "esm_class": ESM_RECEIPT, "short_message": text.encode(),
    }  # fmt: skip
    return write_body(Command.DELIVER_SM, fields, tlvs)
