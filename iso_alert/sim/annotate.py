"""Write a fixture from a captured frame: card number, tracks, PIN, chip and private data replaced, the rest as it came.

Every replacement has the length and the kind of characters of what it replaces, so that the frame stays a frame of the
same host; the card becomes a test card of the same length.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import iso8583

from iso_alert.domain.card import Keyring
from iso_alert.iso.answering import answer, said_to
from iso_alert.iso.codec import Codec, of_track
from iso_alert.iso.dialect import Dialect
from iso_alert.iso.kept import SENSITIVE
from iso_alert.iso.merchant import CHARSETS
from iso_alert.iso.message import Message, mask
from iso_alert.iso.reading import FileAction, Ignored, NetworkManagement, read
from iso_alert.iso.spec import BINARY
from iso_alert.sim.cards import test_pan, track2

_FILLER = str.maketrans({**dict.fromkeys("123456789", "0"), **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "X")})


class Unwilling(ValueError):
    """This frame makes no fixture: what cannot be decoded cannot be cleaned."""


def as_fixture(frame: bytes, dialect: Dialect, keyring: Keyring, arrived: datetime, say: str) -> str:
    """The text of a fixture file for this frame.  Raises Unwilling."""
    codec = Codec(dialect, keyring)
    if not isinstance(codec.decode(frame), Message):
        raise Unwilling("the frame cannot be decoded under this profile, so nothing in it can be replaced")
    rows = dialect.profile.spec.rows
    plain, _ = iso8583.decode(frame, rows)
    clean = codec.encode(cleaned(plain, dialect))
    message = codec.decode(clean)
    if not isinstance(message, Message):
        raise Unwilling(f"the cleaned frame cannot be decoded: {message}")
    return "\n".join(_file(clean, message, dialect, arrived.astimezone(UTC), say)) + "\n"


def cleaned(plain: Mapping[str, str], dialect: Dialect) -> dict[str, str]:
    """The fields with everything replaced that could be somebody's."""
    pan = test_pan(1, len(plain.get("2") or of_track(plain.get("35", ""))) or 16)
    read_from = {place.field for place in (*dialect.profile.indicator, dialect.profile.network.place)}
    read_from |= {dialect.profile.invoice.field} if dialect.profile.invoice else set()
    keep = (dialect.kept | read_from | set("htp1")) - SENSITIVE
    replaced = {key: _filler(value, dialect.profile.spec.lines[key].data_enc) for key, value in plain.items()}
    kept = {key: value for key, value in plain.items() if key in keep and mask(value) == value}
    cards = {"2": pan, "35": track2(pan, len(plain.get("35", "")), "D" if "D" in plain.get("35", "") else "=")}
    return {**replaced, **kept, **{key: value for key, value in cards.items() if plain.get(key)}}


def _filler(value: str, encoding: str) -> str:
    return "0" * len(value) if encoding == BINARY else value.upper().translate(_FILLER)


def _file(frame: bytes, message: Message, dialect: Dialect, arrived: datetime, say: str) -> Iterator[str]:
    yield f"say = {_text(say)}"
    yield f"profile = {_text(dialect.profile.name)}"
    yield f"arrived = {arrived:%Y-%m-%dT%H:%M:%SZ}"
    if dialect.framing.name != dialect.profile.framing:
        yield f"link.framing = {_text(dialect.framing.name)}"
    if dialect.charset != dialect.profile.charset:
        yield f"link.charset = {_text(dialect.charset)}"
    yield from ("", *_wire(frame, dialect), "", *_decoded(message), "")
    yield from _outcome(message, dialect, arrived)


def _wire(frame: bytes, dialect: Dialect) -> Iterator[str]:
    spec = dialect.profile.spec
    plain, encoded = iso8583.decode(frame, spec.rows)
    rows = [(dialect.framing.wrap(frame)[: -len(frame)], f"length {len(frame)}")]
    for key, parts in encoded.items():
        shown = _shown(key, plain[key], dialect)
        rows.append((parts["len"] + parts["data"], f"{key:<3} {spec.says(key)}{': ' + shown if shown else ''}"))
    yield "wire = ["
    yield from (f'    "{data.hex().upper()}",  # {comment}' for data, comment in rows)
    yield "]"


def _shown(key: str, value: str, dialect: Dialect) -> str:
    if key == "43":
        value = value.encode("latin-1").decode(CHARSETS[dialect.charset], "replace")
    return value if value.isprintable() and len(value) <= 60 else ""


def _decoded(message: Message) -> Iterator[str]:
    if message.mti:
        yield f"decoded.t = {_text(message.mti)}"
    if message.header:
        yield f"decoded.h = {_text(message.header)}"
    yield from (f"decoded.{key} = {_text(value)}" for key, value in message.fields.items())
    if message.card:
        yield f"decoded.card = {_text(str(message.card))}"
    if message.dropped:
        yield f"decoded.dropped = {json.dumps(message.dropped)}"


def _outcome(message: Message, dialect: Dialect, arrived: datetime) -> Iterator[str]:
    reading = read(message, dialect, arrived.timestamp())
    match reading:
        case NetworkManagement():
            yield f"network = {_text(reading.action.value)}"
        case Ignored():
            yield f"ignored = {_text(reading.why.value)}"
        case FileAction():
            yield f"file_action.operation = {_text(reading.operation)}"
            yield f"file_action.file = {_text(reading.file)}"
        case _:
            yield f"transaction.amount = {_text(f'{reading.amount} {reading.amount.currency.code}')}"
            yield f"transaction.merchant = {_text(reading.merchant, legible=True)}"
            yield f"transaction.facts.approved = {_text(reading.facts.approved)}"
    yield ""
    said = said_to(reading)
    fields = answer(message, said, dialect) if said else None
    yield from (f"answer.{key} = {_text(value)}" for key, value in (fields or {}).items())


def _text(value: str, legible: bool = False) -> str:
    """A TOML string: JSON's escapes are TOML's, but for DEL.  Raw bytes are escaped, cleaned text stays legible."""
    return json.dumps(value, ensure_ascii=not legible).replace("\x7f", "\\u007F")
