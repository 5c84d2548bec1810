"""Decode and encode fast what comes often, by functions that are written for it.

pyiso8583 asks its table anew for every field of every message: is it text, how long is its length, what pads it?  The
answers depend on nothing but the table, and which fields are asked about on nothing but the MTI and the bitmap.  So
for each pair of MTI and bitmap the answers can be written down once, as the plain Python that is left when all those
questions are answered: slices, a few comparisons and two dictionaries.  `unpacking` writes it, `packing` writes the
like for answers, `compiler` makes functions of both; `iso-alert decode --plan` prints them.

The rules.

1. The library is the judge.  A plan is optimistic: it is right, or it gives up, and then the library decodes the frame
   from its first byte.  So all errors are the library's own, and a plan need not know how a message can be wrong.
2. A plan is written only for what the library has decoded and `checks` found sound, from the keys that came out.
   What is odd about bitmaps (blanks in the hex, bit 65, bits beyond 128) never reaches one.
3. A plan must be earned: MTI and bitmap have to come `EARNED_BY` times.  Plans are kept in bounded tables, the least
   recently used leaves.  A peer that sets ever new bits fills a table with counters and compiles nothing.
4. A plan makes only what is wanted (`kept.Wanted`).  What may leave the codec is one dictionary, what the codec reads
   for itself another; track 1 and chip data are never even cut out.
5. What is not wanted is measured all the same, and its digits are checked where the table says so.
6. What goes back with the answer is cut out in the same breath (`returning`), so most answers are never encoded.
7. A usual message (`kept.Wanted.usual`) has a second plan, which ends otherwise: it hands over the fields side by side,
   for `payment` to make a transaction of, and no dictionary is made.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Generic, TypeVar

from attrs import define, field

from iso_alert.iso.compiler import Source
from iso_alert.iso.kept import Row, Taken, Wanted
from iso_alert.iso.layout import Mark
from iso_alert.iso.packing import ANOMALY, packing
from iso_alert.iso.spec import Spec
from iso_alert.iso.unpacking import ANOMALIES, unpacking, usual

EARNED_BY = 3
BOUND = 256  # plans of each kind; one is 10 to 20 KiB

Unpack = Callable[[bytes], Taken | None]
Usual = Callable[[bytes], Row | None]
Pack = Callable[..., bytes | None]
P = TypeVar("P")


@define(eq=False)
class _Earned(Generic[P]):
    """How often something came, and its plan once that was often enough."""

    seen: int = 0
    plan: P | None = None
    usual: Usual | None = None


@define(eq=False)
class Plans:
    """The plans of one field table.  They remember which fields came, and nothing of what was in them."""

    spec: Spec
    wanted: Wanted
    earned_by: float = EARNED_BY  # infinity: nothing is ever planned
    bound: int = BOUND
    _mark: Mark = field(init=False, repr=False)
    _kinds: Callable[[bytes], _Earned[Unpack]] = field(init=False, repr=False)
    _sets: Callable[[tuple[str, ...]], _Earned[Pack]] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._mark = Mark.of(self.spec)
        self._kinds = lru_cache(self.bound)(lambda _: _Earned())
        self._sets = lru_cache(self.bound)(lambda _: _Earned())

    def unpack(self, frame: bytes) -> Taken | None:
        """What is wanted of a frame, if there is a plan for its kind and it goes by it."""
        unpack = self._kinds(self._mark.key(frame)).plan
        if unpack is None:
            return None
        try:
            return unpack(frame)
        except ANOMALIES:
            return None

    def usual(self, frame: bytes) -> Row | None:
        """What a usual message says, if it is one and there is a plan for its kind; else `unpack` it."""
        usual = self._kinds(self._mark.key(frame)).usual
        if usual is None:
            return None
        try:
            return usual(frame)
        except ANOMALIES:
            return None

    def unpacked(self, frame: bytes, fields: Mapping[str, str]) -> None:
        """The library read this frame, and all its fields are sound: one step nearer to a plan."""
        kind = self._kinds(self._mark.key(frame))
        kind.seen += 1
        if kind.seen == self.earned_by and self._mark.fits(frame, fields):
            kind.plan = self.unpacking(fields).function()
            kind.usual = source.function() if (source := self.shorter(fields)) else None

    def unpacking(self, fields: Mapping[str, str]) -> Source:
        """The plan for frames with this MTI and these fields, to be read."""
        return unpacking(self.spec, fields["t"], tuple(fields), self.wanted)

    def shorter(self, fields: Mapping[str, str]) -> Source | None:
        """The other plan for them, if they make a usual message."""
        return usual(self.spec, fields["t"], tuple(fields), self.wanted)

    def pack(self, fields: Mapping[str, str]) -> bytes | None:
        """The frame of these fields, if there is a plan for them and they go by it."""
        pack = self._sets(tuple(fields)).plan
        if pack is None:
            return None
        try:
            return pack(*fields.values())
        except ANOMALY:
            return None

    def packed(self, fields: Iterable[str]) -> None:
        """The library wrote these fields: one step nearer to a plan."""
        keys = tuple(fields)
        kind = self._sets(keys)
        kind.seen += 1
        if kind.seen == self.earned_by and (source := self.packing(keys)) is not None:
            kind.plan = source.function()

    def packing(self, keys: Iterable[str]) -> Source | None:
        """The plan for writing these fields, to be read; None where the library does it."""
        return packing(self.spec, keys)
