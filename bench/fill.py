"""Give a store a past: millions of messages written by SQLite itself, indexes last.  Not a way to write to a store."""

import sqlite3
import time
from pathlib import Path

from bench.report import tell
from iso_alert.domain.mark import mark

DAYS = 89  # a day less than what is kept by default: nothing of it is taken away meanwhile
_COPY = """
WITH RECURSIVE past (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM past WHERE n + 1 < :rows)
INSERT INTO txn ({names}) SELECT {values} FROM past
"""
_CARDS = """
INSERT INTO card_txn (age, card, txn, mark)
SELECT id >> 34, card, id, mark(stan, rrn, approval_code) FROM txn ORDER BY 1, 2, 3
"""
_AMOUNT = "(n * 7919) % 500000"  # a fifth of them below the threshold
_COLUMNS = {
    "link": "'bench'", "mti": "'0200'", "merchant_id": "'MERCHANT0000001'", "acquirer": "'12345'",
    "local": "'1123151500'", "currency": "'THB'", "merchant": "'SHOP 0000'",
    "facts": "'2|0|0|00|05|00|5411||yes|no|positive|no|yes|yes|yes|no'", "event": "'purchase'", "channel": "'edc'",
    "kind": "'credit'", "rules": "'E20' || char(9) || 'C08' || char(9) || 'published' || char(9) || 'P3'",
    "subscription": "CASE WHEN n % 10 THEN 'none' ELSE 'active' END",
    "reason": f"CASE WHEN n % 10 THEN 'not_subscribed' WHEN {_AMOUNT} < 100000 THEN 'below_threshold' ELSE 'told' END",
    "id": ":first + n * :step", "stan": "printf('%06d', abs(random()) % 1000000)", "card": "1 + abs(random()) % :cards",
    "key": "random()", "rrn": "printf('9%011d', n)", "terminal": "printf('9%07d', abs(random()) % 5000)",
    "approval_code": "printf('%06X', abs(random()) % 16777216)", "amount": _AMOUNT,
    "happened_at": "(:first + n * :step) / 1000000", "transmitted_at": "(:first + n * :step) / 1000000",
    "thread": ":first + n * :step",
}  # fmt: skip


def fill(store: Path, rows: int, cards: int) -> None:
    """Write `rows` earlier messages, spread over the time that is kept."""
    if not rows:
        return
    tell(f"writing {rows:,} earlier messages")
    now = int(time.time() * 1e6)
    span = DAYS * 86_400 * 1_000_000
    db = sqlite3.connect(store, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA cache_size = -262144")
        indexes = _without_indexes(db)
        values = {"rows": rows, "cards": cards, "first": now - span, "step": max(1, (span - 60_000_000) // rows)}
        db.execute("BEGIN")
        db.execute(_COPY.format(names=", ".join(_COLUMNS), values=", ".join(_COLUMNS.values())), values)
        for index in indexes:
            db.execute(index)
        db.create_function("mark", 3, mark, deterministic=True)
        db.execute(_CARDS)
        db.execute("UPDATE setting SET value = (SELECT max(id) FROM txn) WHERE name = 'card_txn_until'")
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()


def _without_indexes(db: sqlite3.Connection) -> list[str]:
    """Drop the indexes of txn; the statements that make them again."""
    found = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'txn' AND sql NOT NULL")
    indexes = found.fetchall()
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    return [sql for _, sql in indexes]
