"""What the operations do: commands, views, the trail, idempotency; every result of the domain as a problem."""

import re
from itertools import chain
from typing import Any

import pytest
from attrs import evolve, fields

from iso_alert.domain.command import Answer, Result
from iso_alert.domain.token import Role
from iso_alert.sim.cards import test_pan
from iso_alert.store.people import Entry
from iso_alert.web.api.operations import COMMANDS, OPERATIONS
from iso_alert.web.api.problem import STATUS, of_answer
from iso_alert.web.api.schema import required
from tests.support.bank import NOW, mobile
from tests.support.people import AGENT
from tests.support.scanner import known, passing
from tests.web.counter import APPLICATION, PAN, Counter

APPLY = "/v1/subscriptions/apply"
MATTER = {
    **APPLICATION,
    "due": "2026-12-05",
    "total": "12345.50",
    "minimum": "1000.00",
    "reason": "as asked",
    "route": "ais",
}
STATEMENT = {"card": PAN, "due": "2026-12-05", "total": "12345.50", "minimum": "1000.00"}


def request_for(operation: Any) -> Any:
    """The least that the operation takes, about the customer with test card 1."""
    if not operation.has_body:
        return None
    names = {one.name for one in fields(operation.takes)}
    made = {name: MATTER[name] for name in required(operation.takes) if name in MATTER}
    if "statements" in names:
        return {"statements": [STATEMENT]}
    return made | ({"card": PAN} if "card" in names else {})


async def test_apply_and_be_found(bank: Counter) -> None:
    """Who applies waits for the SMS, is active once it has arrived, and is found by card, name and number."""
    applied = await bank.ask(Role.AGENT, APPLY, APPLICATION)
    await bank.subscribed()
    found = [
        (await bank.ask(Role.AGENT, "/v1/search", how)).json["subscribers"]
        for how in ({"card": PAN}, {"customer": "C1"}, {"mobile": "081 000 0001"})
    ]

    assert (applied.json["result"], applied.json["notices"]) == ("done", 1)
    assert applied.json["subscriber"]["subscription"]["state"] == "confirming"
    assert [one["subscription"]["state"] for one in chain(*found)] == ["active"] * 3


@pytest.mark.parametrize(("role", "shown"), [(Role.AGENT, "+66*****0001"), (Role.SUPERVISOR, mobile(1))])
async def test_who_sees_a_number(bank: Counter, role: Role, shown: str) -> None:
    """A mobile number is masked for an agent, and whole for a supervisor, in views and in answers to commands."""
    await bank.subscribed()
    view = await bank.ask(role, "/v1/search", {"customer": "C1"})
    change = await bank.ask(role, "/v1/subscriptions/news-off", {"customer": "C1"})

    assert view.json["subscribers"][0]["subscription"]["mobile"] == shown
    assert change.json["subscriber"]["subscription"]["mobile"] == shown


async def test_nobody_is_found(bank: Counter) -> None:
    """Looking for who is not there is no error, and is in the trail as well."""
    reply = await bank.ask(Role.AGENT, "/v1/search", {"customer": "C9"})

    assert (reply.status, reply.json) == (200, {"subscribers": []})
    assert bank.audited("operation", "outcome", "customer") == [("view", "25", "C9")]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
async def test_whatever_is_seen_or_done_is_in_the_trail(bank: Counter, operation: Any) -> None:
    """Each operation leaves a row with who, from where, and what came of it; how the service is, is nobody's data."""
    await bank.subscribed()
    before = len(bank.audited("id"))
    role = min(operation.roles, key=lambda role: role.value)
    asked = request_for(operation)
    if asked is not None and operation.name != "audit":
        asked["operator"] = "jane"
    reply = await bank.ask(role, operation.path, asked)
    rows = bank.audited("actor", "origin", "outcome")[before:]

    assert reply.status in (200, 202, 404, 409), reply.data
    if operation.name in ("status", "routes"):
        assert rows == []
    else:
        who = f"{role.value}/jane" if operation.has_body else role.value
        assert {(actor, origin) for actor, origin, _ in rows} == {(who, "192.0.2.7")}
        assert all(outcome for _, _, outcome in rows)


async def test_the_trail_is_read_in_pages(bank: Counter) -> None:
    """An auditor reads on from the row he has, and that he read is in the trail once, not for ever."""
    await bank.subscribed()
    first = (await bank.ask(Role.AUDITOR, "/v1/audit?limit=1")).json["rows"]
    rest = (await bank.ask(Role.AUDITOR, f"/v1/audit?after={first[-1]['id']}")).json["rows"]
    end = (await bank.ask(Role.AUDITOR, f"/v1/audit?after={rest[-1]['id']}")).json["rows"]
    again = (await bank.ask(Role.AUDITOR, f"/v1/audit?after={end[-1]['id']}")).json["rows"]

    assert [row["operation"] for row in first + rest + end] == ["apply", "activate", "view_audit", "view_audit"]
    assert again == []
    assert first[0]["after"]["mobile"] == "+66*****0001"


async def test_the_same_key_has_the_same_answer(bank: Counter) -> None:
    """A request that is repeated under its key is answered as before, and nobody gets a second SMS."""
    first = await bank.ask(Role.AGENT, APPLY, APPLICATION, Idempotency_Key="k1")
    again = await bank.ask(Role.AGENT, APPLY, APPLICATION, Idempotency_Key="k1")
    alerts = bank.store._db.execute("SELECT count(*) FROM alert").fetchone()

    assert again.json == {**first.json, "repeat": True, "notices": 0}
    assert alerts == (1,)


@pytest.mark.parametrize(
    ("path", "changed"), [(APPLY, {"mobile": "0899999999"}), ("/v1/subscriptions/cancel", {"customer": "C1"})]
)
async def test_a_key_for_another_request(bank: Counter, path: str, changed: dict[str, str]) -> None:
    """One key is one request: another one under it is refused, and not done."""
    await bank.ask(Role.AGENT, APPLY, APPLICATION, Idempotency_Key="k1")
    asked = {**APPLICATION, **changed} if path == APPLY else changed
    reply = await bank.ask(Role.AGENT, path, asked, Idempotency_Key="k1")

    assert (reply.status, reply.json["field"]) == (422, "Idempotency-Key")


async def test_keys_of_two_tokens_are_two_keys(bank: Counter) -> None:
    """What one contact centre calls its requests is nothing to another."""
    await bank.ask(Role.AGENT, APPLY, APPLICATION, Idempotency_Key="k1")
    reply = await bank.ask(Role.SUPERVISOR, "/v1/subscriptions/cancel", {"customer": "C1"}, Idempotency_Key="k1")

    assert reply.status == 200


@pytest.mark.parametrize("result", Result, ids=lambda result: result.name)
def test_every_result_is_told(result: Result) -> None:
    """Each result has a status, a name of its own and its words; good ones are 2xx, none is a mystery."""
    told = of_answer(Answer(result, field="mobile", why="because"))

    assert result.good == (told.status < 300)
    assert told.title == result.words
    assert (told.code, told.field, told.detail) == (result.value, "mobile", "because")
    assert re.fullmatch(r"urn:iso-alert:problem:[a-z-]+", told.type)


def test_every_result_has_a_status_that_is_described() -> None:
    """No command can be answered with a status that the document does not know."""
    described = {status for one in OPERATIONS if one.name in {c.value for c in COMMANDS} for status in one.problems}

    assert set(STATUS) == set(Result)
    assert {status for result, status in STATUS.items() if not result.good} <= described


@pytest.mark.parametrize(
    ("changed", "status", "field", "words"),
    [
        ({"mobile": "021234567"}, 422, "mobile", "not a mobile number"),
        ({"card": test_pan(9)[:-1] + "0"}, 404, "card", ""),
        ({"language": "de"}, 422, "language", "language: is none of th, en"),
        ({"verified": False}, 403, "", ""),
        ({"card": PAN, "customer": "C2"}, 404, "", ""),
        ({"reason": f"she read {PAN} to me"}, 422, "reason", "reason: holds what passes for a card number"),
        ({"customer": PAN}, 422, "customer", "customer: holds what passes for a card number"),
        ({PAN: "x"}, 422, "", "there is no field of such a name"),
        ({"language": PAN}, 422, "language", "language: is none of th, en"),
        ({"card": int(PAN)}, 422, "card", "card: is no text"),
    ],
    ids=lambda value: value if isinstance(value, str) and not passing(value.encode()) else "",
)
async def test_why_not(bank: Counter, changed: dict[str, Any], status: int, field: str, words: str) -> None:
    """The field at fault is named and the reason told, never what stood in it."""
    reply = await bank.ask(Role.AGENT, APPLY, {**APPLICATION, **changed})

    assert (reply.status, reply.json.get("field", ""), reply.json.get("detail", "")) == (status, field, words)
    assert passing(reply.data) == set()


async def test_a_card_that_cannot_be_is_in_the_trail(bank: Counter) -> None:
    """Trying card numbers leaves traces."""
    await bank.ask(Role.AGENT, "/v1/search", {"card": PAN[:-1] + str((int(PAN[-1]) + 1) % 10)})

    assert bank.audited("operation", "outcome", "last4") == [("view", "14", "")]


async def test_no_card_number_comes_out(bank: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    """A card number goes into every operation, and into every text; none is in an answer, a log or the store."""
    replies = []
    for operation in OPERATIONS:
        for role in operation.roles:
            asked = request_for(operation)
            replies.append(await bank.ask(role, operation.path, asked, Idempotency_Key=PAN))
            for name in ("customer", "operator", "reason", "terms", "network", PAN):
                replies.append(await bank.ask(role, operation.path, asked and {**asked, name: f"x {PAN}"}))
    logged = capsys.readouterr()
    bank.store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = bank.store._file.path.read_bytes()

    said = b"".join(reply.data + str(reply.headers).encode() for reply in replies)
    assert known(said + logged.out.encode() + logged.err.encode() + kept, [PAN]) == set()
    assert passing(said) == set()


async def test_stop_and_start_for_all(bank: Counter) -> None:
    """The kill switch acts at once (R-52), and says so in the status."""
    stop = await bank.ask(Role.OPERATOR, "/v1/stop", {"reason": "the operator repeats SMS"})
    stopped = bank.store.people.stopped(), (await bank.ask(Role.AGENT, "/v1/status")).json["stopped"]
    start = await bank.ask(Role.OPERATOR, "/v1/start", {"reason": "mended"})

    assert (stop.json, stopped, start.json) == ({"stopped": True}, (True, True), {"stopped": False})
    assert not bank.store.people.stopped()


async def test_applications_wait_for_a_person(bank: Counter) -> None:
    """What the bank must approve is a 202, is listed for supervisors, and then goes its way (R-31)."""
    subscribing = bank.office.subscribing
    subscribing.rules = evolve(subscribing.rules, needs_approval=True)
    applied = await bank.ask(Role.AGENT, APPLY, APPLICATION)
    waiting = (await bank.ask(Role.SUPERVISOR, "/v1/applications")).json["subscribers"]
    approved = await bank.ask(Role.SUPERVISOR, "/v1/subscriptions/approve", {"customer": "C1"})

    assert (applied.status, applied.json["result"]) == (202, "waits")
    assert [one["customer"] for one in waiting] == ["C1"]
    assert approved.json["subscriber"]["subscription"]["state"] == "confirming"


async def test_a_reminder_before_it_is_sent(bank: Counter) -> None:
    """The preview is the text that would go, in the customer's language, and how many SMS it takes."""
    await bank.subscribed()
    sums = {"due": "2026-12-05", "total": "12345.50", "minimum": "1000.00"}
    shown = (await bank.ask(Role.AGENT, "/v1/reminders/preview", {"customer": "C1", **sums})).json["reminders"]
    strange = await bank.ask(Role.AGENT, "/v1/reminders/preview", {"customer": "C2", **sums})
    last4 = PAN[-4:]

    text = f"Card no. x-{last4} payment due 05/12/2026 Outstanding THB 12,345.50 Minimum due THB 1,000.00"
    assert shown == [{"last4": last4, "language": "en", "text": text, "parts": 1}]
    assert strange.status == 404


async def test_statements_as_json(bank: Counter) -> None:
    """Good statements are kept, others told by their number, and the same again changes nothing."""
    strange = {**STATEMENT, "card": test_pan(99)}
    wrong = {**STATEMENT, "card": PAN[:-1] + str((int(PAN[-1]) + 1) % 10)}
    asked = {"statements": [STATEMENT, strange, wrong]}
    first = (await bank.ask(Role.OPERATOR, "/v1/statements", asked)).json
    again = (await bank.ask(Role.OPERATOR, "/v1/statements", asked)).json

    assert (first["lines"], first["changed"], again["changed"]) == (3, 1, 0)
    assert [one["line"] for one in first["refused"]] == [2, 3]


async def test_statements_as_csv(bank: Counter) -> None:
    """The file of the command line is taken as it is; a bad line is told by its number in the file."""
    text = f"pan,due,total,minimum\n{PAN},2026-12-05,12345.50,1000.00\n{PAN},yesterday,1,1.00\n{PAN},2026-12-06\n"
    reply = await bank.ask(Role.OPERATOR, "/v1/statements", text.encode(), Content_Type="text/csv; charset=utf-8")

    assert (reply.json["lines"], reply.json["changed"]) == (3, 1)
    assert [one["line"] for one in reply.json["refused"]] == [3, 4]
    assert passing(reply.data) == set()


@pytest.mark.parametrize(
    ("text", "status"), [(b"a,b\n1,2\n", 422), (b"\xff\xfe", 400), (b'pan,due,total,minimum\n"x', 400), (b"", 422)]
)
async def test_what_is_no_file_of_statements(bank: Counter, text: bytes, status: int) -> None:
    """Another table, another encoding, a quote that never ends."""
    reply = await bank.ask(Role.OPERATOR, "/v1/statements", text, Content_Type="text/csv")

    assert reply.status == status


async def test_a_statement_of_bad_form_names_its_place(bank: Counter) -> None:
    """In JSON a wrong form refuses the whole request, with the place of every fault."""
    asked = {"statements": [STATEMENT, {**STATEMENT, "due": "soon"}]}
    reply = await bank.ask(Role.OPERATOR, "/v1/statements", asked)

    assert (reply.status, reply.json["field"]) == (422, "statements[1].due")


async def test_whatever_the_trail_keeps_can_be_shown(bank: Counter) -> None:
    """Other rooms write JSON into `before` and `after`, or words."""
    for after in ('{"rows": 1}', "words", ""):
        bank.store.people.append_audit(Entry(AGENT, "view", "00", after=after), NOW)
    rows = (await bank.ask(Role.AUDITOR, "/v1/audit")).json["rows"]

    assert [row["after"] for row in rows] == [{"rows": 1}, "words", None]
