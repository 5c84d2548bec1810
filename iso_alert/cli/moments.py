"""Times as people write and read them: in Bangkok, to the millisecond."""

import re
from datetime import UTC, datetime, timedelta

import click

from iso_alert.domain.shown import BANGKOK

_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Moment(click.ParamType[float]):
    """`2026-11-23`, `2026-11-23 15:15`, `15:15` (today), `2h` (ago) as seconds since 1970."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        now, text = datetime.now(BANGKOK), str(value).strip()
        if ago := _SPAN.fullmatch(text):
            return (now - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])).timestamp()
        try:
            said = datetime.fromisoformat(text if "-" in text else f"{now:%Y-%m-%d} {text}")
        except ValueError:
            self.fail(f"{text!r} is no time such as 2026-11-23 15:15, 15:15 or 2h", param, ctx)
        return (said if said.tzinfo else said.replace(tzinfo=BANGKOK)).timestamp()


class Span(click.ParamType[float]):
    """`90s`, `30m`, `2h`, `1d` in seconds."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if not (span := _SPAN.fullmatch(str(value))):
            self.fail(f"{value!r} is no span such as 30m or 2h", param, ctx)
        return float(int(span[1]) * _SECONDS[span[2]])


def clock(moment: float) -> str:
    """`15:15:02.123`."""
    return datetime.fromtimestamp(moment, BANGKOK).strftime("%H:%M:%S.%f")[:-3]


def stamp(moment: float) -> str:
    """`2026-11-23 15:15:02.123`."""
    return f"{datetime.fromtimestamp(moment, BANGKOK):%Y-%m-%d} {clock(moment)}"


def iso(moment: float | None) -> str | None:
    """As machines read it, in UTC."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def after(seconds: float) -> str:
    """`+17 ms`, `+1.0 s`, `+3 min`."""
    if seconds < 1:
        return f"+{seconds * 1e3:.0f} ms"
    return f"+{seconds:.1f} s" if seconds < 120 else f"+{seconds / 60:.0f} min"
