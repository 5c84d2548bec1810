"""Who may come in: networks as people write them, and whether an address is in one.

An IPv4 address that is written as an IPv6 one (`::ffff:10.1.2.3`) is the IPv4 address: in a list, and at the door.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from attrs import frozen

MAPPED = 96  # bits before the IPv4 address


@frozen
class Networks:
    """Those that may come in; none: everybody."""

    named: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Networks":
        """Raises ValueError."""
        return cls(tuple(map(network, texts)))

    def admit(self, peer: str) -> bool:
        """`peer` as the socket tells it, perhaps with the zone of a link-local address."""
        if not self.named:
            return True
        address = ip_address(peer.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in one for one in self.named)


EVERYBODY = Networks()


def network(text: str) -> IPv4Network | IPv6Network:
    """`10.1.0.0/16`, `10.1.2.3`, `2001:db8::/32`.  Raises ValueError that says what was perhaps meant."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no network such as 10.1.0.0/16; names are not looked up") from None
    if "/" in text and ip_address(text.partition("/")[0]) != found.network_address:
        raise ValueError(f"{text} is no network: {found} is one, and {text.partition('/')[0]} an address")
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is None or found.prefixlen < MAPPED:
        return found
    return IPv4Network((mapped, found.prefixlen - MAPPED))
