"""Write the function that takes a frame of one bitmap apart.  See `plan` for why and when.

The frame is decoded once as a whole and then only cut.  Digits that stand side by side are checked in one go.  A length
is looked up, not computed (`compiler.lengths`).  One comparison at the end proves that no cut before it was short: have
we arrived where the frame ends?  For whatever the function does not like it returns None or raises one of `ANOMALIES`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from iso_alert.iso.compiler import Source, lengths, written
from iso_alert.iso.kept import THERE, Wanted
from iso_alert.iso.layout import KNOWN, Slot, Stretch, View, stretches
from iso_alert.iso.message import BLANKS
from iso_alert.iso.returning import Returning
from iso_alert.iso.spec import CONTENT, Spec

ANOMALIES = (LookupError, UnicodeError)
_AT_ONCE = 15
_CHIP_OR_TRACK = ("55", "35", "45")
_DIGITS_WILL_DO = ("n", "nb", "an")  # contents that digits satisfy, however many there are
_QUICKLY = {"pan": "12 <= len({0}) <= 19 and {0}.isdecimal() or "}  # sooner done than a regular expression


def unpacking(spec: Spec, mti: str, keys: Sequence[str], wanted: Wanted) -> Source:
    """The function `frame -> Taken | None` for frames of this MTI that hold these fields."""
    writer = _Writer.of(spec, mti, keys, wanted)
    tail = [*_filled("kept", writer.kept), *_filled("read", writer.read), *writer.returning.lines()]
    return writer.source("unpack", [*tail, f"return kept, read, {wanted.dropped(keys)!r}, back"])


def usual(spec: Spec, mti: str, keys: Sequence[str], wanted: Wanted) -> Source | None:
    """The function `frame -> Row | None` for frames with these fields; None where more must be looked at."""
    writer = _Writer.of(spec, mti, keys, wanted)
    if not (wanted.usual(mti, keys) and writer.returning.cuts):
        return None
    fields = [writer.bare(key) for key in wanted.bare] + [writer.kept.get(key, "''") for key in wanted.plain]
    read = {key: value for key, value in writer.read.items() if key in wanted.places}
    tail = [*(_filled("read", read) if read else ()), *writer.returning.lines()]
    tail += ["fields = (", *(f"    {value}," for value in fields), ")"]
    number, track = (writer.read.get(key, "''") for key in ("2", "35"))
    shown = " or ".join(filled for key in _CHIP_OR_TRACK if (filled := writer.filled.get(key))) or "False"
    tail.append(f"return {mti!r}, {number}, {track}, {shown}, {'read' if read else None}, back, fields")
    return writer.source("usual", tail)


def _numbers(keys: Iterable[str]) -> str:
    """With commas: without them some thirteen digits could be taken for a card number (T-06)."""
    return ", ".join(key for key in keys if key not in KNOWN)


def _filled(name: str, values: Mapping[str, str]) -> list[str]:
    """A dictionary.  CPython makes one of up to 15 entries at once; in a longer display each entry is put in alone."""
    rows = list(values.items())
    at_once = "".join(f"\n        {key!r}: {value}," for key, value in rows[:_AT_ONCE])
    return [f"{name} = {{{at_once}\n    }}", *(f"{name}[{key!r}] = {value}" for key, value in rows[_AT_ONCE:])]


@frozen
class _Base:
    """What places are counted from: a variable, or the first byte of views that were cut anew there."""

    origin: str = ""
    suffix: str = ""

    def place(self, offset: int, per_byte: int = 1) -> str:
        """The source of a place so many bytes further on."""
        origin = f"{per_byte} * {self.origin}" if self.origin and per_byte > 1 else self.origin
        return " + ".join(filter(None, (origin, str(per_byte * offset) if offset or not origin else "")))

    def cut(self, view: View, start: int, end: int) -> str:
        """The source of what stands between two bytes."""
        first, last = self.place(start, view.per_byte), self.place(end, view.per_byte)
        return f"{view.name}{self.suffix}[{first}:{last}]{view.then}"

    def fixed(self, slot: Slot) -> str:
        """The source of a fixed field's value, without its pad."""
        return self._nibbles(slot, *_ends(slot))

    def pad(self, slot: Slot) -> str:
        """The source of the pad of a fixed field that has one."""
        first, last = _ends(slot)
        return self._nibbles(slot, *((first - 1, first) if slot.pad[0] else (last, last + 1)))

    def _nibbles(self, slot: Slot, first: int, last: int) -> str:
        per = slot.view.per_byte
        scaled = _Base(f"{per} * {self.origin}" if self.origin and per > 1 else self.origin, self.suffix)
        return scaled.cut(evolve(slot.view, per_byte=1), first, last)


def _ends(slot: Slot) -> tuple[int, int]:
    """The first character of a fixed field in its view and the one behind its last, without the pad."""
    first, last, padded = slot.view.per_byte * slot.at, slot.view.per_byte * (slot.at + slot.size), _odd(slot)
    return first + (padded and bool(slot.pad[0])), last - (padded and not slot.pad[0])


def _odd(slot: Slot) -> bool:
    """Whether one of a fixed field's nibbles is a pad."""
    return slot.nibbles and slot.view.per_byte > 1 and slot.line.max_len % 2 == 1


def _runs(slots: Iterable[Slot]) -> Iterator[list[Slot]]:
    """Neighbours that one look can check; the others alone."""
    run: list[Slot] = []
    for slot in slots:
        if run and not (_merges(slot) and _merges(run[-1]) and _touch(run[-1], slot)):
            yield run
            run = []
        run.append(slot)
    if run:
        yield run


def _touch(one: Slot, next_one: Slot) -> bool:
    return one.view == next_one.view and one.at + one.size == next_one.at


def _merges(slot: Slot) -> bool:
    pad = "".join(slot.pad)
    digits = slot.line.content in _DIGITS_WILL_DO and slot.size and not slot.view.then
    return bool(digits) and (not _odd(slot) or pad.isdecimal())


@define
class _Writer:
    """The lines of a function as they come."""

    says: str
    wanted: Wanted
    returning: Returning
    lines: list[str] = field(factory=list)
    kept: dict[str, str] = field(factory=dict)
    read: dict[str, str] = field(factory=dict)
    filled: dict[str, str] = field(factory=dict)  # whether there is anything in it
    views: dict[str, View] = field(factory=dict)
    uses: dict[str, Any] = field(factory=lambda: {**CONTENT, "BLANKS": BLANKS})

    @classmethod
    def of(cls, spec: Spec, mti: str, keys: Sequence[str], wanted: Wanted) -> "_Writer":
        """All is written but what becomes of the values."""
        writer = cls(f"{spec.name} {mti}: {_numbers(keys)}", wanted, Returning(spec, mti, wanted.echoed))
        writer.give("t", repr(mti), "True")  # the caller found us by the MTI and the bitmap, so neither is looked at
        for stretch in stretches(spec, keys):
            writer.write(stretch)
        return writer

    def source(self, name: str, tail: Sequence[str]) -> Source:
        """The function that ends so.  The views that it cuts are opened first."""
        body = "\n".join((*self.lines, *tail))
        opened = [f"{v.name} = {v.opened}" for v in self.views.values() if v.opened and f"{v.name}[" in body]
        text = written(name, "frame", self.says, [*opened, *self.lines, *tail])
        return Source(name, text, self.uses | self.returning.uses())

    def bare(self, key: str) -> str:
        """The source of a kept field's value without the blanks around it, which digits have none of."""
        if key not in self.kept:
            return "''"
        digits = self.returning.spec.lines[key].content == "n"
        return self.kept[key] if digits else f"{self.kept[key]}.strip(BLANKS)"

    def write(self, stretch: Stretch) -> None:
        fixed = [slot for slot in stretch.fixed if slot.key not in KNOWN]
        self.lines.append(f"# {_numbers(slot.key for slot in (*fixed, stretch.last) if slot) or 'the end'}")
        base = self._base(stretch, fixed)
        for run in _runs(fixed):
            self._check(run, base)
            for slot in run:
                self._fixed(slot, base)
                self._cut(slot, stretch.origin)
        if stretch.last:
            self._variable(stretch.last, _Base(stretch.origin))
        else:
            self._refuse(f"{_Base(stretch.origin).place(stretch.size)} != len(frame)")

    def _base(self, stretch: Stretch, fixed: list[Slot]) -> _Base:
        """Where several fields follow a variable one, the views are cut there: then all places are plain numbers."""
        self.views |= {slot.view.name: slot.view for slot in fixed}
        if not stretch.origin or len(fixed) < 2:
            return _Base(stretch.origin)
        for view in {slot.view.name: slot.view for slot in fixed}.values():
            from_here = _Base(stretch.origin).place(0, view.per_byte)
            self.lines.append(f"{view.name}_{stretch.origin} = {view.name}[{from_here}:]")
        return _Base(suffix=f"_{stretch.origin}")

    def _check(self, run: list[Slot], base: _Base) -> None:
        """That digits are digits; if they are not, each field's own content decides."""
        if not _merges(run[0]):
            return
        whole = f"{base.cut(run[0].view, run[0].at, run[-1].at + run[-1].size)}.isdecimal()"
        alone = "\n        and ".join(f"{slot.line.content}({base.fixed(slot)})" for slot in run)
        strict = all(slot.line.content == "n" for slot in run)
        self._refuse(f"not {whole}" if strict else f"not ({whole}\n        or {alone})")

    def _fixed(self, slot: Slot, base: _Base) -> None:
        value = base.fixed(slot)
        if _odd(slot):
            self._refuse(f"{base.pad(slot)} != {''.join(slot.pad)!r}")
        if slot.view.then or (slot.line.content and not _merges(slot)):
            value = self._named(slot, value)
        self.give(slot.key, value, str(bool(slot.size)))

    def _cut(self, slot: Slot, origin: str) -> None:
        base = _Base(origin)
        self.returning.cut(slot.key, base.place(slot.at), base.place(slot.at + slot.size))

    def _variable(self, slot: Slot, base: _Base) -> None:
        """A field whose length is announced: where it ends is where the next stretch begins."""
        line, key, start = slot.line, slot.key, slot.at + slot.line.len_type
        self.views[slot.view.name] = slot.view
        self.uses[f"length{key}"] = lengths(line.len_enc, line.len_type, line.max_len)
        announced = f"length{key}[{base.cut(View('frame'), slot.at, start)}]"
        if slot.nibbles:
            self.lines += [f"n{key} = {announced}", f"end{key} = {base.place(start)} + (n{key} + 1 >> 1)"]
        else:
            self.lines.append(f"end{key} = {base.place(start)} + {announced}")
        per = slot.view.per_byte
        first, last = base.place(start, per), _Base(f"end{key}").place(0, per)
        if slot.nibbles and per > 1:
            first, last = self._padded(slot, first, last)
        value = f"{slot.view.name}[{first}:{last}]{slot.view.then}"
        if slot.view.then or line.content:
            value = self._named(slot, value)
        self.give(key, value, f"end{key} > {base.place(start)}")
        self.returning.cut(key, base.place(slot.at), f"end{key}")

    def _padded(self, slot: Slot, first: str, last: str) -> tuple[str, str]:
        """The ends of an announced number of nibbles, once its pad is seen to be there."""
        odd, (left, right), name = f"n{slot.key} & 1", slot.pad, slot.view.name
        if left:
            self._refuse(f"{odd} and {name}[{first}] != {left!r}")
            return f"{first} + ({odd})", last
        if right:
            self._refuse(f"{odd} and {name}[{last} - 1] != {right!r}")
            return first, f"{last} - ({odd})"
        self._refuse(odd)
        return first, last

    def _named(self, slot: Slot, value: str) -> str:
        """The value under a name of its own, its content checked."""
        name, content = f"field{slot.key}", slot.line.content
        self.lines.append(f"{name} = {value}")
        if content:
            quickly = _QUICKLY.get(content, "") if not slot.view.then else ""
            self._refuse(f"not ({quickly.format(name)}{content}({name}))")
        return name

    def give(self, key: str, value: str, filled: str) -> None:
        self.filled[key] = filled
        if key in self.wanted.kept:
            self.kept[key] = value
        if key in self.wanted.read:
            self.read[key] = value
        elif key in self.wanted.seen:
            self.read[key] = f"{THERE!r} if {filled} else ''"

    def _refuse(self, condition: str) -> None:
        self.lines += [f"if {condition}:", "    return None"]
