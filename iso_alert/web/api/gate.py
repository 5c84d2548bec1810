"""Who may ask, how often, and how much: addresses and tokens pass here before anything is read.

The order matters: an address is counted before its token is looked up, so that trying tokens costs a turn each.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from math import ceil

import structlog
from attrs import define, evolve, field, frozen
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iso_alert.domain.command import Actor, Via
from iso_alert.domain.token import NOBODY, Role, Token, id_of
from iso_alert.service.desk import Desk
from iso_alert.smpp.pace import Bucket
from iso_alert.web.api.problem import Problem, problem, respond

log = structlog.get_logger()
KEY_CHARACTERS = 255
VIA = {
    Role.AGENT: Via.CONTACT_CENTRE,
    Role.SUPERVISOR: Via.CONTACT_CENTRE,
    Role.OPERATOR: Via.API,
    Role.AUDITOR: Via.API,
}
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
TLS_HEADERS = ((b"strict-transport-security", b"max-age=31536000"),)


@frozen
class Caller:
    """Who asks, and under which key the answer is remembered."""

    role: Role
    who: Actor
    key: str | None = None

    def actor(self, operator: str | None = None) -> Actor:
        """As the audit trail names him; one token may serve a whole contact centre."""
        return evolve(self.who, name=f"{self.who.name}/{operator}") if operator else self.who


@define
class Turnstile:
    """A token bucket for each of those who came last."""

    rate: float  # requests a second
    burst: float
    most: int = 4096  # buckets; who was longest away is forgotten first, and then has a full one
    _buckets: OrderedDict[str, Bucket] = field(factory=OrderedDict, init=False)

    def pass_(self, who: str, now: float) -> None:
        """Count one request.  Raises Problem 429, which tells how long to wait."""
        bucket = self._buckets.pop(who, None) or Bucket(self.rate, self.burst)
        self._buckets[who] = bucket
        while len(self._buckets) > self.most:
            self._buckets.popitem(last=False)
        if not bucket.available(now):
            wait = str(max(1, ceil(bucket.next_at(now) - now)))
            raise problem(429, f"again in {wait} s", headers={"Retry-After": wait})
        bucket.take(1, now)


@frozen
class Limits:
    """Requests a second."""

    rate: float = 20.0  # of one token
    address_rate: float = 100.0  # of one address: a contact centre has many tokens behind one


class Gate:
    """Lets callers in, or raises the Problem that says why not."""

    def __init__(self, desk: Desk, limits: Limits, clock: Callable[[], float], ticks: Callable[[], float]) -> None:
        """`clock`: seconds since 1970, for tokens; `ticks`: seconds that never jump, for rates."""
        self._desk, self._clock, self._ticks = desk, clock, ticks
        self._addresses = Turnstile(limits.address_rate, limits.address_rate)
        self._tokens = Turnstile(limits.rate, limits.rate)

    def count(self, address: str) -> None:
        self._addresses.pass_(_network(address), self._ticks())

    async def admit(self, request: Request, operation: str, roles: frozenset[Role]) -> Caller:
        """Raises Problem, StoreUnavailable."""
        token = await self._token(request.headers.get("authorization", ""))
        address = address_of(request.scope)
        if token is None:
            log.warning("api: no good token", address=address, operation=operation)
            raise problem(401, headers={"WWW-Authenticate": "Bearer"})
        self._tokens.pass_(token.id, self._ticks())
        if token.role not in roles:
            log.warning("api: not allowed", address=address, operation=operation, token=token.name)
            raise problem(403, f"it is for {', '.join(sorted(role.value for role in roles))}")
        who = Actor(token.name, VIA[token.role], address)
        return Caller(token.role, who, _key(token, request.headers.get("idempotency-key")))

    async def _token(self, header: str) -> Token | None:
        scheme, _, said = header.partition(" ")
        public = id_of(said.strip()) if scheme.lower() == "bearer" else None
        if public is None:
            return None
        found = await self._desk.do(partial(self._desk.store.tokens.token, public))
        good = (found or NOBODY).opens(said.strip(), self._clock())
        return found if good else None


def _key(token: Token, said: str | None) -> str | None:
    """Keys of different tokens are different keys, and what they say is nobody's business."""
    if said is None:
        return None
    if not 0 < len(said) <= KEY_CHARACTERS:
        raise problem(400, f"Idempotency-Key is not of 1 to {KEY_CHARACTERS} characters")
    return f"api {token.id} {sha256(said.encode()).hexdigest()}"


def _network(address: str) -> str:
    """Who has one IPv6 address has 2**64 of them."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else address


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "local"


def guarded(app: ASGIApp, gate: Gate, tls: bool) -> ASGIApp:
    """The application behind the count of addresses, with the headers that every answer bears."""
    headers = HEADERS + TLS_HEADERS * tls

    async def guarding(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        try:
            gate.count(address_of(scope))
        except Problem as it:
            await respond(it)(scope, receive, send_with_headers)
        else:
            await app(scope, receive, send_with_headers)

    return guarding
