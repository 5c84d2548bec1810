"""Everything of a configuration that may have certificates: links, the ways to the SMSCs, the API."""

from collections.abc import Iterator

from iso_alert.config.judge import Config
from iso_alert.service.expiry import Wire


def wires(config: Config) -> Iterator[Wire]:
    """All of them, also those without TLS."""
    yield from (Wire("link", link.rules.name, link.door.tls) for link in config.links)
    yield from (Wire("smsc", route.name, route.tls) for route in config.routes)
    if config.api:
        yield Wire("api", "api", config.api.tls)
