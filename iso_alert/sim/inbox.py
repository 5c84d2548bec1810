"""What the subscriber's phone does: wait for all the parts of a message, join them, and show one text."""

from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen

from iso_alert.smpp.piece import Piece, codec, joined, piece
from iso_alert.smpp.text import Gsm

MOST_OPEN = 10_000  # unfinished messages that are remembered; the oldest is forgotten first, as in a phone
_ENCODINGS = {"utf-16-be": "ucs2", "latin-1": "latin1"}
_Key = tuple[str, str, int, int]


@frozen
class Sms:
    """One SMS as a person sees it."""

    source: str
    destination: str
    text: str
    parts: int
    encoding: str
    at: float


@define
class Inbox:
    """All phones at once: parts are told apart by source, destination, reference and total."""

    gsm: Gsm = "gsm0338"
    _open: dict[_Key, dict[int, Piece]] = field(factory=dict, init=False)

    def take(self, fields: Mapping[str, Any], tlvs: Mapping[int, bytes], now: float) -> Sms | None:
        """The SMS that this part completes, or None while parts are missing. A part that comes twice is shown once."""
        one = piece(fields, tlvs)
        source, destination = fields["source_addr"], fields["destination_addr"]
        if one.reference is None:
            return self._sms(source, destination, [one], now)
        key = (source, destination, one.reference, one.total)
        parts = self._open.setdefault(key, {})
        parts[one.number] = one
        if len(parts) < one.total:
            self._forget_oldest()
            return None
        return self._sms(source, destination, list(self._open.pop(key).values()), now)

    def _sms(self, source: str, destination: str, parts: list[Piece], now: float) -> Sms:
        name = codec(parts[0].data_coding)
        text = joined(parts, self.gsm)
        return Sms(source, destination, text, len(parts), _ENCODINGS.get(name, name), now)

    def _forget_oldest(self) -> None:
        if len(self._open) > MOST_OPEN:
            del self._open[next(iter(self._open))]
