"""All links of a node: open them, and give them another configuration while they stay open."""

from collections.abc import Callable, Sequence

import structlog
import trio
from attrs import define, field, frozen

from iso_alert.domain.card import Keyring
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Dialect
from iso_alert.service.caller import Call, Caller
from iso_alert.service.connections import Connections
from iso_alert.service.enrolment import Enrolment
from iso_alert.service.link_rules import LinkRules, Record, Watch
from iso_alert.service.listener import Door, Listener
from iso_alert.service.tls import secured

log = structlog.get_logger()


@frozen
class LinkConfig:
    """A link as configured: our door or the host's, how it is kept, and what is spoken."""

    door: Door | Call
    rules: LinkRules
    dialect: Dialect


@define(eq=False)
class Links:
    """The links that are open, by name."""

    journal: Record
    watch: Watch
    clock: Callable[[], float]
    _open: dict[str, Listener | Caller] = field(factory=dict, init=False)

    async def open(
        self, nursery: trio.Nursery, link: LinkConfig, keyring: Keyring, enrolment: Enrolment, closing: trio.Event
    ) -> tuple[str, int]:
        """Open one link in the nursery, until `closing` is set; its address.  Raises OSError where it is taken."""
        codec, door = Codec(link.dialect, keyring), link.door
        connections = Connections(link.rules, codec, self.journal, self.watch, self.clock, enrolment)
        port = door.port
        if isinstance(door, Door):
            self._open[link.rules.name] = listener = Listener(door, connections)
            port = await nursery.start(listener.run, closing)
        else:
            self._open[link.rules.name] = caller = Caller(door, connections)
            await nursery.start(caller.run, closing)
        how = "open" if isinstance(door, Door) else "calls"
        profile, wire = link.dialect.profile.name, secured(door.tls)
        log.info(f"link {how}", link=link.rules.name, address=f"{door.host}:{port}", profile=profile, wire=wire)
        return door.host, port

    def renew(self, links: Sequence[LinkConfig], keyring: Keyring, enrolment: Enrolment) -> None:
        """Give links that are open another configuration: same names, same addresses, same framing."""
        for link in links:
            end = self._open[link.rules.name]
            end.connections.renew(link.rules, Codec(link.dialect, keyring), enrolment)
            if isinstance(end, Listener) and isinstance(link.door, Door):
                end.door = link.door
            elif isinstance(end, Caller) and isinstance(link.door, Call):
                end.call = link.door
