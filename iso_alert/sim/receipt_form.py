"""Write a delivery receipt as SMSCs do: the words of appendix B, and the same again in optional parameters."""

from time import gmtime, strftime

from iso_alert.smpp.command import Command
from iso_alert.smpp.fields import Tag
from iso_alert.smpp.pdu import Pdu, write_body
from iso_alert.smpp.receipt import ESM_RECEIPT

from .smsc_options import SmscOptions

_SPELLINGS = {"same": "{:08X}", "hex": "{:x}", "decimal": "{}"}
_STATES = {True: ("DELIVRD", 2, "000"), False: ("UNDELIV", 5, "001")}


def receipt_body(submitted: Pdu, number: int, options: SmscOptions, at: float, delivered: bool) -> bytes:
    """The deliver_sm for a submit_sm: from its destination to its source. It quotes none of the customer's words."""
    message_id = _SPELLINGS[options.receipt_id].format(number)
    word, state, error = _STATES[delivered]
    date = strftime("%y%m%d%H%M", gmtime(at))
    text = f"id:{message_id} sub:001 dlvrd:{int(delivered):03} submit date:{date} done date:{date} stat:{word}"
    tlvs = {Tag.RECEIPTED_MESSAGE_ID: message_id.encode() + b"\0", Tag.MESSAGE_STATE: bytes((state,))}
    fields = {
        "source_addr_ton": submitted.fields["destination_addr_ton"],
        "source_addr_npi": submitted.fields["destination_addr_npi"],
        "source_addr": submitted.fields["destination_addr"],
        "destination_addr_ton": submitted.fields["source_addr_ton"],
        "destination_addr_npi": submitted.fields["source_addr_npi"],
        "destination_addr": submitted.fields["source_addr"],
        "esm_class": ESM_RECEIPT,
        "short_message": f"{text} err:{error} text:".encode(),
    }
    return write_body(Command.DELIVER_SM, fields, tlvs if options.receipt_tlvs else None)
