"""Read a story of `fixtures/threads/`: several messages in order, with times, and which SMS leave.

    say = "what happens, in a sentence"
    profile = "iso87-ascii"             # the default
    begins = 2026-11-23T15:15:00        # in Bangkok; the default
    link = { decision = "inline" }      # what the link changes of its profile
    alone = "why"                       # its messages cannot come in one batch
    known_bug = "what is wrong"         # fails as yet, ...
    known_bug_in = ["batch"]            # ... only when it is played so

Policy (see `policy`): `[policy]` overrides of the shipped one, `[[policy.later]]` versions that follow it.

Each `[[step]]` moves the clock to `at` (seconds since the beginning, a time of that day, or a date and time; none: no
time passes), and does one thing:

    send = "0200"                       # a message: fields de2 ... de128 as `wire` reads them, `card` by nickname
    name = "sale"                       # for "@sale" in the fields of a later one
    clock = 15:14:58                    # when its terminal spoke, if it came later
    event, channel, matched_by          # what the decision must say
    told = "reason", silent = "reason"  # a value of domain.reason.Reason, of the right kind
    repeat = true                       # no decision: it is answered as the first was
    waits = true                        # none yet: the other half of a mirrored feed has not come
    becomes = "reason"                  # what stands in the journal when the story is over, if that has changed

    change = { customer = "anna", state = "suspended" }     # or mobile, language
    smsc = "away"                       # or "back", "throttles", "refuses", "refuses approval"; "hangs up": it takes
                                        # what waits, says nothing, and is away
    restart = true
    left = 1                            # this many SMS have left so far

`[sms]` has for each customer, or for the number they had at the time, all SMS in order; `[withdrawn]` those that never
left because they were no longer true.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, frozen

STORIES = Path(__file__).parents[2] / "fixtures" / "threads"
USUAL = tomllib.loads(Path(__file__).with_name("usual.toml").read_text(encoding="utf-8"))
BANGKOK = timezone(timedelta(hours=7))
BEGINS = datetime(2026, 11, 23, 15, 15)  # noqa: DTZ001  # stories are told in Bangkok's time


@frozen
class Step:
    """One thing that happens; see the module's head."""

    at: float  # seconds since 1970
    clock: float
    fields: Mapping[str, str]
    send: str = ""
    card: str = "gold"
    name: str = ""
    event: str = ""
    channel: str = ""
    matched_by: str | None = None
    told: str = ""
    silent: str = ""
    becomes: str = ""
    repeat: bool = False
    waits: bool = False
    change: Mapping[str, str] = Factory(dict)
    smsc: str = ""
    restart: bool = False
    left: int | None = None

    @property
    def reason(self) -> str:
        return self.told or self.silent


@frozen
class Story:
    """One file."""

    name: str
    say: str
    steps: Sequence[Step]
    begins: float
    sms: Mapping[str, Sequence[str]]  # by number
    profile: str = "iso87-ascii"
    link: Mapping[str, Any] = Factory(dict)
    policy: Mapping[str, Any] = Factory(dict)
    withdrawn: Mapping[str, Sequence[str]] = Factory(dict)
    alone: str = ""
    known_bug: str = ""
    known_bug_in: Sequence[str] = ()

    @property
    def messages(self) -> list[Step]:
        return [step for step in self.steps if step.send]


def read_story(path: Path) -> Story:
    """The file as a value.  A key that no story has is a TypeError that names it."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    begins = raw.pop("begins", BEGINS).replace(tzinfo=BANGKOK)
    steps: list[Step] = []
    for row in raw.pop("step"):
        steps.append(_step(row, begins.timestamp(), steps[-1].at if steps else begins.timestamp()))
    sms, withdrawn = (_by_number(raw.pop(key, {})) for key in ("sms", "withdrawn"))
    return Story(name=path.stem, steps=steps, begins=begins.timestamp(), sms=sms, withdrawn=withdrawn, **raw)


def _step(row: Mapping[str, Any], begins: float, before: float) -> Step:
    fields = {key.removeprefix("de"): value for key, value in row.items() if key[:2] == "de" and key[2:].isdigit()}
    rest = {key: value for key, value in row.items() if key.removeprefix("de") not in fields}
    at = _moment(rest.pop("at", None), begins, before)
    if at < before:
        raise ValueError(f"time runs backwards at {row['at']}")
    return Step(at=at, clock=_moment(rest.pop("clock", None), begins, at), fields=fields, **rest)


def _moment(said: float | time | datetime | None, begins: float, before: float) -> float:
    match said:
        case None:
            return before
        case datetime():
            return said.replace(tzinfo=BANGKOK).timestamp()
        case time():
            return datetime.combine(_day(before), said, BANGKOK).timestamp()
        case _:
            return begins + said


def _day(moment: float) -> date:
    return datetime.fromtimestamp(moment, BANGKOK).date()


def _by_number(texts: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    return {USUAL["customer"].get(who, {"mobile": who})["mobile"]: list(each) for who, each in texts.items() if each}


def read_stories() -> list[Story]:
    """All of them, by name."""
    return [read_story(path) for path in sorted(STORIES.glob("*.toml"))]


def played(manner: str, stories: Sequence[Story]) -> pytest.MarkDecorator:
    """Run a test once for each story; those that are known to fail in this manner must fail."""
    return pytest.mark.parametrize("story", [_case(manner, story) for story in stories])


def _case(manner: str, story: Story) -> Any:
    fails = story.known_bug and (not story.known_bug_in or manner in story.known_bug_in)
    marks = [pytest.mark.xfail(strict=True, reason=story.known_bug)] if fails else []
    return pytest.param(story, id=story.name, marks=marks)
