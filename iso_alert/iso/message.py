"""An ISO 8583 message beyond the codec: what may be known of it, and nothing else.

`Message.fields` holds allow-listed fields only; of PIN, tracks and chip data it is known that they came.  The card
number has become a `Card`.  One thing remains: most hosts want DE2 back in the answer, so a link that echoes it keeps
it in a `Sealed` until then; nothing prints, compares or copies that, and `answering` alone opens it.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Generic, NoReturn, TypeVar

from attrs import field, frozen

from iso_alert.domain.card import Card, luhn
from iso_alert.domain.transaction import Indicator

S = TypeVar("S")


class Sealed(Generic[S]):
    """A card number, or bytes with one in them, on its way back to the host that sent it."""

    __slots__ = ("__value",)

    def __init__(self, value: S) -> None:
        self.__value = value

    def open(self) -> S:
        """What is sealed, for the wire only."""
        return self.__value

    def __repr__(self) -> str:
        return "<sealed>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a card number is neither copied nor stored")


@frozen(eq=False, slots=False)  # made for every message, and with slots a frozen value takes twice as long to make
class Message:
    """Decoded, checked and stripped.  Prints as what identifies it, never as what it says."""

    mti: str
    fields: Mapping[str, str] = field(repr=False)  # as on the wire, blanks and all
    card: Card | None = field(default=None, repr=str)
    header: str = field(default="", repr=False)  # hex, when the spec has one
    indicator: Indicator = field(default=Indicator.NONE, repr=False)
    network: str = field(default="", repr=False)  # the code of network management
    invoice: str = field(default="", repr=False)
    has_chip: bool = field(default=False, repr=False)
    has_track: bool = field(default=False, repr=False)
    has_pin: bool = field(default=False, repr=False)
    dropped: tuple[str, ...] = field(default=(), repr=False)  # the fields that stayed inside the codec
    pan: Sealed[str] | None = field(default=None, repr=False)
    back: Sealed[tuple[bytes, bytes]] | None = field(default=None, repr=False)  # its answer, before and after DE39

    def get(self, key: str) -> str:
        """A field without the blanks and control characters around it; "" if it is not there."""
        return value.strip(BLANKS) if (value := self.fields.get(key)) else ""

    def each(self, keys: Iterable[str]) -> list[str]:
        """Several fields as `get` gives one, in less time than it would take for each."""
        get = self.fields.get
        return [get(key, "").strip(BLANKS) for key in keys]

    def __str__(self) -> str:
        return f"{self.mti} STAN {self.get('11') or '-'} RRN {self.get('37') or '-'} card {self.card or '-'}"


BLANKS = "".join(map(chr, range(33)))  # with the control characters: they say nothing


def bare(text: str) -> str:
    """The text without the blanks and control characters around it."""
    return text.strip(BLANKS)


class Fault(Enum):
    """Why a frame could not be read; the value is what an operator is told."""

    SHORT = "the frame ends inside it, or its padding is wrong"
    LENGTH = "its length is no number"
    LONG = "it is longer than the field table allows"
    CONTENT = "it holds a character that it must not"
    UNKNOWN = "the bitmap announces a field that does not exist"
    EXTRA = "bytes follow the last field"


@frozen(eq=False)
class Unreadable:
    """This frame only: answer what can be answered, count it, and carry on."""

    fault: Fault
    field: str  # 2, or h, t, p as pyiso8583 calls header, MTI and bitmap
    position: int  # from the first byte of the frame, which is 0
    partial: Message  # what was decoded: before the fault, or beside it if only a content was wrong

    def __str__(self) -> str:
        return f"field {self.field}, position {self.position}: {self.fault.value}"


_BETWEEN = r"[ \u00a0._/\u2010-\u2015-]{1,2}"  # two groups of a card number, as people and forms write it
_RUN = re.compile(rf"(?<!\d)(?=\d(?:(?:{_BETWEEN})?\d){{12}})\d+(?:{_BETWEEN}\d+)*")
_GROUP = re.compile(r"\d+")


def mask(text: str) -> str:
    """The text with every run of digits that could be a card number shown by its last four (T-06).

    A card number may have neighbours: of groups of digits, any that stand together and pass for one are masked.
    """
    return _RUN.sub(_masked, text)


def _masked(run: re.Match[str]) -> str:
    text, groups = run.group(), list(_GROUP.finditer(run.group()))
    shown, at = "", 0
    while groups:
        if of_card := _card(groups):
            number = "".join(group.group() for group in groups[:of_card])
            shown, at = f"{shown}{text[at : groups[0].start()]}*{number[-4:]}", groups[of_card - 1].end()
        groups = groups[of_card or 1 :]
    return shown + text[at:]


def _card(groups: list[re.Match[str]]) -> int:
    """How many of the groups are a card number together, from the first on; 0 if none are."""
    digits, found = "", 0
    for n, group in enumerate(groups, 1):
        digits += group.group()
        if 13 <= len(digits) <= 19 and luhn(digits):
            found = n
    return found
