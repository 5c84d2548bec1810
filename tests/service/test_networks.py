"""Who may come in: networks and addresses, in both of their forms."""

import pytest

from iso_alert.service.networks import Networks, network


@pytest.mark.parametrize(
    ("named", "peer", "welcome"),
    [
        ([], "203.0.113.9", True),
        (["10.1.0.0/16"], "10.1.2.3", True),
        (["10.1.0.0/16"], "10.2.0.1", False),
        (["10.1.0.0/255.255.0.0"], "10.1.2.3", True),
        (["10.1.2.3"], "10.1.2.3", True),
        (["10.1.2.3"], "10.1.2.4", False),
        (["10.1.0.0/16"], "::ffff:10.1.2.3", True),
        (["10.1.0.0/16"], "::ffff:10.2.2.3", False),
        (["::ffff:10.1.0.0/112"], "10.1.2.3", True),
        (["::ffff:10.1.0.0/112"], "10.2.2.3", False),
        (["2001:db8::/32"], "2001:db8::7", True),
        (["2001:db8::/32"], "10.1.2.3", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["::/0"], "10.1.2.3", False),
        (["10.0.0.0/8", "2001:db8::/32"], "2001:db8::7", True),
    ],
)
def test_who_is_in(named: list[str], peer: str, welcome: bool) -> None:
    """An IPv4 address in IPv6's clothes is an IPv4 address; everybody's IPv6 is nobody's IPv4."""
    assert Networks.of(named).admit(peer) == welcome


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("switch.example", "is no network such as 10.1.0.0/16; names are not looked up"),
        ("10.1.0.0/33", "is no network such as"),
        ("", "is no network such as"),
        ("10.1.2.3/16", "10.1.2.3/16 is no network: 10.1.0.0/16 is one, and 10.1.2.3 an address"),
    ],
)
def test_what_is_no_network(text: str, said: str) -> None:
    """Told with what was perhaps meant: the one would let in 65,536, the other one."""
    with pytest.raises(ValueError, match=said):
        network(text)
