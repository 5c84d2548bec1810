"""One route to one SMSC, as configured: where it is, who we are there, and how fast and in which words it wants us."""

import tomllib
from pathlib import Path
from typing import Literal

from attrs import Factory, field, frozen

from iso_alert.service.tls import Tls
from iso_alert.smpp.command import Command, StatusTable, status_table
from iso_alert.smpp.pace import BackOff
from iso_alert.smpp.pdu import write_body
from iso_alert.smpp.submit import Source, source
from iso_alert.smpp.text import Gsm, LongMessages
from iso_alert.smpp.timers import Timers


@frozen
class RouteConfig:
    """Frozen; but for its weight and its certificates, a change of configuration is a new route."""

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    source: str  # a name of 3 to 11 letters and digits, a short code, or a number in full
    system_type: str = ""
    source_ton: int | None = None  # where the operator wants other than the usual ones
    source_npi: int | None = None
    service_type: str = ""
    registered_delivery: int = 1
    activate: Literal["on_delivery", "on_accept"] = "on_delivery"  # of the confirming SMS of a subscription
    window: int = 50
    rate: float | None = None  # PDUs a second; parts count, not messages
    timers: Timers = field(factory=Timers)
    long_messages: LongMessages = "udh8"
    gsm: Gsm = "gsm0338"
    back_off: BackOff = field(factory=BackOff)  # between connections
    throttle: BackOff = field(factory=lambda: BackOff(most=30.0))  # of the whole route, after ESME_RTHROTTLED
    slow: float = 300.0  # between binds that only a person can mend
    tls: Tls | None = None  # with it or without is another route; new certificates do not make one (see Tls)
    weight: float = 1.0  # its share of the alerts, beside the other routes'
    operator: str = field(default=Factory(lambda self: self.name, takes_self=True))  # one for all routes to it

    def __attrs_post_init__(self) -> None:
        """ValueError for what no SMSC could be told, before anything is opened."""
        write_body(Command.BIND_TRANSCEIVER, self.bind_fields)
        write_body(Command.SUBMIT_SM, {"source_addr": self.source, "service_type": self.service_type})

    @property
    def bind_fields(self) -> dict[str, str | int]:
        return {
            "system_id": self.system_id,
            "password": self.password,
            "system_type": self.system_type,
            "interface_version": 0x34,
        }

    @property
    def sender(self) -> Source:
        usual = source(self.source)
        ton = usual.ton if self.source_ton is None else self.source_ton
        npi = usual.npi if self.source_npi is None else self.source_npi
        return Source(self.source, ton, npi)


def load_statuses(path: Path) -> StatusTable:
    """Read `smpp-statuses.toml`; ValueError names the file and the faulty row."""
    try:
        return status_table(tomllib.loads(path.read_text("utf-8")))
    except ValueError as fault:  # tomllib's own error is one too
        raise ValueError(f"{path}: {fault}") from None
