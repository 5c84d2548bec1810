"""Everything that can be asked, once: routing, validation, roles and the OpenAPI document are all read from here."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from attrs import field, frozen

from iso_alert.domain.command import Operation as Change
from iso_alert.domain.token import Role
from iso_alert.web.api import bodies, dispatch, uploads, views
from iso_alert.web.api.answers import Done, Found, Previews, ShownRoutes, Taken, Telling, Trail
from iso_alert.web.api.commands import Carry, Stop
from iso_alert.web.api.office import Does

KILOBYTE = 1024
GATE = (400, 401, 403, 408, 422, 429, 500, 503)  # what anybody may be told
BODY = (413, 415)
MATTER = (404, 409)  # what comes of a command that cannot be carried out


@frozen
class Operation:
    """One thing that can be asked."""

    name: str  # the operationId
    method: Literal["GET", "POST"]
    path: str
    does: Does
    takes: type
    gives: Any  # the type of a good answer
    say: str
    problems: tuple[int, ...] = GATE
    good: tuple[int, ...] = (200,)
    keyed: bool = False  # whether Idempotency-Key has a meaning
    most: int = 16 * KILOBYTE  # bytes of a request
    more: Mapping[str, Callable[[bytes], Any]] = field(factory=dict)  # media types beside JSON, and who reads them

    @property
    def has_body(self) -> bool:
        return self.method == "POST"

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(role for role, may in MAY.items() if self.name in may)


COMMANDS: Mapping[Change, tuple[type, str]] = {
    Change.APPLY: (bodies.Application, "Apply for a customer, with a card or by the bank's own name."),
    Change.APPROVE: (bodies.Subject, "Approve an application; the confirming SMS goes."),
    Change.REFUSE: (bodies.Subject, "Refuse an application."),
    Change.CANCEL: (bodies.Subject, "Cancel, at once; ends news too."),
    Change.CHANGE_NUMBER: (bodies.NewNumber, "Change the mobile number, at once; both numbers are told."),
    Change.CHANGE_LANGUAGE: (bodies.NewLanguage, "Change the language, from the next SMS on."),
    Change.NEWS_ON: (bodies.NewsConsent, "Consent to bank news."),
    Change.NEWS_OFF: (bodies.Subject, "End bank news; alerts stay on."),
    Change.SUSPEND: (bodies.Subject, "Tell this customer nothing until it is resumed."),
    Change.RESUME: (bodies.Subject, "End a suspension."),
}


def _commands() -> Iterator[Operation]:
    for change, (takes, say) in COMMANDS.items():
        path = f"/v1/subscriptions/{change.value.replace('_', '-')}"
        problems, good = tuple(sorted({*GATE, *BODY, *MATTER})), (200, 202) if change is Change.APPLY else (200,)
        yield Operation(change.value, "POST", path, Carry(change), takes, Done, say, problems, good, keyed=True)


_WITH_BODY = tuple(sorted({*GATE, *BODY, *MATTER}))
OPERATIONS: tuple[Operation, ...] = (
    *_commands(),
    Operation(
        "search", "POST", "/v1/search", views.search, bodies.Search, Found,
        "Find a subscriber by card, by the bank's own name, or by mobile number.", _WITH_BODY,
    ),
    Operation(
        "applications", "GET", "/v1/applications", views.applications, bodies.Rows, Found,
        "Who waits for the bank's approval, oldest first.",
    ),
    Operation(
        "preview_reminder", "POST", "/v1/reminders/preview", views.preview, bodies.Owed, Previews,
        "Show the reminder as it would be sent.  Nothing is sent.", _WITH_BODY,
    ),
    Operation(
        "statements", "POST", "/v1/statements", uploads.take, bodies.Upload, Taken,
        "Upload statements, which are reminded of three days before they are due.", _WITH_BODY,
        most=KILOBYTE * KILOBYTE, more={uploads.CSV: uploads.from_csv},
    ),
    Operation(
        "stop_all", "POST", "/v1/stop", Stop(True), bodies.Everybody, Telling,
        "Tell nobody anything, at once; what happens meanwhile is recorded and not told later.", _WITH_BODY,
    ),
    Operation(
        "start_all", "POST", "/v1/start", Stop(False), bodies.Everybody, Telling,
        "Go on telling.", _WITH_BODY,
    ),
    Operation(
        "routes", "GET", "/v1/routes", dispatch.routes, bodies.Nothing, ShownRoutes,
        "The routes to the operators, and how each is now.",
    ),
    Operation(
        "drain_route", "POST", "/v1/routes/drain", dispatch.Order(True), bodies.OneRoute, ShownRoutes,
        "Give a route nothing new, wait for its answers, unbind; the others take its share.", (*GATE, *BODY),
    ),
    Operation(
        "resume_route", "POST", "/v1/routes/resume", dispatch.Order(False), bodies.OneRoute, ShownRoutes,
        "Bind a drained route again.", (*GATE, *BODY),
    ),
    Operation(
        "audit", "GET", "/v1/audit", views.audit, bodies.TrailRows, Trail,
        "Read the audit trail.",
    ),
    Operation(
        "status", "GET", "/v1/status", views.status, bodies.Nothing, Mapping,
        "How the service is.",
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Operation] = {one.name: one for one in OPERATIONS}
AGENTS = frozenset(
    {"search", "apply", "cancel", "change_number", "change_language", "news_on", "news_off", "preview_reminder"}
)
MAY: Mapping[Role, frozenset[str]] = {
    Role.AGENT: AGENTS | {"status"},
    Role.SUPERVISOR: AGENTS | {"applications", "approve", "refuse", "suspend", "resume", "status"},
    Role.OPERATOR: frozenset(
        {"statements", "stop_all", "start_all", "routes", "drain_route", "resume_route", "status"}
    ),
    Role.AUDITOR: frozenset({"audit", "status"}),
}
