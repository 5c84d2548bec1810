"""All links of a node: open them, and give them another configuration while they stay open."""

from collections.abc import Callable, Container, Iterable, Sequence

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
from iso_alert.service.speakers import Speakers
from iso_alert.service.spread import Spread
from iso_alert.service.tls import secured
from iso_alert.service.words import Briefing, Spoken

log = structlog.get_logger()


@frozen
class LinkConfig:
    """A link as configured: our door or the host's, how it is kept, and what is spoken."""

    door: Door | Call
    rules: LinkRules
    dialect: Dialect


def may_be_spread(link: LinkConfig) -> bool:
    """Whether its connections can be carried elsewhere: it needs nothing that only the service has."""
    return isinstance(link.door, Door) and link.rules.rate is None and not link.dialect.enrolment


def briefing(links: Iterable[LinkConfig], keyring: Keyring) -> Briefing:
    """These links, as they are told to who carries their connections."""
    of = ((link, link.door.tls.listens_with if link.door.tls else ()) for link in links)
    return Briefing(tuple(Spoken(link.rules, link.dialect, files) for link, files in of), keyring)


@define(eq=False)
class Links:
    """The links that are open, by name.  `spread` are those whose connections the speakers carry."""

    journal: Record
    watch: Watch
    clock: Callable[[], float]
    _speakers: Speakers
    _spread: Container[str] = ()
    _open: dict[str, Listener | Caller] = field(factory=dict, init=False)

    async def open(
        self, nursery: trio.Nursery, link: LinkConfig, keyring: Keyring, enrolment: Enrolment, closing: trio.Event
    ) -> tuple[str, int]:
        """Open one link in the nursery, until `closing` is set; its address.  Raises OSError where it is taken."""
        door, port = link.door, link.door.port
        if isinstance(door, Door):
            away = link.rules.name in self._spread
            inside = self._sent(link) if away else self._carried(link, keyring, enrolment)
            self._open[link.rules.name] = listener = Listener(door, inside)
            port = await nursery.start(listener.run, closing)
        else:
            self._open[link.rules.name] = caller = Caller(door, self._carried(link, keyring, enrolment))
            await nursery.start(caller.run, closing)
        how = "open" if isinstance(door, Door) else "calls"
        profile, wire = link.dialect.profile.name, secured(door.tls)
        log.info(f"link {how}", link=link.rules.name, address=f"{door.host}:{port}", profile=profile, wire=wire)
        return door.host, port

    def _carried(self, link: LinkConfig, keyring: Keyring, enrolment: Enrolment) -> Connections:
        codec = Codec(link.dialect, keyring)
        return Connections(link.rules, codec, self.journal, self.watch, self.clock, enrolment)

    def _sent(self, link: LinkConfig) -> Spread:
        spread = Spread(link.rules, self.watch, self._speakers)
        self._speakers.left[link.rules.name] = spread.one_left
        return spread

    def renew(self, links: Sequence[LinkConfig], keyring: Keyring, enrolment: Enrolment) -> None:
        """Give links that are open another configuration: same names, same addresses, same framing."""
        for link in links:
            end = self._open[link.rules.name]
            if isinstance(end.connections, Spread):
                end.connections.rules = link.rules
            else:
                end.connections.renew(link.rules, Codec(link.dialect, keyring), enrolment)
            if isinstance(end, Listener) and isinstance(link.door, Door):
                end.door = link.door
            elif isinstance(end, Caller) and isinstance(link.door, Call):
                end.call = link.door

    async def brief(self, links: Iterable[LinkConfig], keyring: Keyring) -> None:
        """Have the speakers carry their links so.  Returns when all of them do."""
        if self._speakers:
            await self._speakers.renew(briefing((link for link in links if link.rules.name in self._spread), keyring))
