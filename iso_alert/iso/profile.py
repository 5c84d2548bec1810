"""A way to speak ISO 8583 under one name, and what a link changes of it.

A profile is a file of specs/profiles/: which field table, which framing, which codes, and where this host writes what
the standard leaves open.  Everything in it is data; the code that reads messages asks it and knows no host by name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from attrs import Factory, field, frozen
from cattrs import Converter

from iso_alert import shipped
from iso_alert.domain.card import Kind
from iso_alert.domain.transaction import Indicator
from iso_alert.iso.framing import PRESETS
from iso_alert.iso.kept import KEPT, KEPT_93, SENSITIVE, words
from iso_alert.iso.merchant import CHARSETS, LAYOUTS
from iso_alert.iso.spec import Spec, read_spec
from iso_alert.iso.tables import BadTable, read_toml, strict, structure

ECHOED = words("3 4 7 11 12 13 18 22 24 25 32 33 37 38 41 42 49 70")


class Said(Enum):
    """What we may say to a request; the profile knows the code."""

    RECORDED = "recorded"
    FORMAT_ERROR = "format_error"
    NOT_OFFERED = "not_offered"
    NOT_SIGNED_ON = "not_signed_on"
    NOT_RECORDED = "not_recorded"
    NO_ENROLMENT = "no_enrolment"


@frozen
class Codes:
    """DE39 of our answers."""

    recorded: str = "00"
    format_error: str = "30"
    not_offered: str = "12"
    not_signed_on: str = "91"
    not_recorded: str = "96"
    no_enrolment: str = "24"
    recorded_by_class: Mapping[str, str] = field(factory=dict)  # 1993: 400 for reversals, 800 for network management

    def code(self, said: Said, mti_class: str) -> str:
        if said is Said.RECORDED:
            return self.recorded_by_class.get(mti_class, self.recorded)
        return str(getattr(self, said.value))


@frozen
class Place:
    """Where a host writes something: `length` characters of a field, and what they stand for."""

    field: str
    at: int = 1  # the first character is 1, as specifications count
    length: int = 0  # 0: to the end
    values: Mapping[str, str] = Factory(dict)  # empty: as it stands; what is not in it is nothing

    def of(self, fields: Mapping[str, str]) -> str:
        """What is written there, "" if nothing is."""
        return self.cut(fields.get(self.field))

    def cut(self, text: str | None) -> str:
        """The same of that field alone."""
        if not text:
            return ""
        text = text[self.at - 1 :].strip()
        text = text[: self.length] if self.length else text
        return self.values.get(text, "") if self.values else text


@frozen
class Network:
    """Which codes of network management have an effect; all others are accepted without one."""

    place: Place = Place("70")
    sign_on: frozenset[str] = frozenset({"001"})
    sign_off: frozenset[str] = frozenset({"002"})
    echo: frozenset[str] = frozenset({"301"})


def _codes(patterns: Sequence[str]) -> frozenset[str]:
    """`["00", "10-11"]` as the codes themselves."""
    return frozenset(code for pattern in patterns for code in _range(pattern))


def _range(pattern: str) -> Iterable[str]:
    if not (ends := re.fullmatch(r"(\d+)-(\d+)", pattern)):
        return (pattern,)
    low, high = ends.groups()
    return (f"{code:0{len(low)}d}" for code in range(int(low), int(high) + 1))


@frozen
class Profile:
    """See the module's head; each field is a key of the file."""

    name: str
    say: str
    spec: Spec
    framing: str = "binary2"
    version: Literal["0", "1"] = "0"  # the MTI's first digit: 0 is 1987, 1 is 1993
    header: Literal["tpdu", "copied"] = "tpdu"  # what our answer does with the spec's header, if it has one
    charset: str = "tis-620"
    layout: str = "visa"
    echo_pan: bool = True
    echo: frozenset[str] = frozenset(ECHOED)
    approved: frozenset[str] = field(default=("00", "08", "10", "11", "16"), converter=_codes)
    codes: Codes = Codes()
    network: Network = Network()
    entry_mode: Place = Place("22", length=2)
    condition: Place = Place("25")
    mcc: Place = Place("18")
    invoice: Place | None = None
    indicator: tuple[Place, ...] = ()  # the first that names an Indicator
    balances: Mapping[Kind, tuple[str, ...]] = {Kind.CREDIT: ("02",), Kind.DEBIT: ("02",)}
    balance_set: Literal[20, 21] = 20
    void_codes: frozenset[str] = frozenset({"02"})
    event: tuple[Mapping[str, Any], ...] = ()  # rows for domain.event, before the common ones
    channel: tuple[Mapping[str, Any], ...] = ()  # rows for domain.channel

    @property
    def kept(self) -> frozenset[str]:
        """The fields that leave the codec."""
        return KEPT_93 if self.version == "1" else KEPT

    def faults(self) -> Iterable[str]:
        """What is wrong with the values; a wrong key is found before."""
        for name, allowed in (("framing", PRESETS), ("charset", CHARSETS), ("layout", LAYOUTS)):
            if getattr(self, name) not in allowed:
                yield f"{name} {getattr(self, name)!r} is none of {', '.join(allowed)}"
        for place in (self.entry_mode, self.condition, self.mcc):
            if place.field not in self.kept:
                yield f"field {place.field} does not leave the codec, so nothing can be read from it"
        for place in filter(None, (self.invoice, self.network.place)):
            if place.field in SENSITIVE:
                yield f"field {place.field} is sensitive and cannot be named here"
        for wrong in self.echo - self.kept:
            yield f"field {wrong} is never echoed"
        known = {indicator.value for indicator in Indicator}
        for place in self.indicator:
            for wrong in set(place.values.values()) - known:
                yield f"indicator {wrong!r} is none of {', '.join(sorted(known - {''}))}"
            if not place.values:
                yield f"indicator of field {place.field}: no values"


def read_profile(name: str, *before: Path) -> Profile:
    """The profile `name`, its field table loaded.  Raises BadTable with every fault."""
    path = shipped.path(f"profiles/{name}.toml", *before)
    raw = read_toml(path)
    own_lines = raw.pop("fields", {})
    faults: list[str] = []
    try:
        raw["spec"] = read_spec(str(raw.get("spec", "")), *before, replaced=own_lines)
    except BadTable as bad:
        faults += bad.faults
        raw["spec"] = read_spec("iso87-ascii")  # so that the other keys are judged in the same breath
    profile = _structure({"name": name, **raw}, path, faults)
    if faults:
        raise BadTable(faults)
    return profile


def _structure(raw: Mapping[str, Any], path: Path, faults: list[str]) -> Profile:
    """The profile; a file with a key too many is still judged by the others."""
    profile = None
    for converter in (_STRICT, _LENIENT):
        try:
            profile = profile or structure(raw, Profile, path, converter)
        except BadTable as bad:
            faults += [fault for fault in bad.faults if fault not in faults]
    if profile is None:
        raise BadTable(faults)
    faults += [f"{path}: {fault}" for fault in profile.faults()]
    return profile


_STRICT, _LENIENT = strict(), Converter()
for _converter in (_STRICT, _LENIENT):
    _converter.register_structure_hook(Spec, lambda spec, _: spec)
