"""`iso-alert routes` at a terminal, where no service runs beside it, or something that is none."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iso_alert.cli import main
from iso_alert.store.sqlite import Sqlite
from tests.support.deployment import SMSC, deploy

Type = Callable[..., Result]


@pytest.fixture
def type_(tmp_path: Path) -> Type:
    """Type a sub-command, where two routes are configured."""
    config = str(deploy(tmp_path, more=SMSC.format(name="second", more='operator = "ais"\nweight = 2.5')))
    return lambda *words: CliRunner().invoke(main, ["routes", *words, "-c", config])


def test_without_a_service_the_configuration_is_told(type_: Type) -> None:
    """Its routes, none of which runs."""
    run = type_("list")

    assert run.exit_code == 0
    assert run.stdout == "operator  weight 1  not running\nsecond  to ais  weight 2.5  not running\n"


def test_an_order_is_kept_for_the_next_start(type_: Type, tmp_path: Path) -> None:
    """With who, when and why; it stands in the trail as well."""
    run = type_("drain", "second", "--reason", "they mend it", "--operator", "jane", "--json")
    store = Sqlite(tmp_path / "alerts.db")
    (order,), (row,) = store.routes.drained(), store.people.audit()
    store.close()
    shown = json.loads(run.stdout)["routes"][1]

    assert run.exit_code == 0
    assert (shown["name"], shown["drained_by"], shown["reason"]) == ("second", order.actor, "they mend it")
    assert order.actor.endswith("/jane")
    assert (row.entry.operation, row.entry.actor.via.value, row.entry.reason) == ("drain_route", "cli", "they mend it")


def test_an_order_is_taken_back(type_: Type, tmp_path: Path) -> None:
    """Resumed twice is resumed once."""
    runs = [type_("drain", "second", "--reason", "x"), *[type_("resume", "second", "--reason", "y")] * 2]
    store = Sqlite(tmp_path / "alerts.db")
    drained = store.routes.drained()
    store.close()

    assert [run.exit_code for run in runs] == [0, 0, 0]
    assert drained == []
    assert "drained" not in runs[-1].stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("drain", "third", "--reason", "x"), "a field is missing or wrong: route: there is no route of this name\n"),
        (("drain", "second"), "a field is missing or wrong: reason: is missing\n"),
    ],
)
def test_why_not_in_words(type_: Type, words: tuple[str, ...], said: str) -> None:
    """On stderr, with the field at fault, and the exit code is 1."""
    run = type_(*words)

    assert (run.exit_code, run.stdout, run.stderr) == (1, "", said)


@contextmanager
def somebody(page: bytes) -> Iterator[int]:
    """Answers every question with the same page: the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


ROW = {
    "name": "second", "operator": "ais", "weight": 2.5, "state": "bound", "bound": True, "in_flight": 3, "credit": 47,
    "drained": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (json.dumps({"routes": [ROW]}).encode(), "bound  3 in flight, credit 47"),
        (json.dumps({"routes": [{**ROW, "colour": "red"}]}).encode(), "not running"),
        (b'{"state": "ok"}', "not running"),
        (b"<html>It works!</html>", "not running"),
        (b"[]", "not running"),
    ],
)
def test_who_answers_at_the_admin_port(type_: Type, tmp_path: Path, page: bytes, told: str) -> None:
    """The service; whatever else listens there is not believed, and does no harm."""
    with somebody(page) as port:
        path = tmp_path / "iso-alert.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('[admin]\nlisten = "127.0.0.1:0"', f'[admin]\nlisten = "127.0.0.1:{port}"'))
        run = type_("list")

    assert run.stdout.splitlines() == ["operator  weight 1  not running", f"second  to ais  weight 2.5  {told}"]
