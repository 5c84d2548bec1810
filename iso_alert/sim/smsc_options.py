"""How the simulated SMSC misbehaves: one frozen value, every fault of it off by default."""

from typing import Literal

from attrs import frozen

from iso_alert.smpp.text import Gsm


@frozen
class SmscOptions:
    """Times are in seconds, shares from 0 to 1; `every` n counts submit_sm over all connections, and 0 is never."""

    system_id: str = ""  # empty: whoever comes is let in
    password: str = ""
    refuse_bind: int = 0  # the status with which every bind is refused
    response_latency: float = 0.0
    receipt_latency: float = 0.05  # after the response
    receipt_first: bool = False  # before the response, as some SMSCs do under load
    receipt_id: Literal["same", "hex", "decimal"] = "same"  # how a receipt spells the id; the response's is in hex
    receipt_tlvs: bool = True
    drop_receipts: float = 0.0  # share that never comes
    undelivered: float = 0.0  # share that comes as UNDELIV
    throttle_every: int = 0
    rate: float = 0.0  # PDUs a second above which all are throttled; 0 is no limit
    ignore_every: int = 0  # taken and delivered, and never answered
    drop_every: int = 0  # the connection breaks instead of an answer, after the message was taken
    window: int = 100  # receipts under way to one ESME
    gsm: Gsm = "gsm0338"
    seed: int = 0
