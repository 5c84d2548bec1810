"""The OpenAPI document: whole, true, and the service keeps to it whatever is thrown at it."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import schemathesis
import trio
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from iso_alert.domain.token import Role
from iso_alert.web.api.openapi import document
from iso_alert.web.api.operations import OPERATIONS
from iso_alert.web.server import serve_app
from tests.web.counter import Counter, counter

# Not positive_data_acceptance: no schema says which Thai numbers exist, or what passes for a card number.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
BY_PATH = {one.path: one for one in OPERATIONS}
SCHEMA = schemathesis.openapi.from_dict(document(OPERATIONS))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Counter, str]]:
    """The API on a real socket, in a thread with a loop of its own."""
    with counter(tmp_path_factory.mktemp("api")) as bank:
        opened = threading.Event()
        place: dict[str, Any] = {}

        async def main() -> None:
            place["loop"], closing = trio.lowlevel.current_trio_token(), trio.Event()
            place["close"] = closing.set
            async with trio.open_nursery() as nursery:
                place["port"] = await nursery.start(serve_app, bank.app, "127.0.0.1", 0, closing)
                opened.set()

        thread = threading.Thread(target=partial(trio.run, main))
        thread.start()
        assert opened.wait(20)
        try:
            yield bank, f"http://127.0.0.1:{place['port']}"
        finally:
            place["loop"].run_sync_soon(place["close"])
            thread.join()


@SCHEMA.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_is_answered_as_described(case: Any, served: tuple[Counter, str]) -> None:
    """Good requests and bad ones, made from the document itself: no 5xx, no answer that it does not describe."""
    bank, url = served
    role = next(iter(BY_PATH[case.operation.path].roles))
    case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {bank.tokens[role]}"}, checks=CHECKS)


async def test_the_document_is_served_to_anybody(bank: Counter) -> None:
    """It says nothing secret, and whoever connects a system needs it first."""
    reply = await bank.ask(Role.AGENT, "/openapi.json", Authorization="")

    assert reply.json == document(OPERATIONS)


def test_card_numbers_are_asked_in_bodies_only() -> None:
    """No parameter of any address is a card number, and no answer has a field for one."""
    made = document(OPERATIONS)
    parameters = {one["name"] for path in made["paths"].values() for how in path.values() for one in how["parameters"]}
    taken = {name for name, shape in made["components"]["schemas"].items() if "card" in shape["properties"]}

    assert parameters == {"limit", "after", "Idempotency-Key"}
    assert all(made["components"]["schemas"][name]["properties"]["card"]["writeOnly"] for name in taken)
