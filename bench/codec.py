"""How many messages a second one core decodes, reads and answers, with pyiso8583 alone beside it.

`pyiso8583` is `iso8583.decode` and nothing else; `decoded` is our codec: checked, stripped, the card made a token;
`read` is the transaction made of it; `answered` is the answer as bytes. The library and we take turns within a round,
so that `ratio` (decoded to pyiso8583) holds also on a machine that is busy with other things.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from secrets import token_bytes
from statistics import median
from time import perf_counter, time
from typing import Any

import iso8583

from bench.report import spread, tell
from iso_alert.domain.card import Keyring
from iso_alert.iso.answering import reply
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.message import Message
from iso_alert.iso.profile import Said, read_profile
from iso_alert.iso.reading import read
from iso_alert.sim.workload import Template, Traffic, Workload

BATCH = 100  # messages between two looks at the clock
Turn = Callable[[Any], object]


def run(workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each profile."""
    return [_measure(profile, workload) for profile in workload["profiles"]]


def _measure(profile: str, workload: Mapping[str, Any]) -> dict[str, Any]:
    tell(profile)
    codec = Codec(dialect("bench", read_profile(profile)), Keyring((token_bytes(32),)))
    frames = _frames(codec, workload)
    messages = [message for message in map(codec.decode, frames) if isinstance(message, Message)]
    turns = _turns(codec, frames, messages)
    rounds = [_round(turns, workload["seconds"]) for _ in range(workload["rounds"] + 1)][1:]
    figures = {name: [each[name] for each in rounds] for name in turns}
    ratio = median(ours / theirs for ours, theirs in zip(figures["decoded"], figures["pyiso8583"], strict=True))
    row: dict[str, Any] = {"profile": profile, "bytes": len(frames[0]), "fields": _fields(codec, frames[0])}
    for name, values in figures.items():
        row |= spread(name, values)
    return row | {"ratio": round(ratio, 2)}


def _turns(codec: Codec, frames: Sequence[bytes], messages: Sequence[Message]) -> dict[str, tuple[Turn, Sequence[Any]]]:
    """What is measured, and what it is given."""
    rows, now = codec.dialect.profile.spec.rows, time()
    return {
        "pyiso8583": (lambda frame: iso8583.decode(frame, rows), frames),
        "decoded": (codec.decode, frames),
        "read": (lambda message: read(message, codec.dialect, now), messages),
        "answered": (lambda message: reply(codec, message, Said.RECORDED), messages),
    }


def _round(turns: Mapping[str, tuple[Turn, Sequence[Any]]], seconds: float) -> dict[str, float]:
    return {name: _rate(turn, given, seconds) for name, (turn, given) in turns.items()}


def _rate(turn: Turn, given: Sequence[Any], seconds: float) -> float:
    """Times a second, of what is given in turn."""
    done, start = 0, perf_counter()
    while (spent := perf_counter() - start) < seconds:
        for each in given[done % len(given) :][:BATCH]:
            turn(each)
            done += 1
    return done / spent


def _frames(codec: Codec, workload: Mapping[str, Any]) -> list[bytes]:
    sale = Workload((Template("sale", workload["fields"]),))
    return [shot.frame for shot in islice(Traffic(sale, codec, time).shots(), workload["messages"])]


def _fields(codec: Codec, frame: bytes) -> int:
    plain, _ = iso8583.decode(frame, codec.dialect.profile.spec.rows)
    return sum(key not in ("h", "t", "p", "1") for key in plain)
