"""Tokens in the SQLite store: it shares the connection and the transactions of `sqlite.Sqlite`."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from sqlite3 import Connection
from typing import Any

from iso_alert.domain.token import Role, Token
from iso_alert.store.queries import statements

SQL = statements("tokens.sql")


class SqliteTokens:
    """A tokens.Tokens on somebody else's connection."""

    def __init__(self, db: Connection, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        self._db, self._transaction = db, transaction

    def add_token(self, token: Token) -> bool:
        values = (token.id, token.name, token.role.value, token.digest, token.made_at, token.expires_at)
        with self._transaction():
            return self._db.execute(SQL["add"], values).rowcount == 1

    def token(self, public: str) -> Token | None:
        with self._transaction():
            row = self._db.execute(SQL["one"], (public,)).fetchone()
        return _token(row) if row else None

    def tokens(self) -> list[Token]:
        with self._transaction():
            return [_token(row) for row in self._db.execute(SQL["all"])]

    def revoke_token(self, name: str, now: float) -> bool:
        with self._transaction():
            return self._db.execute(SQL["revoke"], (now, name)).rowcount == 1


def _token(row: Sequence[Any]) -> Token:
    public, name, role, digest, made_at, expires_at, revoked_at = row
    return Token(public, name, Role(role), digest, made_at, expires_at, revoked_at)
