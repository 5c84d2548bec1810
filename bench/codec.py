"""How many messages a second one core decodes, reads and answers, with pyiso8583 alone beside it.

`pyiso8583` is `iso8583.decode` and nothing else.  `kept` is what our plans do in its place: the checked fields that may
leave the codec.  `decoded` is the `Message` made of them, the card a token; `read` is the transaction made of that,
`answered` the answer as bytes, and `whole` all of it, frame to answer, as a link does it: usual messages the short way.
The library and we take turns within a round, so that `ratio` (kept to pyiso8583) holds also on a machine that is busy
with other things.

A row is a sale of many fields in one field table; a row that says `mixed` is the simulated host's ordinary traffic.

With `--set mutants=200000` nothing is measured: so many broken frames of each table are judged by us and by the
library, and the rows tell how many were refused, and how many the two saw differently.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from math import inf
from secrets import token_bytes
from statistics import fmean, median
from time import perf_counter, time
from typing import Any

import iso8583
from attrs import evolve

from bench.mutants import compare
from bench.report import spread, tell
from iso_alert.domain.card import Keyring
from iso_alert.iso.answering import reply
from iso_alert.iso.codec import Codec, wanted
from iso_alert.iso.dialect import Dialect, dialect
from iso_alert.iso.message import Message
from iso_alert.iso.payment import transaction
from iso_alert.iso.plan import Plans
from iso_alert.iso.profile import Said, read_profile
from iso_alert.iso.reading import read
from iso_alert.sim.workload import Template, Traffic, Workload, read_workload

_KEYRING = Keyring((token_bytes(32),))
BATCH = 100  # messages between two looks at the clock
Turn = Callable[[Any], object]


def run(workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each profile and for each mix, or one for the mutants of each profile."""
    if workload["mutants"]:
        return [_mutants(profile, workload) for profile in workload["profiles"]]
    sale = Workload((Template("sale", workload["fields"]),))
    rows = [_measure(profile, profile, sale, workload) for profile in workload["profiles"]]
    return rows + [_measure(f"{profile}, mixed", profile, read_workload(), workload) for profile in workload["mixed"]]


def _measure(name: str, profile: str, traffic: Workload, workload: Mapping[str, Any]) -> dict[str, Any]:
    tell(name)
    codec = _codec(profile)
    frames = _frames(codec, traffic, workload["messages"])
    turns = _turns(codec, frames)
    rounds = [_round(turns, workload["seconds"]) for _ in range(workload["rounds"] + 1)][1:]
    row: dict[str, Any] = {"profile": name, "bytes": _mean(map(len, frames)), "fields": _mean(_fields(codec, frames))}
    for turn in turns:
        row |= spread(turn, [each[turn] for each in rounds])
    return row | {"ratio": round(median(each["kept"] / each["pyiso8583"] for each in rounds), 2)}


def _codec(profile: str, earned_by: float = 1) -> Codec:
    return Codec(dialect("bench", read_profile(profile)), _KEYRING, earned_by)


def _turns(codec: Codec, frames: Sequence[bytes]) -> dict[str, tuple[Turn, Sequence[Any]]]:
    """What is measured, and what it is given."""
    spoken, rows, now = codec.dialect, codec.dialect.profile.spec.rows, time()
    messages = [message for message in map(codec.decode, frames) if isinstance(message, Message)]

    def whole(frame: bytes) -> None:
        if (usual := codec.usual(frame)) is not None:
            of, fields, back = usual
            transaction(of, fields, spoken, now)
            codec.codes(Said.RECORDED)[of[0][1]].join(back.open())
            return
        message = codec.decode(frame)
        assert isinstance(message, Message)
        read(message, spoken, now)
        reply(codec, message, Said.RECORDED)

    return {
        "pyiso8583": (lambda frame: iso8583.decode(frame, rows), frames),
        "kept": (_plans(spoken, frames).unpack, frames),
        "decoded": (codec.decode, frames),
        "read": (lambda message: read(message, spoken, now), messages),
        "answered": (lambda message: reply(codec, message, Said.RECORDED), messages),
        "whole": (whole, frames),
    }


def _plans(spoken: Dialect, frames: Sequence[bytes]) -> Plans:
    """Plans for these frames, earned by them; they decode, as pyiso8583 does, and cut no answers."""
    plans = Plans(spoken.profile.spec, evolve(wanted(spoken), echoed=None), 1)
    for frame in frames:
        plans.unpacked(frame, iso8583.decode(frame, spoken.profile.spec.rows)[0])
    assert all(plans.unpack(frame) for frame in frames)
    return plans


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


def _frames(codec: Codec, traffic: Workload, messages: int) -> list[bytes]:
    return [shot.frame for shot in islice(Traffic(traffic, codec, time).shots(), messages)]


def _mean(values: Iterable[int]) -> int:
    return round(fmean(values))


def _fields(codec: Codec, frames: Sequence[bytes]) -> list[int]:
    decoded = (iso8583.decode(frame, codec.dialect.profile.spec.rows)[0] for frame in frames)
    return [sum(key not in ("h", "t", "p", "1") for key in plain) for plain in decoded]


def _mutants(profile: str, workload: Mapping[str, Any]) -> dict[str, Any]:
    """What became of the mutants of one profile."""
    tell(profile)
    return {"profile": profile, **compare(_codec(profile), _codec(profile, inf), workload["mutants"], workload["seed"])}
