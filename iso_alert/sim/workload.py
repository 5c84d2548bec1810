"""Traffic that looks like a payment host's: templates by weight, test cards in turn, reversals of what went before.

A workload is TOML (specs/workload.toml): what a host would say in fields of 1987.  The simulator adds what differs from
message to message, and spells it all in the profile of the link.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random

from attrs import field, frozen

from iso_alert import shipped
from iso_alert.iso.answering import answer
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Dialect
from iso_alert.iso.merchant import CHARSETS
from iso_alert.iso.message import Message
from iso_alert.iso.profile import Said
from iso_alert.iso.tables import BadTable, read_toml, structure
from iso_alert.sim.cards import RANGES, test_pan
from iso_alert.sim.stencil import Stencil

_FILLED = ("2", "4", "7", "11", "12", "13", "37", "41", "90")
_REMEMBERED = 500  # messages that a reversal may choose from
_CREDIT, _DEBIT = "3000", "1000"  # the last four digits of DE3
_DATA_CODES = {"051": "510101513344", "010": "010010600000"}  # DE22 of 1993 for that of 1987


@frozen
class Shot:
    """One message to send, and the answer that is due."""

    name: str
    frame: bytes
    answer: bytes | None  # word for word; None when none is due
    mti: str = ""  # of the answer
    code: str = ""  # its DE39
    stan: str = ""


@frozen
class Template:
    """One kind of message."""

    name: str
    fields: Mapping[str, str]
    weight: int = 1
    amount: tuple[int, int] = (100, 500_000)  # minor units, from and to
    cancels: bool = False  # one of the last messages


@frozen
class Workload:
    """What to send; see specs/workload.toml."""

    template: tuple[Template, ...]
    cards: int = 1000
    terminals: int = 50
    credit: float = 0.5


def read_workload(path: Path | None = None) -> Workload:
    """The workload of a file, or the shipped one.  Raises BadTable with every fault."""
    path = path or shipped.path("workload.toml")
    workload = structure(read_toml(path), Workload, path)
    faults = [f"{path}: template {each.name!r}: no t" for each in workload.template if "t" not in each.fields]
    if not any(not each.cancels for each in workload.template):
        faults.append(f"{path}: nothing but cancellations")
    if faults:
        raise BadTable(faults)
    return workload


@frozen
class _Kind:
    """A template in the link's own words, for a credit or a debit card."""

    template: Template
    request: Stencil
    response: Stencil
    mti: str
    answer_mti: str
    code: str
    acquirer: str

    def shot(self, values: Mapping[str, str]) -> Shot:
        frame, due = self.request.fill(values), self.response.fill(values)
        return Shot(self.template.name, frame, due, self.answer_mti, self.code, values["11"])


@frozen
class Traffic:
    """An endless supply of shots.  The same seed and clock make the same traffic."""

    workload: Workload
    codec: Codec
    clock: Callable[[], float]  # seconds since 1970
    seed: int = 0
    first: int = 1  # of the STANs
    _kinds: Mapping[tuple[str, bool], _Kind] = field(init=False, repr=False)

    @_kinds.default
    def _make_kinds(self) -> Mapping[tuple[str, bool], _Kind]:
        return {
            (template.name, credit): _kind(template, credit, self.codec)
            for template in self.workload.template
            for credit in (True, False)
        }

    def shots(self) -> Iterator[Shot]:
        """One after the other, for ever."""
        dice, past = Random(self.seed), deque[tuple[dict[str, str], bool, str]](maxlen=_REMEMBERED)
        weights = [template.weight for template in self.workload.template]
        serial = self.first - 1
        while True:
            serial += 1
            template = dice.choices(self.workload.template, weights)[0]
            if template.cancels and not past:
                continue
            fresh = self._fresh(serial, template, dice)
            if template.cancels:
                values, credit, mti = past.popleft()
                kind = self._kinds[template.name, credit]
                yield kind.shot(values | _again(fresh) | {"90": _original(mti, values, kind.acquirer)})
            else:
                credit = (serial % self.workload.cards) < self.workload.credit * self.workload.cards
                kind = self._kinds[template.name, credit]
                past.append((fresh, credit, kind.mti))
                yield kind.shot(fresh)

    def _fresh(self, serial: int, template: Template, dice: Random) -> dict[str, str]:
        return {
            "2": card(serial % self.workload.cards),
            "4": f"{dice.randint(*template.amount):012d}",
            "11": f"{serial % 1_000_000:06d}",
            "37": f"{serial:012d}",
            "41": f"SIM{serial % self.workload.terminals:05d}",
            **_times(int(self.clock()), self.codec.dialect.profile.version),
        }


@lru_cache(maxsize=100_000)
def card(number: int) -> str:
    """The card number of the workload's n-th test card: 16 digits, of four networks in turn."""
    return test_pan(number, 16, RANGES[number % 4])


@lru_cache(maxsize=8)
def _times(now: int, version: str) -> dict[str, str]:
    utc = datetime.fromtimestamp(now, UTC)
    local = utc + timedelta(hours=7)
    of_1987 = {"12": f"{local:%H%M%S}", "13": f"{local:%m%d}"}
    return {"7": f"{utc:%m%d%H%M%S}", **({"12": f"{local:%y%m%d%H%M%S}"} if version == "1" else of_1987)}


def _again(fresh: Mapping[str, str]) -> dict[str, str]:
    """What a cancellation has of its own: a STAN and its times."""
    return {key: fresh[key] for key in ("7", "11", "12", "13") if key in fresh}


def _original(mti: str, values: Mapping[str, str], acquirer: str) -> str:
    return f"{mti}{values['11']}{values['7']}{acquirer:>011}{'0' * 11}"


def _kind(template: Template, credit: bool, codec: Codec) -> _Kind:
    fields = spelled(template, credit, codec.dialect)
    message = codec.decode(codec.encode(fields))
    if not isinstance(message, Message):
        raise BadTable([f"template {template.name!r} is no message of {codec.dialect.profile.name}: {message}"])
    due = answer(message, Said.RECORDED, codec.dialect)
    if due is None:
        raise BadTable([f"template {template.name!r}: {message.mti} is not answered"])
    spec = codec.dialect.profile.spec
    request, response = (Stencil.of(spec, each, _FILLED) for each in (fields, due))
    return _Kind(template, request, response, message.mti, due["t"], due["39"], fields.get("32", ""))


def spelled(template: Template, credit: bool, dialect: Dialect) -> dict[str, str]:
    """A template's message as this link's host writes it, its holes filled with something of the right length."""
    holes = {"2": card(0), "4": "0" * 12, "11": "000000", "37": "0" * 12, "41": "SIM00000"}
    times = _times(0, dialect.profile.version)
    fields = {**template.fields, **holes, **times, "3": template.fields["3"][:2] + (_CREDIT if credit else _DEBIT)}
    if dialect.profile.spec.header_bytes:
        fields["h"] = "6000010000".ljust(2 * dialect.profile.spec.header_bytes, "0")
    if "43" in fields:
        fields["43"] = fields["43"].encode(CHARSETS[dialect.charset], "replace").decode("latin-1")
    if dialect.profile.version == "1":
        return _as_1993(fields)
    return fields | ({"90": "0" * 42} if template.cancels else {})


def _as_1993(fields: Mapping[str, str]) -> dict[str, str]:
    moved = {"t": "1" + fields["t"][1:], "22": _DATA_CODES.get(fields.get("22", ""), "000000000000")}
    moved |= {"26": fields["18"]} if "18" in fields else {}
    moved |= {"39": "0" + fields["39"]} if fields.get("39") == "00" else {"39": "100"} if "39" in fields else {}
    return {key: value for key, value in fields.items() if key not in ("13", "18", "25")} | moved | {"24": "200"}
