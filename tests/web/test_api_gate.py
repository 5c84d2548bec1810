"""Who may ask what, how often and how much: every role at every operation, tokens, rates, sizes, headers."""

from pathlib import Path
from typing import Any

import pytest
import trio
from starlette.requests import Request
from starlette.types import Message
from trio.testing import MockClock

from iso_alert.domain.token import Role
from iso_alert.web.api.app import BODY_SECONDS, _body
from iso_alert.web.api.gate import Limits, Turnstile, _network
from iso_alert.web.api.operations import BY_NAME, MAY, OPERATIONS, Operation
from iso_alert.web.api.problem import Problem
from tests.support.bank import NOW
from tests.web.counter import APPLICATION, Counter, ask, counter

STATUS = "/v1/status"
each_role = pytest.mark.parametrize("role", Role, ids=lambda role: role.value)


def body(operation: Operation) -> Any:
    """A request that comes as far as the role's door, and no further than its first field."""
    return {} if operation.has_body else None


@each_role
async def test_a_role_may_do_what_the_table_says(bank: Counter, role: Role) -> None:
    """Whoever may, comes to the fields of the request or to the answer; whoever may not, is told for whom it is."""
    replies = {one.name: await bank.ask(role, one.path, body(one)) for one in OPERATIONS}

    assert {name for name, reply in replies.items() if reply.status in (200, 422)} == MAY[role]
    assert {name for name, reply in replies.items() if reply.status == 403} == set(BY_NAME) - MAY[role]


async def test_nothing_without_a_token(bank: Counter) -> None:
    """No operation forgets to ask who is there."""
    replies = [await ask(bank.app, one.method, one.path, b"{}", {}) for one in OPERATIONS]

    assert {(reply.status, reply.headers["www-authenticate"]) for reply in replies} == {(401, "Bearer")}


def test_every_operation_is_somebodys() -> None:
    """The table of roles and the table of operations know the same names."""
    allowed = {name for may in MAY.values() for name in may}

    assert set(BY_NAME) == allowed


@pytest.mark.parametrize(
    "said",
    ["", "Bearer", "Bearer iat_00_", "Bearer iat_0000000000_x", "Basic {good}", "Bearer {good}x", "Bearer ๑", "{good}"],
)
async def test_what_is_no_token(bank: Counter, said: str) -> None:
    """Half a token, another's, one with a letter too many: all the same answer."""
    header = said.format(good=bank.tokens[Role.AGENT])
    reply = await ask(bank.app, "GET", STATUS, b"", {"Authorization": header})

    assert reply.status == 401


async def test_a_revoked_token_opens_nothing_from_then_on(bank: Counter) -> None:
    """Revoking needs no restart."""
    before = await bank.ask(Role.AGENT, STATUS)
    bank.store.tokens.revoke_token("agent", NOW)
    after = await bank.ask(Role.AGENT, STATUS)

    assert (before.status, after.status) == (200, 401)


async def test_a_token_grows_old(bank: Counter) -> None:
    """A token with an end is good up to it."""
    bank.store._db.execute("UPDATE token SET expires_at = ?", (NOW + 60,))
    before = await bank.ask(Role.AGENT, STATUS)
    bank.now[0] += 60
    after = await bank.ask(Role.AGENT, STATUS)

    assert (before.status, after.status) == (200, 401)


async def test_a_token_has_a_rate(tmp_path: Path) -> None:
    """Too many requests of one token wait; another token's do not, and after the time told it may ask again."""
    with counter(tmp_path, Limits(rate=2, address_rate=1000)) as bank:
        statuses = [(await bank.ask(Role.AGENT, STATUS)).status for _ in range(3)]
        refused = await bank.ask(Role.AGENT, STATUS)
        other = await bank.ask(Role.AUDITOR, STATUS)
        bank.now[0] += int(refused.headers["retry-after"])
        again = await bank.ask(Role.AGENT, STATUS)

    assert statuses == [200, 200, 429]
    assert (refused.status, other.status, again.status) == (429, 200, 200)


async def test_an_address_has_a_rate(tmp_path: Path) -> None:
    """Who has no token is counted before any token is looked up."""
    with counter(tmp_path, Limits(rate=1000, address_rate=2)) as bank:
        replies = [await ask(bank.app, "GET", STATUS, b"", {}) for _ in range(3)]

    assert [reply.status for reply in replies] == [401, 401, 429]
    assert replies[-1].headers["content-type"] == "application/problem+json"


def test_a_turnstile_forgets() -> None:
    """Addresses without end do not fill the memory."""
    gate = Turnstile(1, 1, most=10)
    for n in range(100):
        gate.pass_(str(n), 0.0)

    assert len(gate._buckets) == 10
    with pytest.raises(Problem):
        gate.pass_("99", 0.0)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 16_385, "application/json", 413),
        (b"{}", "text/plain", 415),
        (b"{}", "text/csv", 415),
        (b"[" * 16_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"card":1,"card":2}', "application/json", 400),
        (b"[]", "application/json", 422),
        (b'{"customer":"\\ud800"}', "application/json", 422),
        (b'{"customer":null}', "application/json", 422),
    ],
)
async def test_what_cannot_be_read(bank: Counter, body: bytes, kind: str, status: int) -> None:
    """Too large, of another type, no JSON, no object: told, and nothing is done."""
    reply = await bank.ask(Role.AGENT, "/v1/search", body, Content_Type=kind)

    assert status == reply.status
    assert reply.json["status"] == status


async def test_every_answer_bears_its_headers(bank: Counter) -> None:
    """Nothing is cached, sniffed or framed, and no other origin is let in: good answers, problems, strange places."""
    agent = Role.AGENT
    replies = [
        await bank.ask(agent, STATUS),
        await bank.ask(agent, "/v1/search", {}),
        await bank.ask(agent, "/nowhere"),
        await bank.ask(agent, STATUS, method="DELETE"),
        await bank.ask(agent, STATUS, method="OPTIONS", Origin="https://example.com"),
    ]

    assert [reply.status for reply in replies] == [200, 422, 404, 405, 405]
    for reply in replies:
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert not [name for name in reply.headers if name.startswith("access-control")]


async def test_the_store_is_away(bank: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing can be kept, nobody is shown anything, and it is told when to come again."""
    await bank.subscribed()
    bank.store._file.path.unlink()
    reply = await bank.ask(Role.AGENT, "/v1/search", {"customer": "C1"})

    assert (reply.status, reply.headers["retry-after"]) == (503, "1")


async def test_nothing_is_asked_in_the_address(bank: Counter) -> None:
    """A card number in a query would stand in the logs of every proxy: it is refused, not used."""
    reply = await bank.ask(Role.AGENT, f"/v1/search?card={APPLICATION['card']}", {})

    assert reply.status == 400
    assert APPLICATION["card"] not in reply.data.decode()


async def test_a_body_that_does_not_come(autojump_clock: MockClock) -> None:
    """Who begins a request and never ends it is sent away after ten seconds."""
    pieces = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Message:
        try:
            return next(pieces)
        except StopIteration:
            await trio.sleep_forever()
            raise

    began = trio.current_time()
    with pytest.raises(Problem) as slow:
        await _body(Request({"type": "http", "method": "POST", "headers": []}, receive), 100)

    assert (slow.value.status, trio.current_time() - began) == (408, BODY_SECONDS)


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1%eth0", "2001:db8::/64"),
        ("a", "a"),
    ],
)
def test_whose_turn_it_is(address: str, counted_as: str) -> None:
    """One subscriber of an internet provider has 2**64 addresses of IPv6, and one rate."""
    assert _network(address) == counted_as
