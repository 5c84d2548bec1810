"""Frame to `Message` and fields to frame, over pyiso8583.  The only room that sees a card number or a track.

pyiso8583 decides what a frame holds; `checks` says what it is too kind to notice.  Its DecodeError carries the whole
message, so none leaves this module: not as an exception, not as a cause, not in a log.

What comes often is decoded and encoded by a function of its own (`plan`), which makes the same of it or gives up.
"""

from collections.abc import Mapping

import iso8583
from attrs import define, field

from iso_alert.domain.card import BadPan, Card, Keyring, luhn
from iso_alert.domain.transaction import Indicator
from iso_alert.iso.checks import Checks, Trouble
from iso_alert.iso.dialect import Dialect
from iso_alert.iso.kept import PAYS, Back, Taken, Wanted
from iso_alert.iso.message import Fault, Message, Sealed, Unreadable
from iso_alert.iso.payment import BARE, Fields, Given, plain
from iso_alert.iso.plan import EARNED_BY, Plans
from iso_alert.iso.profile import Profile, Said
from iso_alert.iso.returning import CODE, Echoed
from iso_alert.iso.spec import BINARY

_NETWORK = "8"  # digit 2 of the MTI
_FILE_ACTION = "30"  # digits 2 and 3
_INVOICE_LENGTH = 12  # an invoice number has 6; what is longer may be anything, a card number too

_INDICATORS = {indicator.value: indicator for indicator in Indicator}  # Enum's own look-up takes five times as long

# How pyiso8583 words its faults, the first that fits.
_FAULTS = (
    ("Extra data", Fault.EXTRA),
    ("unknown encoding", Fault.UNKNOWN),  # the row that spec.py hands out for a bit that has none
    ("Failed to decode field length", Fault.LENGTH),
    ("larger than maximum", Fault.LONG),
    ("expecting", Fault.SHORT),
    ("", Fault.CONTENT),
)


class Unwritable(ValueError):
    """Our own fault: fields that this field table cannot write.  Says which, never what."""


@define
class Codec:
    """The codec of a dialect.  It keeps nothing of a message, so all links of the dialect may share it."""

    dialect: Dialect
    _keyring: Keyring = field(repr=False)
    _earned_by: float = field(default=EARNED_BY, repr=False)
    _rows: Mapping[str, Mapping[str, object]] = field(init=False, repr=False)
    _checks: Checks = field(init=False, repr=False)
    _plans: Plans = field(init=False, repr=False)
    _codes: Mapping[str, Mapping[str, bytes]] = field(init=False, repr=False)  # DE39 by what is said and to which class

    def __attrs_post_init__(self) -> None:
        spec = self.dialect.profile.spec
        self._rows, self._checks = spec.rows, Checks.of(spec)
        self._plans = Plans(spec, wanted(self.dialect), self._earned_by)
        self._codes = codes(self.dialect.profile)

    def decode(self, frame: bytes) -> Message | Unreadable:
        """What the frame says.  Raises nothing: what cannot be read is a value too."""
        taken = self._plans.unpack(frame)
        if taken is not None:
            return self._message(taken)
        fields, trouble = self._fields(frame)
        message = self._message(self._plans.wanted.of(fields))
        if trouble is None:
            self._plans.unpacked(frame, fields)
            return message
        return Unreadable(trouble.fault, trouble.field, trouble.position, message)

    def usual(self, frame: bytes) -> tuple[Given, Fields, Sealed[Back]] | None:
        """What a usual message says, and its answer but for DE39; None for a frame that must be decoded."""
        row = self._plans.usual(frame)
        if row is None:
            return None
        mti, number, track, chip_or_track, read, back, fields = row
        number = number or of_track(track)
        try:
            card = self._keyring.card(number) if number else None
        except BadPan:
            card = None  # as in `_card`
        indicator, invoice = (self._indicator(read)._value_, self._invoice(read)) if read else ("", "")
        return (mti, card, indicator, chip_or_track, invoice), fields, Sealed(back)

    def code(self, said: Said | str, mti_class: str) -> bytes | None:
        """DE39 as it stands between what goes back; None for what must be encoded."""
        return self._codes[said._value_].get(mti_class) if isinstance(said, Said) else None

    def codes(self, said: Said) -> Mapping[str, bytes]:
        """The same by the class of the MTI.  All that a usual message may be told is there."""
        return self._codes[said._value_]

    def encode(self, fields: Mapping[str, str]) -> bytes:
        """The frame of these fields (h, t, 2 ... 128).  Raises Unwritable."""
        frame = self._plans.pack(fields)
        if frame is not None:
            return frame
        try:
            written, _ = iso8583.encode(dict(fields), self._rows)  # a copy: it changes its argument
        except iso8583.EncodeError as error:
            raise Unwritable(f"field {error.field}: {error.msg}") from None
        self._plans.packed(fields)
        return bytes(written)

    def decoding(self, frame: bytes) -> str | None:
        """The plans for frames of this kind, to be read; None for a frame that the library alone judges."""
        fields, trouble = self._fields(frame)
        if trouble:
            return None
        sources = (self._plans.unpacking(fields), self._plans.shorter(fields))
        return "\n\n".join(source.text for source in sources if source)

    def encoding(self, fields: Mapping[str, str]) -> str | None:
        """The plan for these fields, to be read; None where the library does it."""
        source = self._plans.packing(fields)
        return source.text if source else None

    def _fields(self, frame: bytes) -> tuple[Mapping[str, str], Trouble | None]:
        """The sound fields of a frame, and the first thing wrong with it."""
        try:
            plain, encoded = iso8583.decode(frame, self._rows)
        except iso8583.DecodeError as error:
            fault = next(fault for words, fault in _FAULTS if words in error.msg)
            if fault is not Fault.EXTRA:
                error.doc_dec.pop(error.field, None)
            sound, earlier = self._checks.sound(error.doc_dec, error.doc_enc)
            return sound, earlier or Trouble(fault, error.field, error.pos)
        return self._checks.sound(plain, encoded)

    def _message(self, taken: Taken) -> Message:
        kept, read, dropped, back = taken
        mti, dialect = read.get("t", ""), self.dialect
        return Message(  # in its order: with names, making one takes longer by half
            mti,
            kept,
            self._card(read),
            read.get("h", ""),
            self._indicator(read) if dialect.profile.indicator else Indicator.NONE,
            dialect.profile.network.place.of(read) if mti[1:2] == _NETWORK else "",
            self._invoice(read) if dialect.profile.invoice else "",
            bool(read.get("55")),
            bool(read.get("35") or read.get("45")),
            "52" in dropped,
            dropped,
            Sealed(read["2"]) if "2" in read and dialect.echo_pan else None,
            None if back is None else Sealed(back),
        )

    def _card(self, fields: Mapping[str, str]) -> Card | None:
        pan = fields.get("2") or of_track(fields.get("35", ""))
        try:
            card = self._keyring.card(pan) if pan else None
        except BadPan:
            return None  # DE2 has passed its check: an odd track costs the card, not the message
        # A payment is the issuer's to doubt; a card that is to be enrolled is ours, and only here is its number seen.
        return None if card and fields.get("t", "")[1:3] == _FILE_ACTION and not luhn(pan) else card

    def _indicator(self, fields: Mapping[str, str]) -> Indicator:
        named = (place.of(fields) for place in self.dialect.profile.indicator)
        return _INDICATORS[next(filter(None, named), "")]

    def _invoice(self, fields: Mapping[str, str]) -> str:
        place = self.dialect.profile.invoice
        invoice = place.of(fields) if place else ""
        return invoice if len(invoice) <= _INVOICE_LENGTH else ""


def wanted(dialect: Dialect) -> Wanted:
    """What `Codec` takes out of a frame of this dialect."""
    profile = dialect.profile
    places = {place.field for place in (*profile.indicator, profile.invoice) if place}
    read = {"h", "t", "2", "35", profile.network.place.field, *places}
    echo = profile.echo | {"2"} if dialect.echo_pan else profile.echo
    echoed = Echoed.of(profile.spec, echo, profile.header)
    sayable = all(set(PAYS) <= set(codes(profile)[said.value]) for said in (Said.RECORDED, Said.NOT_RECORDED))
    return Wanted(
        dialect.kept, frozenset(read), frozenset({"45", "55"} - read), echoed,
        version=profile.version if sayable else "", bare=BARE, plain=plain(profile), places=frozenset(places),
    )  # fmt: skip


def codes(profile: Profile) -> Mapping[str, Mapping[str, bytes]]:
    """Each DE39 that we may say, as it stands on the wire, by what is said and the class of the request.

    What its line would not take as it is must be encoded.
    """
    line, code = profile.spec.lines[CODE], profile.codes.code
    if line.data_enc == BINARY:
        return {said.value: {} for said in Said}
    each = {said: {class_: code(said, class_) for class_ in "0123456789"} for said in Said}
    return {
        said.value: {class_: text.encode(line.data_enc) for class_, text in of.items() if len(text) == line.max_len}
        for said, of in each.items()
    }


def of_track(track2: str) -> str:
    """The card number of track 2: up to the separator, `=` or `D`, without the start sentinel."""
    return track2.removeprefix(";").replace("D", "=").partition("=")[0]
