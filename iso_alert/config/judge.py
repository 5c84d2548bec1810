"""Judge the configuration: turn the file into what the service uses, and collect everything that is wrong with it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from attrs import asdict, evolve, field, frozen

from iso_alert import shipped
from iso_alert.config.api import ApiConfig, judge_api
from iso_alert.config.file import ConfigError, File, LinkSection, address
from iso_alert.config.secrets import read_key
from iso_alert.config.smsc import judge_route, side_by_side
from iso_alert.config.wires import judge_door
from iso_alert.domain.card import Keyring
from iso_alert.domain.decision import Rulebook
from iso_alert.domain.retention import Retention
from iso_alert.domain.subscribing import EnrolmentRules
from iso_alert.domain.text import Texts
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Decision, Dialect, Voice, dialect
from iso_alert.iso.framing import PRESETS
from iso_alert.iso.merchant import Merchants, read_directory, read_mcc_words
from iso_alert.iso.profile import read_profile
from iso_alert.iso.tables import BadTable
from iso_alert.service.echo import echo
from iso_alert.service.enrolment import read_slips
from iso_alert.service.link_rules import LinkRules
from iso_alert.service.links import LinkConfig, may_be_spread
from iso_alert.service.route_config import RouteConfig, load_statuses
from iso_alert.service.rulebook import read_rulebook

MOST_SPEAKERS = 64
T = TypeVar("T")


@frozen
class EnrolmentConfig:
    rules: EnrolmentRules
    slips: Texts
    operators: frozenset[str]


@frozen
class Config:
    """The configuration as the service uses it: judged, loaded, nothing left to look up."""

    path: Path
    store: Path
    keyring: Keyring = field(repr=False)
    links: tuple[LinkConfig, ...]
    routes: tuple[RouteConfig, ...]
    statuses: Path
    rulebook: Rulebook = field(repr=False)
    admin: tuple[str, int]
    drain_timeout: float
    enrolment: EnrolmentConfig = field(repr=False)
    api: ApiConfig | None = None
    retention: Retention = field(factory=Retention)
    writer: Literal["process", "thread"] = "process"
    speakers: int = 0
    spread: frozenset[str] = frozenset()  # the links whose connections they carry


class Judge:
    """Turns the file into a Config and collects what is wrong with it."""

    def __init__(self, path: Path, file: File) -> None:
        self.path, self.file, self.base = path, file, path.parent
        self.faults: list[str] = []
        self.before = [self.base / file.specs] if file.specs else []

    def config(self) -> Config:
        file = self.file
        if file.specs and not self.before[0].is_dir():
            self._fault("specs", f"{self.before[0]} is no directory")
        store, keyring = self.store(), self.keyring()
        links = tuple(self._links(keyring))
        routes, rulebook = tuple(self._routes()), self._rulebook(links)
        enrolment = self._enrolment(rulebook)
        admin = self._try("admin.listen", lambda: address(file.admin.listen))
        api = self._api()
        retention = self._try("retention", lambda: Retention(**asdict(file.retention)))
        statuses = shipped.path("smpp-statuses.toml", *self.before)
        self._try("statuses", lambda: load_statuses(statuses))
        if file.run.drain_timeout < 0:
            self._fault("run.drain_timeout", "must not be less than nothing")
        if not 0 <= file.run.speakers <= MOST_SPEAKERS:
            self._fault("run.speakers", f"{file.run.speakers} is none of 0 to {MOST_SPEAKERS}")
        spread = frozenset(link.rules.name for link in links if file.run.speakers and may_be_spread(link))
        if not (store and keyring and routes and rulebook and enrolment and admin and retention) or self.faults:
            raise ConfigError(self.faults)
        return Config(
            self.path, store, keyring, links, routes, statuses, rulebook, admin, file.run.drain_timeout, enrolment, api,
            retention, file.run.writer, file.run.speakers, spread,
        )  # fmt: skip

    def _fault(self, where: str, what: object) -> None:
        self.faults += [f"{self.path}: {where}: {line}" for line in str(what).splitlines()]

    def _try(self, where: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except BadTable as bad:
            self.faults += bad.faults  # they name their own file
        except OSError as fault:
            self._fault(where, f"{fault.filename}: {fault.strerror}" if fault.filename else fault)
        except ValueError as fault:
            self._fault(where, fault)
        return None

    # Each of these gives None, and a fault, for what cannot be used.

    def store(self) -> Path | None:
        kind, _, rest = self.file.store.url.partition(":")
        if kind != "sqlite" or not rest:
            self._fault("store.url", f"{self.file.store.url!r} is no store; sqlite:FILE is one")
            return None
        place = self.base / rest
        if not place.parent.is_dir():
            self._fault("store.url", f"{place.parent} is no directory")
        return place

    def keyring(self) -> Keyring | None:
        if not self.file.keys.pan:
            self._fault("keys.pan", "names no key file; make one with: iso-alert keygen FILE")
        keys = [self._key(f"keys.pan[{n}]", self.base / name) for n, name in enumerate(self.file.keys.pan)]
        if not keys or None in keys:
            return None
        return self._try("keys.pan", lambda: Keyring(tuple(key for key in keys if key)))

    def _key(self, where: str, file: Path) -> bytes | None:
        try:
            return read_key(file)
        except FileNotFoundError:
            self._fault(where, f"{file}: no such file; make one with: iso-alert keygen {file}")
        except (OSError, ValueError) as fault:
            self._fault(where, f"{file}: {fault.strerror if isinstance(fault, OSError) else fault}")
        return None

    def _links(self, keyring: Keyring | None) -> Iterator[LinkConfig]:
        if not self.file.link:
            self._fault("link", "there is none: add a [[link]]")
        names = [link.name for link in self.file.link]
        for n, link in enumerate(self.file.link):
            where = f"link[{n}] {link.name}"
            if names.count(link.name) > 1:
                self._fault(where, "two links have this name")
            door = self._try(where, partial(judge_door, link, self.base))
            spoken = self._try(where, partial(self._dialect, link))
            if spoken and link.echo_interval and keyring:
                self._try(f"{where}: echo_interval", partial(echo, Codec(spoken, keyring), "000001", 0.0))
            if door and spoken:
                yield LinkConfig(door, _rules(link), spoken)

    def _dialect(self, link: LinkSection) -> Dialect:
        if link.framing is not None and link.framing not in PRESETS:
            raise ValueError(f"framing {link.framing!r} is none of {', '.join(PRESETS)}")
        if link.profile not in (known := shipped.names("profiles", *self.before)):
            raise ValueError(f"profile {link.profile!r} is none of {', '.join(known)}")
        profile = read_profile(link.profile, *self.before)
        if link.enrolment and profile.version != "0":
            raise ValueError(f"enrolment is defined for ISO 8583:1987 only, and {link.profile} is another")
        framing = evolve(PRESETS[link.framing or profile.framing], max_length=link.max_frame)
        directory = read_directory(self.base / link.merchants) if link.merchants else {}
        voice = Voice(*map(frozenset, (link.voice.terminals, link.voice.merchants, link.voice.niis)))
        return dialect(
            link.name,
            profile,
            framing=framing,
            charset=link.charset,
            currency=link.currency,
            decision=Decision(link.decision),
            echo_pan=link.echo_pan,
            voice=voice,
            merchants=Merchants(directory, read_mcc_words(*self.before)),
            enrolment=link.enrolment,
        )

    def _routes(self) -> Iterator[RouteConfig]:
        if not self.file.smsc:
            self._fault("smsc", "there is none: add a [[smsc]]")
        for n, smsc in enumerate(self.file.smsc):
            if route := self._try(f"smsc[{n}] {smsc.name}", partial(judge_route, smsc, self.base)):
                yield route
        for n, what in side_by_side(self.file.smsc):
            self._fault(f"smsc[{n}] {self.file.smsc[n].name}", what)

    def _rulebook(self, links: tuple[LinkConfig, ...]) -> Rulebook | None:
        spoken = [link.dialect for link in links]
        own = self.base / self.file.policy.file  # beside the configuration, else among the tables

        def read() -> Rulebook:
            policy = str(own.absolute()) if own.is_file() else self.file.policy.file
            return read_rulebook(spoken, policy, *self.before)

        return self._try("policy", read)

    def _api(self) -> ApiConfig | None:
        given = self.file.api
        return self._try("api", partial(judge_api, given, self.base)) if given else None

    def _enrolment(self, book: Rulebook | None) -> EnrolmentConfig | None:
        given = self.file.enrolment
        for name in ("confirm_again_after", "confirm_within"):
            if getattr(given, name) <= 0:
                self._fault(f"enrolment.{name}", "must be more than nothing")
        slips = self._try("enrolment", lambda: read_slips(*self.before))
        if book is None or slips is None:
            return None
        plain = {name: value for name, value in asdict(given).items() if name not in ("networks", "operators")}
        rules = EnrolmentRules(book.texts, networks=frozenset(given.networks), **plain)
        return EnrolmentConfig(rules, slips, frozenset(given.operators))


def _rules(link: LinkSection) -> LinkRules:
    return LinkRules(
        link.name,
        link.window,
        link.idle_timeout,
        link.partial_timeout,
        link.sign_on,
        rate=link.rate,
        echo_interval=link.echo_interval,
    )
