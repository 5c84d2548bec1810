"""A story's fields as a frame, and the frame as the transaction that a link would record.

Fields are written as a person says them: sums as `2500.00`, DE54 as the balance, DE95 as the amount that remains, DE43
as `NAME/CITY/COUNTRY`, DE90 and DE56 as `MTI STAN [time [acquirer]]`, `zeros`, or `@sale`: the named message.
Elsewhere `@sale` is what that message had in the same field.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from attrs import define, field

from iso_alert.domain.card import Keyring, Kind
from iso_alert.domain.transaction import Transaction
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Decision, Dialect, Voice, dialect
from iso_alert.iso.merchant import Merchants, read_mcc_words
from iso_alert.iso.message import Unreadable
from iso_alert.iso.profile import read_profile
from iso_alert.iso.reading import read
from iso_alert.sim.cards import test_pan, track2
from iso_alert.store.port import CardLine
from tests.threads.story import BANGKOK, USUAL, Step, Story

KEYRING = Keyring((b"a key for tests, which is no secret",))
LINK = "switch"
HABITS = {"card", "header", "directory"}  # of a profile in usual.toml, beside its fields
Fields = dict[str, str]


def pan(card: str) -> str:
    """The card number that stands behind a nickname."""
    return test_pan(USUAL["card"][card]["serial"])


def card_file() -> list[CardLine]:
    """The cast's cards, as the bank's card file has them."""
    known = {name: card for name, card in USUAL["card"].items() if "customer" in card}
    return [CardLine(c["customer"], KEYRING.card(pan(name)), Kind(c["kind"]), True) for name, c in known.items()]


def link_of(story: Story) -> Dialect:
    """What the story's link speaks."""
    settings = dict(story.link)
    voice = Voice(**{key: frozenset(names) for key, names in settings.pop("voice", {}).items()})
    decision = Decision(settings.pop("decision", "feed"))
    names = Merchants(USUAL["profile"][story.profile].get("directory", {}), read_mcc_words())
    profile = read_profile(story.profile)
    return dialect(LINK, profile, voice=voice, decision=decision, merchants=names, **settings)


@define
class Host:
    """Writes frames as the host of one profile does, and remembers them by name."""

    dialect: Dialect
    codec: Codec = field(init=False)
    _said: dict[str, Fields] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.codec = Codec(self.dialect, KEYRING)

    def frame(self, step: Step, *, repeat: bool = False) -> bytes:
        """The message of a step; `repeat` gives it the MTI of one."""
        fields = self._fields(step)
        if repeat:
            fields = {**fields, "t": f"{step.send[:3]}{int(step.send[3]) | 1}"}
        return self.codec.encode(fields)

    def _fields(self, step: Step) -> Fields:
        usual = USUAL["profile"][self.dialect.profile.name]
        habits = {key.removeprefix("de"): value for key, value in usual.items() if key not in HABITS}
        said = {key: self._shape(key, value, step) for key, value in {**habits, **step.fields}.items()}
        fields = {key: value for key, value in said.items() if value}
        number = pan(step.card)
        fields |= {"t": step.send, usual["card"]: number if usual["card"] == "2" else track2(number, 37, "D")}
        if "header" in usual:
            fields["h"] = usual["header"]
        self._said[step.name] = fields
        return fields

    def read(self, frame: bytes, at: float) -> Transaction:
        """What a link would hand to the journal."""
        message = self.codec.decode(frame)
        assert not isinstance(message, Unreadable), str(message)
        reading = read(message, self.dialect, at)
        assert isinstance(reading, Transaction), reading
        return reading

    def _shape(self, key: str, value: str, step: Step) -> str:
        if value.startswith("@"):
            named = self._said[value[1:]]
            return self._original(key, named) if key in ("90", "56") else named.get(key, "")
        value = value.format_map(_clock(step.clock))
        text = _SHAPES.get((self.dialect.profile.version, key), _as_it_stands)(value) if value else ""
        # Names go through as bytes in the link's own charset.
        return text.encode(self.dialect.charset).decode("latin-1") if key == "43" else text

    def _original(self, key: str, named: Mapping[str, str]) -> str:
        when = named.get("7" if key == "90" else "12", "")
        acquirer = named.get("32", "")
        return _SHAPES[self.dialect.profile.version, key](f"{named['t']} {named['11']} {when or '0'} {acquirer or '0'}")


def _clock(moment: float) -> Mapping[str, str]:
    here = datetime.fromtimestamp(moment, BANGKOK)
    return {
        "utc": datetime.fromtimestamp(moment, UTC).strftime("%m%d%H%M%S"),
        "date": here.strftime("%m%d"),
        "time": here.strftime("%H%M%S"),
        "stamp": here.strftime("%y%m%d%H%M%S"),
    }


def _as_it_stands(value: str) -> str:
    return value


def _sum(value: str) -> str:
    return value.replace(".", "").replace(",", "").rjust(12, "0")


def _balance(value: str) -> str:
    return f"0002764{'D' if value.startswith('-') else 'C'}{_sum(value.lstrip('-'))}"


def _place(value: str) -> str:
    name, city, country = value.split("/")
    return f"{name:25.25}{city:13.13}{country:2}"


def _place_93(value: str) -> str:
    name, city, country = value.split("/")
    return f"{name}\\1 ROAD\\{city}\\{'10110':10}001{country}"


def _original_87(value: str) -> str:
    if value == "zeros":
        return "0" * 42
    mti, stan, when, acquirer = (*value.split(), "0", "0")[:4]
    return f"{mti}{stan:0>6}{when:0>10}{acquirer:0>11}{'0' * 11}"


def _original_93(value: str) -> str:
    mti, stan, when, acquirer = (*value.split(), "0", "")[:4]
    return f"{mti}{stan:0>6}{when:0>12}{len(acquirer):02d}{acquirer}"


def _left(size: int) -> Callable[[str], str]:
    return lambda value: value.ljust(size)


def _right(size: int) -> Callable[[str], str]:
    return lambda value: value.rjust(size, "0")


_SAME = {
    "4": _sum,
    "5": _sum,
    "6": _sum,
    "11": _right(6),
    "37": _left(12),
    "38": _left(6),
    "41": _left(8),
    "42": _left(15),
    "54": _balance,
}
_ONLY: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "0": {"43": _place, "90": _original_87, "95": lambda value: _sum(value) + "0" * 30},
    "1": {"43": _place_93, "56": _original_93, "30": lambda value: _sum(value) + "0" * 12},
}
_SHAPES = {(version, key): shape for version, own in _ONLY.items() for key, shape in {**_SAME, **own}.items()}
