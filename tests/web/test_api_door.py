"""Where the API listens: off unless asked for, loopback or TLS, and in a running process."""

import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGHUP
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import trio
import trustme

from iso_alert.config import ConfigError, load
from iso_alert.store.sqlite import Sqlite
from tests.support.bank import card_line
from tests.support.deployment import deploy, iso_alert, service
from tests.web.counter import APPLICATION

API = '[api]\nlisten = "127.0.0.1:0"\n'


def write_certificate(directory: Path, authority: trustme.CA | None = None, **how: Any) -> trustme.CA:
    authority = authority or trustme.CA()
    own = authority.issue_cert("127.0.0.1", **how)
    own.cert_chain_pems[0].write_to_path(directory / "api.crt")
    own.private_key_pem.write_to_path(directory / "api.key")
    return authority


def test_there_is_none_unless_it_is_asked_for(tmp_path: Path) -> None:
    """A deployment without [api] opens no such door."""
    assert load(deploy(tmp_path)).api is None


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ('listen = "0.0.0.0:8443"', "is not loopback"),
        ('listen = "127.0.0.1:8443"\ncert = "api.crt"', "cert and key belong together"),
        ('listen = "127.0.0.1:8443"\ncert = "none"\nkey = "api.key"', "none: No such file"),
        ('listen = "127.0.0.1:8443"\ncert = "api.key"\nkey = "api.crt"', "api.key holds no certificate"),
        ('listen = "127.0.0.1:8443"\nrate = 0', "rate must be at least 1"),
        ('listen = "nowhere"', "is no address"),
        ('listen = "127.0.0.1:8443"\nport = 1', "unknown key port"),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, said: str, fault: str) -> None:
    """Before anything is opened, with its place."""
    write_certificate(tmp_path)
    path = deploy(tmp_path, more=f"[api]\n{said}\n")
    with pytest.raises(ConfigError) as wrong:
        load(path)

    (line,) = wrong.value.faults
    assert f"{path}: api" in line
    assert fault in line


@pytest.mark.parametrize("more", ['cert = "api.crt"\nkey = "api.key"', "allow_remote = true"])
def test_beyond_loopback(tmp_path: Path, more: str) -> None:
    """Under TLS, or where it is said that something else has TLS."""
    write_certificate(tmp_path)
    api = load(deploy(tmp_path, more=f'[api]\nlisten = "0.0.0.0:8443"\n{more}\n')).api
    assert api is not None

    assert (api.host, api.tls is not None) == ("0.0.0.0", "cert" in more)


def call(url: str, token: str, body: Any = None, context: ssl.SSLContext | None = None) -> tuple[int, Any]:
    """As a contact centre's system asks."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        with urlopen(Request(url, data, headers), timeout=10, context=context) as reply:
            return reply.status, json.load(reply)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


async def test_a_running_service_under_tls(tmp_path: Path) -> None:
    """It answers those who trust its certificate, a token made meanwhile works at once, and SIGTERM ends it with 0."""
    authority = write_certificate(tmp_path)
    path = deploy(tmp_path, more=API + 'cert = "api.crt"\nkey = "api.key"\n')
    store = Sqlite(tmp_path / "alerts.db")
    store.import_cards([card_line(1)])
    store.close()
    context = ssl.create_default_context()
    authority.configure_trust(context)

    async with service(path) as running:
        made = await trio.to_thread.run_sync(
            lambda: iso_alert("token", "new", "-c", path, "--name", "crm", "--role", "agent")
        )
        token, url = made.stdout.strip(), f"https://{running._address('api open')}/v1"
        replies = [
            await trio.to_thread.run_sync(call, f"{url}/{place}", token, body, context)
            for place, body in (
                ("status", None),
                ("subscriptions/apply", APPLICATION),
                ("search", {"card": APPLICATION["card"]}),
                ("audit", None),
            )
        ]
        running.process.terminate()
        with trio.fail_after(20):
            ended = await running.process.wait()

    assert [status for status, _ in replies] == [200, 200, 200, 403]
    assert replies[2][1]["subscribers"][0]["subscription"]["state"] == "confirming"
    assert ended == 0
    assert APPLICATION["card"] not in running.text


def shown(address: str, context: ssl.SSLContext) -> bytes:
    """The certificate that a new caller is shown, who names nobody: an address is no name."""
    host, _, port = address.rpartition(":")
    plain = socket.create_connection((host, int(port)), timeout=10)
    with plain, context.wrap_socket(plain, server_hostname=host) as secured:
        der = secured.getpeercert(binary_form=True)
    assert der
    return der


async def test_a_running_service_changes_the_certificate_of_its_api(tmp_path: Path) -> None:
    """By SIGHUP, its door stays open; one that has ended, or that is none, is refused, and the old one stays."""
    authority, context = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(context)
    write_certificate(tmp_path, authority)
    path = deploy(tmp_path, more=API + 'cert = "api.crt"\nkey = "api.key"\n')

    async with service(path) as running:
        address, found = running._address("api open"), []
        for change in ({}, {"not_after": datetime(2020, 1, 1, tzinfo=UTC)}, None):
            found.append(await trio.to_thread.run_sync(shown, address, context))
            if change is None:
                (tmp_path / "api.key").write_text("not yet")
            else:
                write_certificate(tmp_path, authority, **change)
            told = len(running.lines)
            running.process.send_signal(SIGHUP)
            with trio.fail_after(20):
                while not any("configuration" in line["event"] for line in running.lines[told:]):
                    await trio.sleep(0.02)
        found.append(await trio.to_thread.run_sync(shown, address, context))
        page = await running.ask("metrics")
    kept = [line["fault"] for line in running.lines if line["event"] == "configuration kept as it was"]

    assert [found[0] == one for one in found] == [True, False, False, False]
    assert len(set(found)) == 2
    assert "api api: tls: the new certificate ended on 2020-01-01, the one in use has not" in kept[0]
    assert "api.key holds no private key" in kept[1]
    assert 'iso_alert_certificate_expiry_seconds{file="certificate",name="api",side="api"}' in page
