"""A decoded message as rows of words: what `iso-alert decode` prints, and nothing that must not be shown."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from attrs import fields, has

from iso_alert.domain.card import Card
from iso_alert.domain.money import Money
from iso_alert.domain.transaction import Transaction
from iso_alert.iso.answering import answer, said_to
from iso_alert.iso.codec import Codec
from iso_alert.iso.guess import Guess
from iso_alert.iso.merchant import CHARSETS
from iso_alert.iso.message import Message, Unreadable, mask
from iso_alert.iso.moments import BANGKOK
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import Reading, read

Explain = Callable[[Transaction], list[tuple[str, str]]]
DROPPED = "(there, not shown)"


def document(guess: Guess, codec: Codec, explain: Explain) -> dict[str, Any]:
    """All that may be told of a message."""
    message = guess.result.partial if isinstance(guess.result, Unreadable) else guess.result
    told: dict[str, Any] = {
        "message": mask(str(message)),
        "profile": codec.dialect.profile.name,
        "framing": guess.framing + (f", {guess.rest} more bytes follow" if guess.rest else ""),
        **_header(message.header),
        "fields": dict(_fields(message, codec)),
    }
    if isinstance(guess.result, Unreadable):
        return told | {"fault": str(guess.result), "answer": _answer(guess.result, Said.FORMAT_ERROR, codec)}
    told["bitmap"] = bitmap([*message.fields, *message.dropped])
    reading = read(guess.result, codec.dialect, datetime.now(UTC).timestamp())
    rules = dict(explain(reading)) if isinstance(reading, Transaction) else {}
    words = {"reading": _reading(reading), "rules": rules, "answer": _answer(message, said_to(reading), codec)}
    return told | words


def bitmap(keys: list[str]) -> str:
    """The bits that were set, as hex with colons: sixteen digits in a row could be taken for a card number."""
    numbers = {int(key) for key in keys if key.isdecimal()}
    width = 128 if any(number > 64 for number in numbers) else 64
    bits = sum(1 << (width - number) for number in numbers | ({1} if width == 128 else set()))
    return bits.to_bytes(width // 8, "big").hex(":").upper()


def _header(header: str) -> dict[str, str]:
    if len(header) < 10:
        return {}
    more = f", then {header[10:]}" if header[10:] else ""
    return {"tpdu": f"{header[:2]}, to {header[2:6]}, from {header[6:10]}{more}"}


def _fields(message: Message, codec: Codec) -> Iterator[tuple[str, dict[str, str]]]:
    spec = codec.dialect.profile.spec
    for key in sorted([*message.fields, *message.dropped], key=int):
        shown = _value(key, message, codec) if key in message.fields else DROPPED
        if key == "2" and message.card:
            shown = str(message.card)
        yield key, {"name": spec.says(key), "value": shown}


def _value(key: str, message: Message, codec: Codec) -> str:
    value = message.fields[key]
    if key == "43":
        value = value.encode("latin-1").decode(CHARSETS[codec.dialect.charset], "replace")
    if key == "120":
        return DROPPED  # a mobile number is in it
    return mask("".join(each if each.isprintable() else "." for each in value))


def _answer(to: Message | Unreadable, said: Said | None, codec: Codec) -> dict[str, str]:
    due = answer(to, said, codec.dialect) if said else None
    if due is None:
        return {"none": "no answer is due"}
    return {"MTI": due["t"], "39": due["39"], "fields": ", ".join(key for key in due if key.isdecimal())}


def _reading(reading: Reading) -> dict[str, str]:
    kind = {"is": type(reading).__name__}
    return kind | {name: mask(str(value)) for name, value in _plain(reading) if value not in ("", None, ())}


def _plain(value: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """The attributes of a value, one level of names: `facts.entry_mode`."""
    if isinstance(value, Transaction):
        shown = value.values()
    else:
        shown = {one.name: getattr(value, one.name) for one in fields(type(value)) if one.repr}
    for each, inner in shown.items():
        name = before + each
        if name in _UNTOLD:
            continue
        if isinstance(inner, Money | Card | Enum) or not has(type(inner)):
            yield name, _moment(inner) if name.endswith("_at") and inner else _words(inner)
        else:
            yield from _plain(inner, f"{name}.")


_UNTOLD = {"link", "key", "arrived_at", "mti"}  # of the service, not of the message


def _moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, BANGKOK):%Y-%m-%d %H:%M:%S} Bangkok"


def _words(value: Any) -> Any:
    match value:
        case Money():
            return f"{value} {value.currency.code}"
        case Enum():
            return value.value
        case tuple():
            return ", ".join(f"{_words(kind)} {_words(money)}" for kind, money in value)
        case Mapping():
            return dict(value)
        case _:
            return value
