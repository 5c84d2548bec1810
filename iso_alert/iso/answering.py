"""Answers: which fields go back, and with which code.  A value comes in, the response's fields go out."""

from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Dialect
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import Ignored, Reading, Why
from iso_alert.iso.returning import header, names_card, response_mti

_TO_IGNORED = {
    Why.NO_ENROLMENT: Said.NO_ENROLMENT,
    Why.NOT_OFFERED: Said.NOT_OFFERED,
    Why.WRONG_VERSION: Said.NOT_OFFERED,
}


def said_to(reading: Reading) -> Said | None:
    """What a reading is told once it is dealt with; None where no answer is due."""
    return _TO_IGNORED.get(reading.why) if isinstance(reading, Ignored) else Said.RECORDED


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
    if message.pan is not None and names_card(message.mti):
        fields["2"] = message.pan.open()
    fields |= {key: value for key, value in message.fields.items() if key in echo}
    fields["39"] = profile.codes.code(said, mti[1]) if isinstance(said, Said) else said
    return fields | more if more else fields


def reply(codec: Codec, to: Message | Unreadable, said: Said | str, more: dict[str, str] | None = None) -> bytes | None:
    """The frame of the answer, for the link to wrap; None if no answer is due."""
    if not more and isinstance(to, Message) and to.back and (code := codec.code(said, to.mti[1])):
        before, after = to.back.open()
        return before + code + after
    fields = answer(to, said, codec.dialect, more)
    return None if fields is None else codec.encode(fields)
