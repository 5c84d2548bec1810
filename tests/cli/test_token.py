"""`iso-alert token`: made and shown once, listed without the secret, revoked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iso_alert.cli import main
from iso_alert.domain.token import ID_BYTES, SECRET_BYTES, Role, id_of, new_token
from iso_alert.store.sqlite import Sqlite
from tests.support.deployment import deploy

Type = Callable[..., Result]


@pytest.fixture
def type_(tmp_path: Path) -> Type:
    """Type a sub-command, in a deployment of its own."""
    config = str(deploy(tmp_path))
    return lambda *words: CliRunner().invoke(main, ["token", words[0], "-c", config, *words[1:]])


@contextmanager
def opened(directory: Path) -> Iterator[Sqlite]:
    store = Sqlite(directory / "alerts.db")
    yield store
    store.close()


def test_a_token_is_shown_once_and_kept_as_a_hash(type_: Type, tmp_path: Path) -> None:
    """What is printed opens the store's token, and stands in no file."""
    made = type_("new", "--name", "crm", "--role", "agent")
    said = made.stdout.strip()
    with opened(tmp_path) as store:
        (token,) = store.tokens.tokens()

    assert (made.exit_code, token.name, token.role) == (0, "crm", Role.AGENT)
    assert token.opens(said, token.made_at)
    assert token.id == id_of(said)
    secret = said.rpartition(f"{token.id}_")[2]
    assert len(secret) == 43  # 256 bits
    assert not [file for file in tmp_path.iterdir() if secret.encode() in file.read_bytes()]


def test_two_tokens_are_two_secrets(type_: Type) -> None:
    """Nothing but chance is in a token."""
    one, other = (type_("new", "--name", name, "--role", "agent").stdout for name in ("a", "b"))

    assert one.split("_")[1:] != other.split("_")[1:]


def test_the_list_shows_no_secret(type_: Type) -> None:
    """Whose, which role, until when; revoked ones stay in it."""
    secrets = [type_("new", "--name", n, "--role", r).stdout.strip() for n, r in (("a", "agent"), ("b", "auditor"))]
    type_("new", "--name", "c", "--role", "operator", "--expires-in", "1d")
    type_("revoke", "a")
    text = type_("list").stdout
    rows = [json.loads(line) for line in type_("list", "--json").stdout.splitlines()]

    assert [row["name"] for row in rows] == ["a", "b", "c"]
    assert [bool(row["revoked_at"]) for row in rows] == [True, False, False]
    assert [bool(row["expires_at"]) for row in rows] == [False, False, True]
    assert ["revoked" in line for line in text.splitlines()] == [True, False, False]
    assert not [secret for secret in secrets if secret in text]


def test_a_revoked_name_may_be_used_again(type_: Type, tmp_path: Path) -> None:
    """Changing a token is revoking it and making another of its name; two in use with one name there are not."""
    first = type_("new", "--name", "crm", "--role", "agent").stdout.strip()
    twice = type_("new", "--name", "crm", "--role", "agent")
    revoked = type_("revoke", "crm")
    again = type_("revoke", "crm")
    second = type_("new", "--name", "crm", "--role", "agent").stdout.strip()
    with opened(tmp_path) as store:
        good = [token.good(0) and token.opens(said, 0) for said in (first, second) for token in store.tokens.tokens()]

    assert [run.exit_code for run in (twice, revoked, again)] == [1, 0, 1]
    assert good == [False, False, False, True]


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "4111 1111 1111 1111"])
def test_what_is_no_name(type_: Type, name: str) -> None:
    """A name stands in the audit trail: a line's end or a card number does not."""
    assert type_("new", "--name", name, "--role", "agent").exit_code == 2


def test_making_and_revoking_is_in_the_trail(type_: Type, tmp_path: Path) -> None:
    """Who let whom in, and who ended it."""
    type_("new", "--name", "crm", "--role", "agent")
    type_("revoke", "crm")
    with opened(tmp_path) as store:
        rows = [row.entry for row in store.people.audit()]

    assert [(row.operation, row.reason, row.actor.via.value) for row in rows] == [
        ("token_new", "crm, agent", "cli"),
        ("token_revoke", "crm", "cli"),
    ]


def test_no_token_yet(type_: Type) -> None:
    """An empty list says how to make one."""
    run = type_("list")

    assert (run.exit_code, run.stdout) == (0, "")
    assert "iso-alert token new" in run.stderr


def test_a_token_wants_its_bytes() -> None:
    """Half a token is never made, whatever the random source gave."""
    with pytest.raises(ValueError, match="37 random bytes"):
        new_token("crm", Role.AGENT, bytes(SECRET_BYTES), 0.0)
    assert ID_BYTES + SECRET_BYTES == 37


@pytest.mark.parametrize("said", ["", "iat", "iat__", "iat_a_", "iat__b", "ibt_a_b"])
def test_what_cannot_be_a_token(said: str) -> None:
    """It has no public part by which anything could be looked up."""
    assert id_of(said) is None
