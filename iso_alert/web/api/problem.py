"""What is answered when something cannot be done: RFC 9457, with the reason in words and the field at fault."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from starlette.responses import JSONResponse, Response

from iso_alert.domain.command import Answer, Result

MEDIA_TYPE = "application/problem+json"
URN = "urn:iso-alert:problem:"
STATUS: Mapping[Result, int] = {
    Result.DONE: 200,
    Result.WAITS: 202,
    Result.REPLACED: 200,
    Result.REFUSED: 409,
    Result.UNKNOWN_COMBINATION: 409,
    Result.NO_SUCH_CARD: 404,
    Result.NOT_OFFERED: 403,
    Result.NO_SUBSCRIPTION: 404,
    Result.BAD_FIELD: 422,
    Result.SUSPENDED: 409,
    Result.NOT_STORED: 503,
    Result.FORMAT_ERROR: 400,
    Result.NOT_NATURAL: 409,
    Result.CARD_BLOCKED: 409,
    Result.NOT_VERIFIED: 403,
    Result.INTERNAL: 500,
}
# What is wrong with a request before anybody looks at its matter.
TITLES: Mapping[int, tuple[str, str]] = {
    400: ("unreadable", "the request cannot be read"),
    401: ("no-token", "a good token is needed"),
    403: ("not-allowed", "this token's role may not do that"),
    404: ("no-such-place", "there is nothing at this address"),
    405: ("no-such-method", "this address does not take that method"),
    408: ("too-slow", "the request did not come to its end in time"),
    409: ("conflict", "it cannot be done as things stand"),
    413: ("too-large", "the request is too large"),
    415: ("wrong-type", "the request is not of a type that is taken here"),
    422: ("bad-field", "a field is missing or wrong"),
    429: ("too-many", "too many requests"),
    500: ("internal", "internal error"),
    503: ("not-stored", "not stored, nothing changed"),
}


@frozen
class Fault:
    """A field, and what is wrong with it."""

    field: str  # "" where none is at fault alone
    words: str

    def __str__(self) -> str:
        return f"{self.field}: {self.words}" if self.field else self.words


@frozen
class Problem(Exception):
    """A request that cannot be done, as its answer tells it.  No part of it shows what was in the request."""

    status: int
    type: str
    title: str
    detail: str = ""
    headers: Mapping[str, str] = field(factory=dict, eq=False, kw_only=True)
    field: str = ""  # the one at fault
    code: str = ""  # of the result, as in DE39
    faults: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.title}"


def problem(status: int, detail: str = "", **more: Any) -> Problem:
    """One of TITLES."""
    name, title = TITLES.get(status, ("refused", "the request cannot be done"))
    return Problem(status, URN + name, title, detail, **more)


def of_result(result: Result, at: str = "", why: str = "") -> Problem:
    """A command that was not carried out."""
    kind = URN + result.name.lower().replace("_", "-")
    headers = {"Retry-After": "1"} if STATUS[result] == 503 else {}
    return Problem(STATUS[result], kind, result.words, why, headers=headers, field=at, code=result.value)


def of_answer(answer: Answer) -> Problem:
    at = "Idempotency-Key" if answer.field == "key" else answer.field
    return of_result(answer.result, at, answer.why)


def bad_fields(faults: tuple[Fault, ...]) -> Problem:
    """What cannot be read as a request."""
    return problem(422, "; ".join(map(str, faults)), field=faults[0].field, faults=faults)


def as_object(it: Problem) -> dict[str, Any]:
    """As JSON has it."""
    told: dict[str, Any] = {"type": it.type, "title": it.title, "status": it.status}
    told |= {name: value for name in ("detail", "field", "code") if (value := getattr(it, name))}
    if it.faults:
        told["faults"] = [{"field": one.field, "words": one.words} for one in it.faults]
    return told


def respond(it: Problem) -> Response:
    return JSONResponse(as_object(it), it.status, headers=it.headers, media_type=MEDIA_TYPE)
