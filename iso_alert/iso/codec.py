"""Frame to `Message` and fields to frame, over pyiso8583.  The only room that sees a card number or a track.

pyiso8583 decides what a frame holds; `checks` says what it is too kind to notice.  Its DecodeError carries the whole
message, so none leaves this module: not as an exception, not as a cause, not in a log.

The same field table can be compiled to something faster later: what it must deliver is what `_fields` returns.
"""

from collections.abc import Mapping

import iso8583
from attrs import define, field

from iso_alert.domain.card import BadPan, Card, Keyring, luhn
from iso_alert.domain.transaction import Indicator
from iso_alert.iso.checks import Checks, Trouble
from iso_alert.iso.dialect import Dialect
from iso_alert.iso.message import Fault, Message, Sealed, Unreadable

_NOT_FIELDS = frozenset("htp1")
_FILE_ACTION = "30"  # digits 2 and 3 of the MTI
_INVOICE_LENGTH = 12  # an invoice number has 6; what is longer may be anything, a card number too

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
    _rows: Mapping[str, Mapping[str, object]] = field(init=False, repr=False)
    _checks: Checks = field(init=False, repr=False)
    _kept: frozenset[str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        spec = self.dialect.profile.spec
        self._rows, self._checks, self._kept = spec.rows, Checks.of(spec), self.dialect.kept

    def decode(self, frame: bytes) -> Message | Unreadable:
        """What the frame says.  Raises nothing: what cannot be read is a value too."""
        fields, trouble = self._fields(frame)
        message = self._message(fields)
        if trouble is None:
            return message
        return Unreadable(trouble.fault, trouble.field, trouble.position, message)

    def encode(self, fields: Mapping[str, str]) -> bytes:
        """The frame of these fields (h, t, 2 ... 128).  Raises Unwritable."""
        try:
            frame, _ = iso8583.encode(dict(fields), self._rows)  # a copy: it changes its argument
        except iso8583.EncodeError as error:
            raise Unwritable(f"field {error.field}: {error.msg}") from None
        return bytes(frame)

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

    def _message(self, fields: Mapping[str, str]) -> Message:
        profile, kept = self.dialect.profile, self._kept
        return Message(
            mti=fields.get("t", ""),
            fields={key: value for key, value in fields.items() if key in kept},
            card=self._card(fields),
            header=fields.get("h", ""),
            indicator=self._indicator(fields),
            network=profile.network.place.of(fields),
            invoice=self._invoice(fields),
            has_chip=bool(fields.get("55")),
            has_track=bool(fields.get("35") or fields.get("45")),
            has_pin="52" in fields,
            dropped=tuple(key for key in fields if key not in kept and key not in _NOT_FIELDS),
            pan=Sealed(fields["2"]) if "2" in fields and self.dialect.echo_pan else None,
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
        return Indicator(next(filter(None, named), ""))

    def _invoice(self, fields: Mapping[str, str]) -> str:
        place = self.dialect.profile.invoice
        invoice = place.of(fields) if place else ""
        return invoice if len(invoice) <= _INVOICE_LENGTH else ""


def of_track(track2: str) -> str:
    """The card number of track 2: up to the separator, `=` or `D`, without the start sentinel."""
    return track2.removeprefix(";").replace("D", "=").partition("=")[0]
