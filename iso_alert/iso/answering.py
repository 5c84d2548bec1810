"""Answers: which fields go back, and with which code.  A value comes in, the response's fields go out."""

from functools import lru_cache

from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Dialect
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import Ignored, Reading, Why

_RESPONSE = {"0": "1", "2": "3"}  # MTI digit 3: a request's response, an advice's; all others are not answered
_BASE = {"1": "0", "3": "2", "5": "4"}  # MTI digit 4: a repeat is answered as the first was
_TO_IGNORED = {
    Why.NO_ENROLMENT: Said.NO_ENROLMENT,
    Why.NOT_OFFERED: Said.NOT_OFFERED,
    Why.WRONG_VERSION: Said.NOT_OFFERED,
}
_FILE_ACTION = "30"  # digits 2 and 3 of the MTI: the card is never told back
_TPDU = 10  # hex digits: 60, destination 4, source 4


def said_to(reading: Reading) -> Said | None:
    """What a reading is told once it is dealt with; None where no answer is due."""
    return _TO_IGNORED.get(reading.why) if isinstance(reading, Ignored) else Said.RECORDED


@lru_cache(maxsize=256)  # asked for every message
def response_mti(mti: str) -> str | None:
    """0201 → 0210; None for what is not answered: responses, notifications, no MTI at all."""
    if len(mti) != 4 or mti[2] not in _RESPONSE:
        return None
    return mti[:2] + _RESPONSE[mti[2]] + _BASE.get(mti[3], mti[3])


def answer(
    to: Message | Unreadable, said: Said | str, dialect: Dialect, more: dict[str, str] | None = None
) -> dict[str, str] | None:
    """The fields of the response, for `Codec.encode`; None if none is due or none could be matched.

    `said` is what we mean, or a DE39 as it stands (enrolment has its own).  What cannot be read is answered if its MTI
    and STAN could be: without the STAN no host finds its request again.
    """
    message = to.partial if isinstance(to, Unreadable) else to
    mti, profile = response_mti(message.mti), dialect.profile
    echo = profile.echo
    if mti is None or (isinstance(to, Unreadable) and not message.get("11")):
        return None
    fields = {"t": mti}
    if profile.spec.header_bytes:
        fields["h"] = header(message.header, profile.header, profile.spec.header_bytes)
    if message.pan is not None and message.mti[1:3] != _FILE_ACTION:
        fields["2"] = message.pan.open()
    fields |= {key: value for key, value in message.fields.items() if key in echo}
    fields["39"] = profile.codes.code(said, mti[1]) if isinstance(said, Said) else said
    return fields | more if more else fields


def header(received: str, kind: str, length: int) -> str:
    """The header of an answer: a TPDU turned round, what follows it (and any other header) as it came."""
    whole = received.ljust(2 * length, "0")
    if kind == "copied" or length < _TPDU // 2:
        return whole
    return whole[:2] + whole[6:10] + whole[2:6] + whole[_TPDU:]


def reply(codec: Codec, to: Message | Unreadable, said: Said | str, more: dict[str, str] | None = None) -> bytes | None:
    """The frame of the answer, for the link to wrap; None if no answer is due."""
    fields = answer(to, said, codec.dialect, more)
    return None if fields is None else codec.encode(fields)
