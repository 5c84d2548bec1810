"""The API in this process: a real store in a file, a clock that stands, and callers of every role."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from starlette.types import ASGIApp, Message

from iso_alert.domain.token import ID_BYTES, SECRET_BYTES, Role, new_token
from iso_alert.service.desk import Desk
from iso_alert.service.subscribing import Subscribing
from iso_alert.service.way import RouteStatus
from iso_alert.sim.cards import test_pan
from iso_alert.store.sqlite import Sqlite
from iso_alert.web.api.app import api_app
from iso_alert.web.api.gate import Gate, Limits
from iso_alert.web.api.office import Dispatch, Office
from tests.support.bank import KEYRING, NOW, book, card_line, mobile
from tests.support.people import rules

PAN = test_pan(1)
APPLICATION = {"card": PAN, "mobile": mobile(1), "language": "en", "terms": "1"}
ROUTES = [
    RouteStatus(name, name, weight, "bound", bound=True, in_flight=0, credit=50, drained=False)
    for name, weight in (("ais", 2.0), ("true", 1.0))
]
PLENTY = Limits(1e6, 1e6)


@frozen
class Reply:
    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


async def ask(app: ASGIApp, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """One request, and its whole answer."""
    route, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": route, "raw_path": route.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.7", 4711), "server": ("127.0.0.1", 8443),
    }  # fmt: skip
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    await app(scope, receive, send)
    shown = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return Reply(told[0]["status"], shown, b"".join(piece.get("body", b"") for piece in told[1:]))


@define
class Counter:
    """Where callers of each role stand."""

    store: Sqlite
    app: ASGIApp
    office: Office
    now: list[float]  # one number: what the clock says
    tokens: dict[Role, str] = field(factory=dict)

    async def ask(self, role: Role, path: str, body: Any = None, method: str | None = None, **headers: str) -> Reply:
        """POST of a body, GET without one, with the role's token."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.tokens[role]}", "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await ask(self.app, method or ("GET" if body is None else "POST"), path, data, given)

    async def subscribed(self) -> None:
        """Customer C1 has applied, and the confirming SMS is on the phone."""
        assert (await self.ask(Role.AGENT, "/v1/subscriptions/apply", APPLICATION)).status == 200
        ((alert,),) = self.store._db.execute("SELECT max(id) FROM alert").fetchall()
        self.store.people.arrived(1, mobile(1), alert, self.now[0])

    def audited(self, *names: str) -> list[tuple[Any, ...]]:
        """These columns of the trail, in order."""
        return self.store._db.execute(f"SELECT {', '.join(names)} FROM audit ORDER BY id").fetchall()


@contextmanager
def counter(directory: Path, limits: Limits = PLENTY, **changed: Any) -> Iterator[Counter]:
    """A bank with the cards of C1 and C2, and a token for each role.  `changed`: rules of enrolment."""
    store, now = Sqlite(directory / "alerts.db"), [NOW]
    desk = Desk(store)

    def clock() -> float:
        return now[0]

    async def obey() -> int:
        return len(store.routes.drained())

    async def status() -> dict[str, Any]:
        return {"state": "ok"}

    subscribing = Subscribing(desk, rules(**changed), lambda: None, clock)
    office = Office(desk, subscribing, KEYRING, book().texts, clock, status, Dispatch(lambda: ROUTES, obey))
    made = Counter(store, api_app(office, Gate(desk, limits, clock, clock)), office, now)
    store.import_cards([card_line(1), card_line(2)])
    for n, role in enumerate(Role):
        made.tokens[role], token = new_token(role.value, role, bytes([n]) * (SECRET_BYTES + ID_BYTES), NOW)
        store.tokens.add_token(token)
    try:
        yield made
    finally:
        store.close()
