"""What a configuration that was read again changes at once, and what waits: a table of edits."""

from pathlib import Path

import pytest
from attrs import evolve

from iso_alert.config import Config, LinkConfig, load
from iso_alert.config.renewed import outlived, renewed
from iso_alert.service.listener import Door
from tests.support.authority import authority
from tests.support.bank import OLDER_KEY
from tests.support.deployment import SMSC, deploy

TLS = 'tls = { certificate = "localhost.pem", key = "localhost.key" }'
OTHER_ROUTE = SMSC.format(name="other", more="")
OTHER_LINK = '[[link]]\nname = "other"\nlisten = "127.0.0.1:0"\n'
LISTEN = 'listen = "127.0.0.1:0"\n[[smsc]]'  # the link's


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good configuration, with all that the edits name."""
    (tmp_path / "older.key").write_text(OLDER_KEY.hex())
    authority().issue(tmp_path, "localhost")
    return deploy(tmp_path)


def edited(path: Path, old: str, new: str) -> Config:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load(path, {})


def known(link: LinkConfig) -> tuple[object, ...]:
    """What a host sees of it."""
    return link.door, link.rules, link.dialect.profile, link.dialect.framing, link.dialect.enrolment


def test_nothing_changed(path: Path) -> None:
    """The same file, read twice, waits for nothing."""
    found = renewed(load(path, {}), load(path, {}))

    assert (found.taken, found.waits) == ([], [])


@pytest.mark.parametrize(
    ("old", "new", "taken"),
    [
        ("[run]", '[policy]\nfile = "policy-every-debit.toml"\n[run]', ["policy, events, channels or texts"]),
        ('pan = ["pan.key"]', 'pan = ["older.key", "pan.key"]', ["keys"]),
        ("drain_timeout = 10.0", "drain_timeout = 3.0", ["run.drain_timeout"]),
        ("[run]", "[enrolment]\nconfirm_times = 5\n[run]", ["enrolment"]),
        ("[run]", "[retention]\njournal_days = 120\n[run]", ["retention"]),
        (LISTEN, f"rate = 5\nwindow = 7\n{LISTEN}", ["link switch"]),
        (LISTEN, f'allow = ["10.0.0.0/8"]\nmax_connections = 2\n{LISTEN}', ["link switch"]),
        (LISTEN, f'voice = {{ terminals = ["T1"] }}\necho_pan = false\n{LISTEN}', ["link switch"]),
        ('source = "KBANK"', 'source = "KBANK"\nweight = 3', ["smsc operator"]),
        ('source = "KBANK"', 'source = "KBANK"\ntls = {}', ["smsc operator"]),
        ('source = "KBANK"', 'source = "KBANK"\nwindow = 7\noperator = "ais"', ["smsc operator"]),
        ('system_id = "alerts"', 'system_id = "other"', ["smsc operator"]),
        ("[admin]", f"{OTHER_ROUTE}[admin]", ["smsc other: is new"]),
        ('name = "operator"', 'name = "other"', ["smsc other: is new", "smsc operator: is gone"]),
    ],
)
def test_what_takes_effect_at_once(path: Path, old: str, new: str, taken: list[str]) -> None:
    """Tables, keys, limits, routes: nothing that a host would notice, and all of it is in force."""
    before = load(path, {})
    after = edited(path, old, new)
    found = renewed(before, after)

    assert (found.taken, found.waits) == (taken, [])
    assert found.config == after


@pytest.mark.parametrize(
    ("old", "new", "waits"),
    [
        ("sqlite:alerts.db", "sqlite:other.db", ["store"]),
        ("[run]", "[run]\nspeakers = 2", ["speakers"]),
        ('[admin]\nlisten = "127.0.0.1:0"', '[admin]\nlisten = "127.0.0.1:1"', ["admin"]),
        ("[run]", '[api]\nlisten = "127.0.0.1:1"\n[run]', ["api: is new"]),
        ("[[smsc]]", f"{OTHER_LINK}[[smsc]]", ["link other: is new"]),
        ('name = "switch"', 'name = "host"', ["link host: is new", "link switch: is gone"]),
        (LISTEN, LISTEN.replace(":0", ":1"), ["link switch: its address, who calls whom, or whether with TLS"]),
        (LISTEN, LISTEN.replace("listen", "connect").replace(":0", ":1"), ["link switch: its address"]),
        (LISTEN, f"{TLS}\n{LISTEN}", ["link switch: its address, who calls whom, or whether with TLS"]),
        (LISTEN, f'profile = "iso87-ebcdic"\n{LISTEN}', ["link switch: profile, framing, decision or enrolment"]),
        (LISTEN, f'framing = "ascii4"\n{LISTEN}', ["link switch: profile, framing, decision or enrolment"]),
        (LISTEN, f'decision = "paired"\n{LISTEN}', ["link switch: profile, framing, decision or enrolment"]),
        (LISTEN, f"enrolment = true\n{LISTEN}", ["link switch: profile, framing, decision or enrolment"]),
        (LISTEN, f"max_frame = 100\n{LISTEN}", ["link switch: profile, framing, decision or enrolment"]),
    ],
)  # fmt: skip
def test_what_waits_for_a_restart(path: Path, old: str, new: str, waits: list[str]) -> None:
    """Each is told, nothing of it is in force, and the rulebook still knows every link that is open."""
    before = load(path, {})
    found = renewed(before, edited(path, old, new))

    assert [told[: len(start)] for told, start in zip(found.waits, waits, strict=True)] == waits
    assert list(map(known, found.config.links)) == list(map(known, before.links))
    assert evolve(found.config, rulebook=before.rulebook, enrolment=before.enrolment, links=before.links) == before
    assert set(found.config.rulebook.profiles) >= {"switch"}
    assert found.config.rulebook.paired == frozenset()


def test_a_link_that_is_spread_gets_no_rate(path: Path) -> None:
    """Its connections are not where one bucket could be; one that had a rate stays where it is, whatever it has now."""
    before = edited(path, "[run]", "[run]\nspeakers = 2\n")
    edited(path, LISTEN, f"rate = 5\n{LISTEN}")
    limited = load(path, {})
    with_rate, without = renewed(before, limited), renewed(limited, before)

    assert with_rate.waits == ["link switch: its rate, for its connections are spread over speakers"]
    assert [link.rules.rate for link in with_rate.config.links] == [None]
    assert (without.waits, without.config.spread) == ([], frozenset())
    assert [link.rules.rate for link in without.config.links] == [None]


def test_what_can_be_swapped_is_swapped_beside_what_cannot(path: Path) -> None:
    """An address that waits does not hold up a policy."""
    before = load(path, {})
    edited(path, "sqlite:alerts.db", "sqlite:other.db")
    edited(path, LISTEN, f"rate = 5\n{LISTEN.replace(':0', ':1')}")
    found = renewed(before, edited(path, "[run]", '[policy]\nfile = "policy-every-debit.toml"\n[run]'))
    (link,) = found.config.links

    assert len(found.waits) == 2
    assert (link.door.port, link.rules.rate, found.config.store) == (0, 5, before.store)
    assert found.config.rulebook.policy != before.rulebook.policy


def test_certificates_are_those_of_the_files_now(path: Path) -> None:
    """A link that has TLS gets another context for those who come later."""
    before = edited(path, LISTEN, f"{TLS}\n{LISTEN}")
    authority().issue(path.parent, "localhost", ends=1_900_000_000.0)
    found = renewed(before, load(path, {}))
    door = found.config.links[0].door

    assert (found.taken, found.waits) == (["link switch: certificates"], [])
    assert isinstance(door, Door)
    assert door.tls
    assert door.tls.ends["certificate"] == 1_900_000_000.0


def test_a_link_that_must_wait_keeps_its_tables(path: Path) -> None:
    """A profile's own rows of events belong to how its messages are decoded."""
    before = load(path, {})
    after = edited(path, LISTEN, f'profile = "unionpay-pos"\n{LISTEN}')
    found = renewed(before, after).config.rulebook.profiles["switch"]

    assert found == before.rulebook.profiles["switch"]
    assert found != after.rulebook.profiles["switch"]


API = '[api]\nlisten = "127.0.0.1:1"\n'
CERTIFIED = 'cert = "localhost.pem"\nkey = "localhost.key"\n'


@pytest.mark.parametrize(
    ("new", "waits"),
    [
        (API + CERTIFIED, []),
        (API, ["api: its address, or whether with TLS"]),
        (API.replace(":1", ":2") + CERTIFIED, ["api: its address, or whether with TLS"]),
        (API + CERTIFIED + "rate = 7\n", ["api: rate or address_rate"]),
        ("", ["api: is gone"]),
    ],
)
def test_the_api_takes_a_certificate_and_nothing_else(path: Path, new: str, waits: list[str]) -> None:
    """Its door stays where it is."""
    before = edited(path, "[run]", f"{API}{CERTIFIED}[run]")
    authority().issue(path.parent, "localhost", ends=1_900_000_000.0)
    found = renewed(before, edited(path, f"{API}{CERTIFIED}", new))

    assert found.waits == waits
    assert found.config.api
    assert before.api
    assert (found.config.api.host, found.config.api.port, found.config.api.rate) == ("127.0.0.1", 1, 20)
    assert found.taken == ([] if "its address" in "".join(waits) or not new else ["api api: certificates"])


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (LISTEN, "link switch: tls: "),
        ('source = "KBANK"', "smsc operator: tls: "),
        ("[run]", "api api: tls: "),
    ],
)
def test_a_certificate_that_has_ended_is_not_taken_for_one_that_has_not(path: Path, place: str, told: str) -> None:
    """Somebody put the wrong file there; but what ended while it was in use holds up nothing."""
    more = f"{API}{CERTIFIED}" if place == "[run]" else f"{TLS}\n"
    before = edited(path, place, f"{more}{place}")
    authority().issue(path.parent, "localhost", ends=1_600_000_000.0)
    after = load(path, {})

    assert [fault[: len(told)] for fault in outlived(before, after, 1_600_000_001.0)] == [told]
    assert list(outlived(after, after, 1_600_000_001.0)) == []
    assert list(outlived(before, after, 1_599_999_999.0)) == []
