"""Which fields may leave the codec (T-01): a list of what is allowed, so that a forgotten field stays inside."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from attrs import frozen

from iso_alert.iso.returning import Echoed

Back: TypeAlias = tuple[bytes, bytes]  # an answer's bytes before and after DE39
# kept, read, dropped, and what goes back if it was cut
Taken: TypeAlias = tuple[Mapping[str, str], Mapping[str, str], tuple[str, ...], Back | None]
# MTI, DE2, DE35, chip or track, the fields of `Wanted.places` if there are any, what goes back, the fields in order
Row: TypeAlias = tuple[str, str, str, bool, Mapping[str, str] | None, Back, tuple[str, ...]]


def words(text: str) -> tuple[str, ...]:
    """Field numbers as a table of specifications writes them."""
    return tuple(text.split())


KEPT = frozenset(words("3 4 5 6 7 11 12 13 18 22 24 25 32 33 37 38 39 41 42 43 49 50 51 54 70 90 91 95 101"))
KEPT_93 = (KEPT - {"90", "91", "95"}) | {"26", "30", "56"}  # in 1993 those three numbers mean something else
KEPT_FOR_ENROLMENT = "120"  # holds a mobile number
SENSITIVE = frozenset(words("2 14 34 35 36 45 48 52 53 55"))  # no profile may keep these or hand a part of them on

UNUSUAL = frozenset(words("5 6 30 50 51 56 90 95"))  # other sums, a part, or another message that is spoken of
PAYS, _ASKS = "124", "02"  # digits 2 and 3 of the MTI: payments; requests and advices

THERE = "there"
_NOT_FIELDS = frozenset("htp1")


@frozen
class Wanted:
    """What is taken out of a frame: `kept` leaves the codec, of all else only that it was there."""

    kept: frozenset[str]
    read: frozenset[str]  # for the codec alone
    seen: frozenset[str]  # for the codec alone, and only whether there is anything in it
    echoed: Echoed | None = None  # what goes back with the answer as it came
    version: str = ""  # the first digit of the MTI of messages that may be usual; none if it is empty
    bare: tuple[str, ...] = ()  # of a usual message, in this order and without blanks around them
    plain: tuple[str, ...] = ()  # and behind those, as they stand
    places: frozenset[str] = frozenset()  # for the codec alone, of a usual message too

    def usual(self, mti: str, keys: Iterable[str]) -> bool:
        """Whether these fields in their order are all that a message of this MTI has to say."""
        kind = mti[:1] == self.version and mti[1:2] in PAYS and mti[2:3] in _ASKS
        return kind and not UNUSUAL.intersection(keys)

    def of(self, fields: Mapping[str, str]) -> Taken:
        """What is wanted of all the fields of a frame."""
        kept = {key: value for key, value in fields.items() if key in self.kept}
        read = {key: value for key, value in fields.items() if key in self.read}
        seen = {key: THERE if fields[key] else "" for key in self.seen if key in fields}
        return kept, read | seen, self.dropped(fields), None

    def dropped(self, keys: Iterable[str]) -> tuple[str, ...]:
        """The fields that stay inside, by their numbers."""
        return tuple(key for key in keys if key not in self.kept and key not in _NOT_FIELDS)
