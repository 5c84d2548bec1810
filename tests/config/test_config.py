"""The configuration is judged whole: every fault with its path, before anything is opened."""

from pathlib import Path
from typing import Any

import pytest

from iso_alert import shipped
from iso_alert.config import Config, ConfigError, load, load_keys
from iso_alert.config.file import address
from iso_alert.config.secrets import read_key, write_key
from iso_alert.sim.cards import test_pan
from tests.support.authority import authority
from tests.support.bank import KEY, OLDER_KEY
from tests.support.deployment import deploy


def faults(path: Path, **environ: str) -> list[str]:
    """What is wrong with it, without the directory that every line names."""
    with pytest.raises(ConfigError) as refused:
        load(path, environ)
    return [fault.replace(f"{path.parent}/", "") for fault in refused.value.faults]


def edit(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good configuration."""
    return deploy(tmp_path)


def test_the_least_that_is_needed(path: Path) -> None:
    """The example of the README, with every default."""
    config = load(path, {})

    assert isinstance(config, Config)
    assert config.store == path.parent / "alerts.db"
    assert [(link.rules.name, link.rules.window, link.dialect.framing.name) for link in config.links] == [
        ("switch", 64, "binary2")
    ]
    (route,) = config.routes
    assert (route.name, route.operator, route.weight) == ("operator", "operator", 1)
    assert (route.window, route.password) == (50, "hunter2")


def test_judging_opens_nothing(path: Path) -> None:
    """A configuration may be judged on a machine where the service runs."""
    before = sorted(path.parent.iterdir())
    load(path, {})

    assert sorted(path.parent.iterdir()) == before


def test_no_secret_is_printed(path: Path) -> None:
    """Neither the key nor the password, by any way of showing the configuration."""
    shown = repr(load(path, {}))

    assert KEY.hex() not in shown
    assert str(KEY) not in shown
    assert "hunter2" not in shown


SPREAD = {  # what a link says, and whether its connections can be carried elsewhere
    "": True,
    'tls = { certificate = "localhost.pem", key = "localhost.key" }': True,
    "sign_on = true\necho_interval = 5": True,
    "rate = 100": False,
    "enrolment = true": False,
}


@pytest.mark.parametrize("said", SPREAD)
@pytest.mark.parametrize("speakers", [0, 2])
def test_which_links_are_spread(path: Path, said: str, speakers: int) -> None:
    """All but those that need what only the service has; none without speakers."""
    authority().issue(path.parent, "localhost")
    edit(path, "[run]", f"[run]\nspeakers = {speakers}")
    config = load(edit(path, 'name = "switch"', f'name = "switch"\n{said}'), {})

    assert config.spread == ({"switch"} if SPREAD[said] and speakers else set())


def test_a_link_that_calls_is_not_spread(path: Path) -> None:
    """It has one connection, which we began."""
    edit(path, "[run]", "[run]\nspeakers = 2")
    config = load(edit(path, 'listen = "127.0.0.1:0"\n[[smsc]]', 'connect = "127.0.0.1:9"\n[[smsc]]'), {})

    assert (config.speakers, config.spread) == (2, frozenset())


# ---- faults

FAULTY = {
    "store.url": ('url = "sqlite:alerts.db"', 'url = "mysql:alerts"', "store.url: 'mysql:alerts' is no store"),
    "store directory": ('"sqlite:alerts.db"', '"sqlite:nowhere/alerts.db"', "store.url: nowhere is no directory"),
    "no key": ('pan = ["pan.key"]', "pan = []", "keys.pan: names no key file"),
    "missing key": ('"pan.key"', '"other.key"', "keys.pan[0]: other.key: no such file"),
    "no links": ("[[link]]", "[[nolink]]", "link"),
    "no address": ("127.0.0.1:0", "8583", "listen"),
    "not loopback": ("127.0.0.1:0", "0.0.0.0:8583", "loopback"),
    "unknown profile": ('name = "switch"', 'name = "switch"\nprofile = "iso99"', "iso99"),
    "unknown framing": ('name = "switch"', 'name = "switch"\nframing = "binary3"', "'binary3' is none of binary2"),
    "unknown charset": ('name = "switch"', 'name = "switch"\ncharset = "klingon"', "klingon"),
    "no window": ('name = "switch"', 'name = "switch"\nwindow = 0', "window must be more than nothing"),
    "no patience": ('name = "switch"', 'name = "switch"\nidle_timeout = -1', "idle_timeout must be more than nothing"),
    "bad network": ('name = "switch"', 'name = "switch"\nallow = ["10.0.0.300/8"]', "allow"),
    "unknown key": ('name = "switch"', 'name = "switch"\nwindows = 5', "unknown key windows"),
    "unknown section": ("[keys]", "[cache]\nsize = 1\n[keys]", "unknown key cache"),
    "unknown decision": ('name = "switch"', 'name = "switch"\ndecision = "guess"', "decision"),
    "smsc address": ("127.0.0.1:9", "somewhere", "connect: 'somewhere' is no address"),
    "no password": ("smsc.password", "none.password", "password_file"),
    "bad source": ('source = "KBANK"', 'source = "A NAME THAT IS TOO LONG"', "smsc[0] operator"),
    "smsc window": ('source = "KBANK"', 'source = "KBANK"\nwindow = 0', "window"),
    "smsc rate": ('source = "KBANK"', 'source = "KBANK"\nrate = -1.0', "rate"),
    "drain": ("drain_timeout = 10.0", "drain_timeout = -1.0", "drain_timeout"),
    "too many speakers": ("[run]", "[run]\nspeakers = 65", "run.speakers: 65 is none of 0 to 64"),
    "fewer speakers": ("[run]", "[run]\nspeakers = -1", "run.speakers: -1 is none of 0 to 64"),
    "admin": ('[admin]\nlisten = "127.0.0.1:0"', '[admin]\nlisten = "127.0.0.1"', "admin.listen"),
    "policy": ("[admin]", '[policy]\nfile = "none.toml"\n[admin]', "none.toml"),
    "specs": ("[store]", 'specs = "none"\n[store]', "specs: none is no directory"),
    "no TOML": ("[store]", "[store", "line 1"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_fault_is_told_with_its_place(path: Path, fault: str) -> None:
    """So that the operator knows what to look at."""
    old, new, told = FAULTY[fault]

    assert any(told in line for line in faults(edit(path, old, new)))


def test_every_fault_is_told_at_once(path: Path) -> None:
    """Nobody mends a file line by line with a restart between."""
    edit(path, '"pan.key"', '"other.key"')
    edit(path, "127.0.0.1:9", "nowhere")
    edit(path, "127.0.0.1:0", "0.0.0.0:8583")
    edit(path, '"sqlite:alerts.db"', '"sqlite:"')
    told = "\n".join(faults(path))

    assert all(place in told for place in ("keys.pan[0]", "smsc[0] operator", "link[0] switch", "store.url"))


def test_every_line_begins_with_the_file(path: Path) -> None:
    """As compilers do, so that an editor finds the place."""
    edit(path, '"pan.key"', '"other.key"')
    with pytest.raises(ConfigError) as refused:
        load(path, {})

    assert all(line.startswith(f"{path}: ") for line in refused.value.faults)


def test_two_links_must_not_share_a_name(path: Path) -> None:
    """Names stand on metrics and in keys of messages."""
    edit(path, "[[smsc]]", '[[link]]\nname = "switch"\nlisten = "127.0.0.1:0"\n[[smsc]]')

    assert any("two links have this name" in line for line in faults(path))


def test_without_a_route_nothing_can_be_sent(path: Path) -> None:
    """So it is a fault, and is told as one."""
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[[smsc]]"), text.index("[admin]")
    path.write_text("smsc = []\n" + text[:start] + text[end:], encoding="utf-8")

    assert faults(path) == ["iso-alert.toml: smsc: there is none: add a [[smsc]]"]


def test_a_door_to_others_needs_a_list(path: Path) -> None:
    """Who may connect is said, or nobody may (T-13)."""
    edit(path, 'listen = "127.0.0.1:0"\n[[smsc]]', 'listen = "0.0.0.0:8583"\nallow = ["10.0.0.0/8"]\n[[smsc]]')

    assert load(path, {}).links[0].rules.name == "switch"


def test_a_file_that_is_not_there_says_how_to_name_one(tmp_path: Path) -> None:
    """The first thing that goes wrong for everybody."""
    assert "name one with -c FILE or ISO_ALERT_CONFIG" in faults(tmp_path / "none.toml")[0]


@pytest.mark.parametrize("broken", ["policy.toml", "events.toml", "texts.toml", "channels.toml", "smpp-statuses.toml"])
def test_a_broken_table_of_the_deployment_is_found(path: Path, broken: str) -> None:
    """Its own tables stand before the shipped ones, so they are judged too."""
    (path.parent / "specs").mkdir()
    (path.parent / "specs" / broken).write_text("[nonsense]\nnonsense = 1\n", encoding="utf-8")
    edit(path, "[store]", 'specs = "specs"\n[store]')

    assert any(broken in line for line in faults(path))


# ---- what only looks like something

SWITCH = 'name = "switch"'


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[admin]", '[api]\nlisten = "0.0.0.0:1"\nallow_remote = "false"\n[admin]', "must be true or false"),
        (SWITCH, f'{SWITCH}\nsign_on = "no"', "link[0].sign_on: must be true or false"),
        (SWITCH, f"{SWITCH}\nwindow = 1.5", "link[0].window: must be a whole number"),
        (SWITCH, f'{SWITCH}\nwindow = "64"', "link[0].window: must be a whole number"),
        (SWITCH, f"{SWITCH}\nwindow = true", "link[0].window: must be a whole number"),
        (SWITCH, f"{SWITCH}\nrate = nan", "link[0].rate: must be a number"),
        (SWITCH, f"{SWITCH}\nidle_timeout = inf", "link[0].idle_timeout: must be a number"),
        (SWITCH, f'{SWITCH}\nallow = "10.1.0.0/16"', "link[0].allow: must be a list, in brackets"),
        ('["pan.key"]', '"pan.key"', "keys.pan: must be a list, in brackets"),
        (SWITCH, f'{SWITCH}\ntls = "yes"', "link[0].tls: must be a table"),
        (SWITCH, f"{SWITCH}\ntls = true", "link[0].tls: must be a table"),
        (SWITCH, "name = 4", "link[0].name: must be a text in quotes"),
        ("[store]", "link = 3\n[store]", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(path: Path, old: str, new: str, told: str) -> None:
    """`"false"` would be yes, and a text a list of its letters: told in words, and nothing is guessed."""
    assert any(told in line for line in faults(edit(path, old, new)))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ISO_ALERT__LINK__0__SIGN_ON", "False", "link[0].sign_on: must be true or false"),
        ("ISO_ALERT__LINK__0__WINDOW", "many", "link[0].window: must be a whole number"),
        ("ISO_ALERT__KEYS__PAN", "pan.key", "keys.pan: must be a list, in brackets"),
        ("ISO_ALERT__LINK__0__TLS", "yes", "link[0].tls: must be a table"),
    ],
)
def test_nor_in_the_environment(path: Path, name: str, value: str, told: str) -> None:
    """A script's False is neither TOML's nor no."""
    assert any(told in line for line in faults(path, **{name: value}))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('name = "switch"', 'name = "CARD"', "link[0]"),
        ('name = "operator"', 'name = "CARD"', "smsc[0]"),
        ('source = "KBANK"', 'source = "KBANK"\noperator = "CARD"', "smsc[0]"),
        ('listen = "127.0.0.1:0"\n[[smsc]]', 'listen = "CARD"\n[[smsc]]', "listen"),
        ('"sqlite:alerts.db"', '"CARD"', "store.url"),
        ('"pan.key"', '"CARD.key"', "keys.pan[0]"),
        ("[keys]", "[keys]\nCARD = 1", "keys"),
        ('name = "switch"', 'name = "switch"\nprofile = "CARD"', "profile"),
        ('name = "switch"', 'name = "switch"\nallow = ["CARD"]', "allow"),
        ('name = "switch"', 'name = "switch"\nmerchants = "CARD.toml"', "No such file"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{}", "x {} y"])
def test_no_card_number_is_told_back(path: Path, old: str, new: str, place: str, form: str) -> None:
    """Somebody pasted one into the wrong place: it is refused, and not shown."""
    card = form.format(test_pan(7))
    told = faults(edit(path, old, new.replace("CARD", card).replace(f"{card} =", f'"{card}" =')))

    assert any(place in line for line in told)
    assert test_pan(7) not in "\n".join(told)


def test_a_name_can_be_printed(path: Path) -> None:
    """It stands on metrics and in the log."""
    edit(path, 'name = "switch"', 'name = "\\u001b[2J"')

    assert any("must have a name that can be printed" in line for line in faults(path))


# ---- keys


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "a key has 0 bytes"),
        ("abcd", "a key has 2 bytes"),
        ("00" * 32, "a sample, not a secret"),
        (bytes(range(32)).hex(), "a sample, not a secret"),
        ("0123456789abcdef" * 4, "a sample, not a secret"),
        ("not hexadecimal at all", "other than hexadecimal digits"),
    ],
)
def test_a_weak_key_is_refused(path: Path, content: str, told: str) -> None:
    """Short, well known, or none: start-up does not go on with it (T-03)."""
    (path.parent / "pan.key").write_text(content, encoding="ascii")
    (line,) = faults(path)

    assert line.startswith("iso-alert.toml: keys.pan[0]: pan.key")
    assert told in line
    assert not content or content not in line


def test_several_keys_newest_first(path: Path) -> None:
    """The older one is still read."""
    (path.parent / "old.key").write_text(OLDER_KEY.hex(), encoding="ascii")
    edit(path, '["pan.key"]', '["pan.key", "old.key"]')
    _, keyring = load_keys(path, {})

    assert len(keyring.card("4111111111111111").tokens) == 2


def test_a_made_key_is_good_and_private(tmp_path: Path) -> None:
    """256 bits that nobody else can read; and it is never overwritten."""
    file = tmp_path / "pan.key"
    write_key(file)
    key = read_key(file)

    assert (len(key), file.stat().st_mode & 0o777) == (32, 0o600)
    with pytest.raises(FileExistsError):
        write_key(file)
    assert read_key(file) == key


# ---- the environment


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("ISO_ALERT__LINK__0__WINDOW", "5", lambda config: config.links[0].rules.window == 5),
        ("ISO_ALERT__LINK__0__NAME", "other", lambda config: config.links[0].rules.name == "other"),
        ("ISO_ALERT__LINK__0__SIGN_ON", "true", lambda config: config.links[0].rules.sign_on),
        ("ISO_ALERT__STORE__URL", "sqlite:other.db", lambda config: config.store.name == "other.db"),
        ("ISO_ALERT__RUN__DRAIN_TIMEOUT", "3.5", lambda config: config.drain_timeout == 3.5),
        ("ISO_ALERT__SMSC__0__SYSTEM_ID", "12345", lambda config: config.routes[0].system_id == "12345"),
        ("ISO_ALERT__POLICY__FILE", "policy-every-debit.toml", lambda config: config.rulebook.policy.counts_small),
    ],
)
def test_the_environment_overrides_the_file(path: Path, name: str, value: str, read: Any) -> None:
    """A value of TOML, or else text; sections that the file leaves out too."""
    assert read(load(path, {name: value}))


@pytest.mark.parametrize(
    "name", ["ISO_ALERT__LINK__7__WINDOW", "ISO_ALERT__LINK__NAME__X", "ISO_ALERT__STORE__URL__DEEP"]
)
def test_an_override_of_nothing_is_a_fault(path: Path, name: str) -> None:
    """A mistyped variable must not be passed over in silence."""
    assert any(name in line for line in faults(path, **{name: "5"}))


def test_a_wrong_key_in_the_environment_is_a_fault(path: Path) -> None:
    """As it would be in the file."""
    assert any("unknown key windows" in line for line in faults(path, ISO_ALERT__LINK__0__WINDOWS="5"))


def test_other_variables_are_nobody_s_business(path: Path) -> None:
    """ISO_ALERT_CONFIG names the file, and PATH is a path."""
    load(path, {"ISO_ALERT_CONFIG": "elsewhere", "PATH": "/bin"})


# ---- addresses


@pytest.mark.parametrize(
    ("text", "meant"),
    [("127.0.0.1:8583", ("127.0.0.1", 8583)), ("[::1]:80", ("::1", 80)), ("smsc.example:2775", ("smsc.example", 2775))],
)
def test_an_address_is_a_host_and_a_port(text: str, meant: tuple[str, int]) -> None:
    """As people write it."""
    assert address(text) == meant


NO_ADDRESSES = ["", "8583", ":8583", "host:", "host:99999", "host:-1", "host:٣", "host:8583x", "a b:1", "host\n:1"]
NO_IPV6 = ["::1:8583", "[::1:8583", "[127.0.0.1:1", "[]:1"]


@pytest.mark.parametrize("text", [*NO_ADDRESSES, *NO_IPV6])
def test_what_is_no_address_is_refused(text: str) -> None:
    """Rather than guessed at."""
    with pytest.raises(ValueError, match="is no address"):
        address(text)


def test_a_text_must_be_whole(path: Path) -> None:
    """One that is missing, or names what nobody fills in, would be an SMS that is lost when it is due."""
    (path.parent / "specs").mkdir()
    text = shipped.path("texts.toml").read_text(encoding="utf-8")
    broken = text.replace("Paid {amt} by card", "Paid {amount} by card").replace("[cancel]", "[cancelled]")
    (path.parent / "specs" / "texts.toml").write_text(broken, encoding="utf-8")
    told = faults(edit(path, "[store]", 'specs = "specs"\n[store]'))

    assert [line.partition(": ")[2] for line in told] == [
        "approval.en names 'amount', which nobody fills in", "cancel.th is missing", "cancel.en is missing",
    ]  # fmt: skip
