"""What an SMPP PDU is called, what a status is called, and what a status asks of us.

Names are spelled as in SMPP 3.4 (tables 5-1 and 5-2), since that is what an operator's own documents and captures
say. What to *do* about a status is not in this module: it is data (`specs/smpp-statuses.toml`), and `StatusTable` only
reads it.
"""

from collections.abc import Mapping
from enum import Enum, IntEnum

from attrs import frozen

RESPONSE = 0x8000_0000  # a response's id is its request's with the top bit set


class Command(IntEnum):
    """Table 5-1; the names are the standard's, so that a log line and a capture agree."""

    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER = 0x0000_0001
    BIND_RECEIVER_RESP = 0x8000_0001
    BIND_TRANSMITTER = 0x0000_0002
    BIND_TRANSMITTER_RESP = 0x8000_0002
    QUERY_SM = 0x0000_0003
    QUERY_SM_RESP = 0x8000_0003
    SUBMIT_SM = 0x0000_0004
    SUBMIT_SM_RESP = 0x8000_0004
    DELIVER_SM = 0x0000_0005
    DELIVER_SM_RESP = 0x8000_0005
    UNBIND = 0x0000_0006
    UNBIND_RESP = 0x8000_0006
    REPLACE_SM = 0x0000_0007
    REPLACE_SM_RESP = 0x8000_0007
    CANCEL_SM = 0x0000_0008
    CANCEL_SM_RESP = 0x8000_0008
    BIND_TRANSCEIVER = 0x0000_0009
    BIND_TRANSCEIVER_RESP = 0x8000_0009
    OUTBIND = 0x0000_000B
    ENQUIRE_LINK = 0x0000_0015
    ENQUIRE_LINK_RESP = 0x8000_0015
    ALERT_NOTIFICATION = 0x0000_0102
    DATA_SM = 0x0000_0103
    DATA_SM_RESP = 0x8000_0103


class Status(IntEnum):
    """Table 5-2, whole: a status outside it is a vendor's or a mistake, and is called OTHER in labels."""

    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RINVPRTFLG = 0x06
    ESME_RINVREGDLVFLG = 0x07
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RINVMSGID = 0x0C
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RCANCELFAIL = 0x11
    ESME_RREPLACEFAIL = 0x13
    ESME_RMSGQFUL = 0x14
    ESME_RINVSERTYP = 0x15
    ESME_RINVNUMDESTS = 0x33
    ESME_RINVDLNAME = 0x34
    ESME_RINVDESTFLAG = 0x40
    ESME_RINVSUBREP = 0x42
    ESME_RINVESMCLASS = 0x43
    ESME_RCNTSUBDL = 0x44
    ESME_RSUBMITFAIL = 0x45
    ESME_RINVSRCTON = 0x48
    ESME_RINVSRCNPI = 0x49
    ESME_RINVDSTTON = 0x50
    ESME_RINVDSTNPI = 0x51
    ESME_RINVSYSTYP = 0x53
    ESME_RINVREPFLAG = 0x54
    ESME_RINVNUMMSGS = 0x55
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RINVDFTMSGID = 0x63
    ESME_RX_T_APPN = 0x64
    ESME_RX_P_APPN = 0x65
    ESME_RX_R_APPN = 0x66
    ESME_RQUERYFAIL = 0x67
    ESME_RINVOPTPARSTREAM = 0xC0
    ESME_ROPTPARNOTALLWD = 0xC1
    ESME_RINVPARLEN = 0xC2
    ESME_RMISSINGOPTPARAM = 0xC3
    ESME_RINVOPTPARAMVAL = 0xC4
    ESME_RDELIVERYFAILURE = 0xFE
    ESME_RUNKNOWNERR = 0xFF


_COMMAND_NAMES = {command.value: command.name.lower() for command in Command}
_STATUS_NAMES = {status.value: status.name for status in Status}


def command_name(command: int) -> str:
    """`submit_sm`; in hex what the standard does not know."""
    return _COMMAND_NAMES.get(command) or f"0x{command:08x}"


def status_name(status: int) -> str:
    """`ESME_RTHROTTLED`; `OTHER` for what the standard does not know, so that labels stay a closed set."""
    return _STATUS_NAMES.get(status, "OTHER")


class Action(Enum):
    """What a status asks of us."""

    ACCEPTED = "accepted"
    RETRY = "retry"  # again, with back-off, as long as the message is worth sending
    RETRY_FEW = "retry-few"  # again, but only a few times: it may be this message's fault
    REBIND = "rebind"  # the session is not what we think it is: leave it and bind anew, then again
    ALARM = "alarm"  # our account is wrong: a person must act; back off slowly meanwhile
    NEVER = "never"  # it will be refused every time


@frozen
class StatusTable:
    """The actions of one route: for answers to messages, and for answers to a bind."""

    message: Mapping[int, Action]
    bind: Mapping[int, Action]
    # A status we never heard of may be about this message or about the hour: a few attempts tell.
    unknown: Action = Action.RETRY_FEW

    def action(self, status: int) -> Action:
        """What the answer to a submit_sm asks."""
        return self.message.get(status, self.unknown) if status else Action.ACCEPTED

    def bind_action(self, status: int) -> Action:
        """What the answer to a bind asks: what is not listed may pass by itself."""
        return self.bind.get(status, Action.RETRY) if status else Action.ACCEPTED


def status_table(rows: Mapping[str, Mapping[str, Mapping[str, str]]]) -> StatusTable:
    """Build the table from `{"message" | "bind": {action: {status: why}}}`; ValueError names the faulty row.

    A status is a name of table 5-2 or a hex number (`0x0401`), for vendors' own.
    """
    if faulty := set(rows) - {"message", "bind"}:
        raise ValueError(f"no such table: {sorted(faulty)}")
    return StatusTable(_actions("message", rows.get("message", {})), _actions("bind", rows.get("bind", {})))


def _actions(table: str, rows: Mapping[str, Mapping[str, str]]) -> dict[int, Action]:
    found: dict[int, Action] = {}
    for action, statuses in rows.items():
        for name in statuses:
            if (status := _status(table, name)) in found:
                raise ValueError(f"{table}: {name} stands twice")
            found[status] = Action(action)
    return found


def _status(table: str, name: str) -> int:
    try:
        return int(name, 16) if name.startswith("0x") else Status[name].value
    except (KeyError, ValueError):
        raise ValueError(f"{table}: {name} is neither a status of SMPP 3.4 nor a hex number") from None
