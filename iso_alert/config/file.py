"""The configuration file as it is written: its sections, its place, and what the environment overrides."""

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from iso_alert.config.typed import Given, typed
from iso_alert.iso.message import mask
from iso_alert.iso.tables import BadTable, structure
from iso_alert.smpp.text import Gsm, LongMessages

PREFIX = "ISO_ALERT__"
VARIABLE, DEFAULT = "ISO_ALERT_CONFIG", "iso-alert.toml"
_TYPED = typed()
_ADDRESS = re.compile(r"(\[(?P<v6>[0-9A-Fa-f:.]+(%\w+)?)\]|(?P<host>[^\s:\[\]]+)):(?P<port>[0-9]{1,5})")


class ConfigError(Exception):
    """The configuration cannot be used.  `faults` has one line each, with the place to look at, and no card number."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = list(map(mask, faults))
        super().__init__("\n".join(self.faults))


@frozen
class StoreSection:
    url: str = "sqlite:alerts.db"


@frozen
class KeysSection:
    pan: tuple[str, ...]


@frozen
class VoiceSection:
    terminals: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()
    niis: tuple[str, ...] = ()


@frozen
class TlsSection:
    """Files of certificates.  Which are needed, and which mean something, depends on who calls whom."""

    certificate: str | None = None  # our own, with what stands between it and its authority
    key: str | None = None  # of the certificate; none: in the same file
    clients: str | None = None  # where we are called: who vouches for the callers
    authorities: str | None = None  # where we call: who vouches for the other side; none: the system's
    server_name: str | None = None  # where we call: whom we expect there; none: the name we call


@frozen
class LinkSection:
    name: str
    listen: str | None = None  # the host calls us here,
    connect: str | None = None  # or we call the host there
    tls: TlsSection | None = None
    profile: str = "iso87-ascii"
    framing: str | None = None
    window: int = 64
    idle_timeout: float = 600.0
    partial_timeout: float = 30.0
    echo_interval: float | None = None
    rate: float | None = None
    max_connections: int | None = None  # 64
    max_frame: int = 4096
    allow: tuple[str, ...] | None = None
    sign_on: bool = False
    decision: Literal["feed", "inline", "paired"] = "feed"
    charset: str | None = None
    currency: str = "764"
    echo_pan: bool | None = None
    voice: VoiceSection = VoiceSection()
    merchants: str | None = None
    enrolment: bool = False  # whether the ATM switch may ask for subscriptions here


@frozen
class SmscSection:
    name: str
    connect: str
    system_id: str
    password_file: str
    source: str
    system_type: str = ""
    window: int = 50
    rate: float | None = None
    long_messages: LongMessages = "udh8"
    gsm: Gsm = "gsm0338"
    activate: Literal["on_delivery", "on_accept"] = "on_delivery"  # the second where the operator sends no receipts
    tls: TlsSection | None = None
    weight: float = 1.0  # its share, beside the other routes'
    operator: str | None = None  # one for all routes to the same operator; none: the route's name


@frozen
class AdminSection:
    listen: str = "127.0.0.1:9464"


@frozen
class ApiSection:
    listen: str
    cert: str | None = None
    key: str | None = None
    allow_remote: bool = False
    rate: float = 20.0
    address_rate: float = 100.0


@frozen
class PolicySection:
    file: str = "policy.toml"


@frozen
class EnrolmentSection:
    """What the bank decides about subscriptions beforehand; times in seconds, as everywhere."""

    needs_approval: bool = False
    unknown_cards: Literal["alone", "refuse"] = "alone"
    confirm_times: int = 3
    confirm_again_after: float = 64_800.0
    confirm_within: float = 259_200.0
    refusal_stands: float = 2_592_000.0
    terms: str = ""
    networks: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()


@frozen
class RetentionSection:
    """How long things are kept; the rules are in domain.retention."""

    journal_days: int = 90
    texts_days: int = 90
    audit_months: int = 12


@frozen
class RunSection:
    drain_timeout: float = 10.0
    writer: Literal["process", "thread"] = "process"  # who has the store: with one core a thread does better
    speakers: int = 0  # processes over which the connections of links are spread; none: the service carries them


@frozen
class File:
    """The file as it is written."""

    keys: KeysSection
    link: tuple[LinkSection, ...]
    smsc: tuple[SmscSection, ...]
    store: StoreSection = StoreSection()
    admin: AdminSection = AdminSection()
    api: ApiSection | None = None  # absent: there is none
    policy: PolicySection = PolicySection()
    enrolment: EnrolmentSection = EnrolmentSection()
    retention: RetentionSection = RetentionSection()
    run: RunSection = RunSection()
    specs: str | None = None  # a directory whose tables stand before the shipped ones


def find(given: str | None) -> Path:
    """The file to read: as given, else ISO_ALERT_CONFIG, else ./iso-alert.toml."""
    return Path(given or os.environ.get(VARIABLE) or DEFAULT)


def read(path: Path, environ: Mapping[str, str]) -> File:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file; name one with -c FILE or {VARIABLE}"]) from None
    except OSError as fault:
        raise ConfigError([f"{path}: {fault.strerror}"]) from None
    except ValueError as fault:
        raise ConfigError([f"{path}: {fault}"]) from None
    for name, value in environ.items():
        if name.startswith(PREFIX):
            _override(raw, name, value)
    try:
        return structure(raw, File, path, _TYPED)
    except BadTable as bad:
        raise ConfigError(list(bad.faults)) from None


def _override(raw: dict[str, Any], name: str, value: str) -> None:
    *way, last = name.removeprefix(PREFIX).lower().split("__")
    place: Any = raw
    try:
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        place[last] = Given(value)
    except (ValueError, IndexError, TypeError, AttributeError):
        raise ConfigError([f"{name}: there is no such place in the configuration"]) from None


def address(text: str) -> tuple[str, int]:
    """`127.0.0.1:8583`, `[::1]:8583`, `smsc.example:2775`.  Raises ValueError."""
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > 65535:
        raise ValueError(f"{text!r} is no address such as 127.0.0.1:8583 or [::1]:8583")
    return found["v6"] or found["host"], int(found["port"])


def reachable(text: str) -> tuple[str, int]:
    """The address of somebody whom we call.  Raises ValueError."""
    host, port = address(text)
    if not port:
        raise ValueError(f"{text!r} has no port that could be called")
    return host, port


def name_fault(name: str) -> str | None:
    """Why this cannot be a name: it stands on metrics, in the log and in the store."""
    if not name.strip() or not name.isprintable():
        return "must have a name that can be printed"
    return "has a name that passes for a card number" if mask(name) != name else None


def shown_address(host: str, port: int) -> str:
    """As `address` reads it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        place = ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    return (getattr(place, "ipv4_mapped", None) or place).is_loopback
