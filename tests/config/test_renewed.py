"""What a configuration that was read again changes at once, and what waits: a table of edits."""

from pathlib import Path

import pytest
from attrs import evolve

from iso_alert.config import Config, LinkConfig, load
from iso_alert.config.renewed import renewed
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

    assert found.waits == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[run]", '[policy]\nfile = "policy-every-debit.toml"\n[run]'),
        ('pan = ["pan.key"]', 'pan = ["older.key", "pan.key"]'),
        ("drain_timeout = 10.0", "drain_timeout = 3.0"),
        ("[run]", "[enrolment]\nconfirm_times = 5\n[run]"),
        (LISTEN, f"rate = 5\nwindow = 7\n{LISTEN}"),
        (LISTEN, f'allow = ["10.0.0.0/8"]\nmax_connections = 2\n{LISTEN}'),
        (LISTEN, f'voice = {{ terminals = ["T1"] }}\necho_pan = false\n{LISTEN}'),
        ('source = "KBANK"', 'source = "KBANK"\nweight = 3'),
        ('source = "KBANK"', 'source = "KBANK"\ntls = {}'),
        ('source = "KBANK"', 'source = "KBANK"\nwindow = 7\noperator = "ais"'),
        ('system_id = "alerts"', 'system_id = "other"'),
        ("[admin]", f"{OTHER_ROUTE}[admin]"),
        ('name = "operator"', 'name = "other"'),
    ],
)
def test_what_takes_effect_at_once(path: Path, old: str, new: str) -> None:
    """Tables, keys, limits, routes: nothing that a host would notice, and all of it is in force."""
    before = load(path, {})
    after = edited(path, old, new)
    found = renewed(before, after)

    assert found.waits == []
    assert found.config == after


@pytest.mark.parametrize(
    ("old", "new", "waits"),
    [
        ("sqlite:alerts.db", "sqlite:other.db", ["store"]),
        ('[admin]\nlisten = "127.0.0.1:0"', '[admin]\nlisten = "127.0.0.1:1"', ["admin"]),
        ("[run]", '[api]\nlisten = "127.0.0.1:1"\n[run]', ["api"]),
        ("[run]", "[retention]\njournal_days = 120\n[run]", ["retention"]),
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

    assert found.waits == []
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
