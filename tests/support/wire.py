"""A payment host's side of the wire, written with pyiso8583 alone: our own codec is what is being tested."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import iso8583

from iso_alert.iso.spec import read_spec
from iso_alert.sim.cards import test_pan
from tests.support.bank import NOW

AT = "1123081503"  # NOW, as DE7 writes it
assert int(NOW) == 1795421703


@cache
def rows() -> Any:
    return read_spec("iso87-ascii").rows


def fields(stan: int = 1, pan: str = "", mti: str = "0200", **changed: str | None) -> dict[str, str]:
    """A chip purchase of 2,500.00 baht; `f54="..."` sets DE54, None takes a field away."""
    usual = {
        "t": mti,
        "2": pan or test_pan(1),
        "3": "003000",
        "4": "000000250000",
        "7": AT,
        "11": f"{stan:06d}",
        "12": "151503",
        "13": "1123",
        "18": "5411",
        "22": "051",
        "25": "00",
        "32": "12345",
        "37": f"6328{stan:08d}",
        "41": "TERM0001",
        "42": "MERCHANT0000001",
        "43": "COMPANY NAME".ljust(25) + "BANGKOK".ljust(13) + "TH",
        "49": "764",
    }
    own = {name.removeprefix("f"): value for name, value in changed.items()}
    return {key: value for key, value in {**usual, **own}.items() if value is not None}


def body(fields: dict[str, str]) -> bytes:
    """The message without its length."""
    return bytes(iso8583.encode(dict(fields), rows())[0])


def frame(message: dict[str, str] | bytes) -> bytes:
    """A length of two bytes, and the message."""
    raw = message if isinstance(message, bytes) else body(message)
    return len(raw).to_bytes(2, "big") + raw


def purchase(stan: int = 1, **changed: Any) -> bytes:
    return frame(fields(stan, **changed))


def echo(stan: int = 1, code: str = "301") -> bytes:
    """0800: echo test, or another word about the link."""
    return frame({"t": "0800", "7": AT, "11": f"{stan:06d}", "70": code})


def cut(data: bytes) -> Iterator[bytes]:
    """The bodies of whole frames."""
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        assert len(data) >= end, "the answers end in the middle of one"
        yield data[2:end]
        data = data[end:]


def answers(data: bytes) -> list[dict[str, str]]:
    """What came back, decoded; a keep-alive is an empty answer."""
    return [dict(iso8583.decode(raw, rows())[0]) if raw else {} for raw in cut(data)]


def codes(data: bytes) -> list[tuple[str, str, str]]:
    """MTI, STAN and DE39 of each answer."""
    return [(one.get("t", ""), one.get("11", ""), one.get("39", "")) for one in answers(data)]
