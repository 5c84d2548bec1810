"""How wires are reached is judged before anything is opened: who calls whom, and under which certificates."""

from pathlib import Path

import pytest

from iso_alert.config import Config, ConfigError, load
from iso_alert.service.caller import Call
from iso_alert.service.listener import Door
from iso_alert.service.networks import Networks
from tests.support.authority import authority
from tests.support.deployment import deploy

LISTEN = 'listen = "127.0.0.1:0"'
MUTUAL = 'tls = { certificate = "localhost.pem", key = "localhost.key", clients = "ca.pem" }'
ONE_SIDED = 'tls = { certificate = "localhost.pem", key = "localhost.key" }'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A deployment with certificates."""
    deploy(tmp_path)
    authority().issue(tmp_path, "localhost")
    authority().issue(tmp_path, "other")
    authority().trust(tmp_path)
    return tmp_path


def judged(directory: Path, link: str, smsc: str = "") -> Config:
    """The configuration with a link, and an SMSC, of one's own."""
    path = directory / "iso-alert.toml"
    text = path.read_text().replace(LISTEN, link, 1).replace("[admin]", f"{smsc}\n[admin]")
    path.write_text(text)
    return load(path, {})


def faults(directory: Path, link: str, smsc: str = "") -> list[str]:
    """What is wrong with it, from where it stands in the link on."""
    with pytest.raises(ConfigError) as refused:
        judged(directory, link, smsc)
    return [fault.replace(f"{directory}/", "").partition(": ")[2] for fault in refused.value.faults]


@pytest.mark.parametrize(
    "link",
    [
        'listen = "0.0.0.0:8583"\nallow = ["10.0.0.0/8"]',
        f'listen = "0.0.0.0:8583"\n{MUTUAL}',
        'listen = "[::1]:8583"',
        'listen = "localhost:8583"',
        'listen = "LocalHost:8583"',
        'listen = "127.0.0.2:8583"',
        'listen = "[::ffff:127.0.0.1]:8583"',
        f'listen = "127.0.0.1:8583"\n{ONE_SIDED}',
    ],
)
def test_doors_that_may_be_opened(directory: Path, link: str) -> None:
    """Loopback, networks that are named, or callers that an authority vouches for (T-13)."""

    assert isinstance(judged(directory, link).links[0].door, Door)


@pytest.mark.parametrize(
    "place", ["0.0.0.0", "[::]", "[::ffff:0.0.0.0]", "*", "0", "8.8.8.8", "[fe80::1%eth0]", "switch"]
)
def test_places_that_others_can_reach(directory: Path, place: str) -> None:
    """However they are written; what cannot be told is not taken for loopback."""
    (fault,) = faults(directory, f'listen = "{place}:8583"')

    assert "is not loopback" in fault


@pytest.mark.parametrize("link", ['listen = "0.0.0.0:8583"', f'listen = "10.1.2.3:8583"\n{ONE_SIDED}'])
def test_doors_that_anybody_could_enter(directory: Path, link: str) -> None:
    """Beyond loopback TLS alone keeps nobody out: it tells the host who we are, not us who the host is."""
    (fault,) = faults(directory, link)

    assert "is not loopback: name the networks that may connect in allow, or who vouches for" in fault


@pytest.mark.parametrize(
    "tls", ["", "tls = {}", 'tls = { authorities = "ca.pem" }', 'tls = { authorities = "ca.pem", server_name = "h" }']
)
def test_hosts_that_we_call(directory: Path, tls: str) -> None:
    """Plainly, with the system's authorities, with our own, with another name."""

    assert isinstance(judged(directory, f'connect = "switch.example:8583"\n{tls}').links[0].door, Call)


def test_a_link_as_it_was_written(directory: Path) -> None:
    """Everything that is new of a link arrives where it is used."""
    link = judged(directory, f"{LISTEN}\n{MUTUAL}\nrate = 50\necho_interval = 60\nmax_connections = 3").links[0]

    assert (link.rules.rate, link.rules.echo_interval) == (50, 60)
    assert isinstance(link.door, Door)
    assert (link.door.max_connections, link.door.allow) == (3, Networks())
    assert link.door.tls
    assert link.door.tls.mutual


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("", ["link[0] switch: give either listen (the host calls us) or connect (we call the host)"]),
        (f'{LISTEN}\nconnect = "h:1"', ["link[0] switch: give either listen"]),
        ('connect = "h"', ["link[0] switch: connect: 'h' is no address"]),
        ('connect = "h:1"\nallow = ["10.0.0.0/8"]', ["link[0] switch: allow means nothing on a link with connect"]),
        ('connect = "h:1"\nmax_connections = 2', ["link[0] switch: max_connections means nothing on a link with"]),
        ('connect = "h:1"\ntls = { clients = "ca.pem" }', ["link[0] switch: clients means nothing on a link with"]),
        (f'{LISTEN}\ntls = {{ authorities = "ca.pem" }}', [
            "link[0] switch: authorities means nothing on a link with listen", "link[0] switch: tls: needs a",
        ]),
        (f"{LISTEN}\ntls = {{}}", ["link[0] switch: tls: needs a certificate: who listens introduces himself"]),
        ('connect = "h:1"\ntls = { key = "localhost.key" }', ["link[0] switch: tls: has a key and no certificate"]),
        (f'{LISTEN}\ntls = {{ certificate = "nope.pem" }}', ["link[0] switch: tls: nope.pem: No such file"]),
        (f'{LISTEN}\ntls = {{ certificate = "ca.pem" }}', ["link[0] switch: tls: ca.pem holds no private key: name"]),
        (f'{LISTEN}\ntls = {{ certificate = "localhost.pem", key = "ca.pem" }}', [
            "link[0] switch: tls: ca.pem holds no private key",
        ]),
        (f'{LISTEN}\ntls = {{ certificate = "localhost.pem", key = "other.key" }}', [
            "link[0] switch: tls: localhost.pem and other.key: no certificate with its private key (KEY_VALUES_MIS",
        ]),
        (f'{LISTEN}\n{MUTUAL.replace("ca.pem", "localhost.pem")}', [
            "link[0] switch: tls: localhost.pem holds no certificate of an authority: it would vouch for nobody",
        ]),
        (f'{LISTEN}\ntls = {{ certificate = "pan.key" }}', ["link[0] switch: tls: pan.key holds no certificate"]),
        (f"{LISTEN}\nrate = 0", ["link[0] switch: rate must be more than nothing"]),
        (f"{LISTEN}\necho_interval = -1\nwindow = 0", [
            "link[0] switch: window must be more", "link[0] switch: echo_interval must be more than nothing",
        ]),
        (f'{LISTEN}\nallow = ["10.0.0.0/33"]', ["link[0] switch: allow: '10.0.0.0/33' is no network"]),
        (f"{LISTEN}\nallow = []", ["link[0] switch: allow names no network: leave it out, or name who may connect"]),
        ('connect = "h:0"', ["link[0] switch: connect: 'h:0' has no port that could be called"]),
        (f'{LISTEN}\nprofile = "iso99"', ["link[0] switch: profile 'iso99' is none of edc-bcd-tpdu, iso87-ascii, "]),
    ],
)  # fmt: skip
def test_what_cannot_be(directory: Path, link: str, said: list[str]) -> None:
    """Each is named, with its place."""
    found = faults(directory, link)

    assert [fault[: len(start)] for fault, start in zip(found, said, strict=True)] == said


def test_the_smsc_under_tls(directory: Path) -> None:
    """With its authority and its name."""
    secured = 'tls = { authorities = "ca.pem", server_name = "smsc.example" }'
    tls = judged(directory, LISTEN, secured).routes[0].tls

    assert tls
    assert (tls.server_name, set(tls.ends)) == ("smsc.example", {"authorities"})


@pytest.mark.parametrize(
    ("smsc", "said"),
    [
        ('tls = { authorities = "nope.pem" }', "smsc[0] operator: tls: nope.pem: No such file or directory"),
        ('tls = { clients = "ca.pem" }', "smsc[0] operator: tls: clients is for who is called"),
    ],
)
def test_an_smsc_that_cannot_be(directory: Path, smsc: str, said: str) -> None:
    """In the same words."""

    assert faults(directory, LISTEN, smsc) == [said]


def test_a_profile_without_words_for_an_echo(directory: Path) -> None:
    """Is found now, not after the first silence."""
    (directory / "specs" / "profiles").mkdir(parents=True)
    profile = 'say = "mute"\nspec = "iso87-ascii"\n[network]\nplace = { field = "70" }\necho = ["3010"]\n'
    (directory / "specs" / "profiles" / "mute.toml").write_text(profile)
    path = directory / "iso-alert.toml"
    path.write_text('specs = "specs"\n' + path.read_text())
    (fault,) = faults(directory, f'{LISTEN}\nprofile = "mute"\necho_interval = 60')

    assert fault.startswith("link[0] switch: echo_interval: field 70")
