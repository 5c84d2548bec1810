"""A store of an older version goes on where it was."""

import sqlite3
from contextlib import closing
from pathlib import Path

from attrs import evolve

from iso_alert.domain.money import Money
from iso_alert.domain.policy import Burst, Policy
from iso_alert.domain.reason import Reason
from iso_alert.store.file import migrations_due
from iso_alert.store.queries import migrations
from iso_alert.store.sqlite import Sqlite
from tests.support.bank import NOW, book, card, mobile, reversal, sale

# The store as it was before small purchases were marked and alerts had two indexes more: a subscriber, two small
# purchases that nobody was told of, one that was told and is being sent, and one that named no time.
OLDER = 6
ROWS = """
INSERT INTO customer (id, ref) VALUES (1, 'C1');
INSERT INTO card (id, token, last4, kind, customer, is_primary) VALUES (1, x'{token}', '0001', 'credit', 1, 1);
INSERT INTO subscription (customer, mobile, language, state, changed_at) VALUES (1, '{mobile}', 'en', 'active', 0);
INSERT INTO txn (id, stan, card, key, link, mti, rrn, terminal, happened_at, transmitted_at, amount, currency, facts,
                 event, channel, kind, rules, subscription, reason, thread)
VALUES ({at} - 3000000, '000011', 1, 11, 'switch', '0200', 'R11', 'TERM0001', 0, 0, 10000, 'THB', '{facts}',
        'purchase', 'edc', 'credit', '{rules}', 'active', 'below_threshold', {at} - 3000000),
       ({at} - 2000000, '000012', 1, 12, 'switch', '0200', 'R12', 'TERM0001', 0, 0, 10000, 'THB', '{facts}',
        'purchase', 'edc', 'credit', '{rules}', 'active', 'below_threshold', {at} - 2000000),
       ({at} - 1000000, '{sold.stan}', 1, {sold.key}, 'switch', '0200', '{sold.rrn}', 'TERM0001', {sold.happened_at},
        {sold.happened_at}, 250000, 'THB', '{facts}', 'purchase', 'edc', 'credit', '{rules}', 'active', 'told',
        {at} - 1000000),
       ({at} - 500000, '000014', 1, 14, 'switch', '0200', 'R14', 'TERM0001', {at} / 1000000, NULL, 250000, 'THB',
        '{facts}', 'purchase', 'edc', 'credit', '{rules}', 'active', 'not_promised', {at} - 500000);
INSERT INTO alert (id, txn, thread, lane, customer, key, mobile, language, text, state, not_before)
VALUES ({at} - 1000000, {at} - 1000000, {at} - 1000000, 1, 1, 'approval', '{mobile}', 'en', 'Paid', 'sending', 0);
PRAGMA user_version = 6;
"""


def older(path: Path) -> Path:
    facts = "2|0|0|00|05|00|||yes|no|positive|no|yes|no|yes|no"
    values = {"token": card(1).token.hex(), "mobile": mobile(1), "at": int(NOW * 1e6), "facts": facts, "sold": sale(1)}
    with closing(sqlite3.connect(path)) as db:
        for number, script in migrations():
            if number <= OLDER:
                db.executescript(script)
        db.executescript(ROWS.format(rules="E20\tC08\tpublished\tP3", **values))
    return path


def test_what_was_being_sent_is_found(tmp_path: Path) -> None:
    """An alert on its way is in doubt after the restart, and goes again before what came after it."""
    store = Sqlite(older(tmp_path / "alerts.db"))
    recovered = store.recover()
    store.record([reversal(sale(1))], book(), NOW, 0)
    keys = [[lease.key for lease in store.claim(NOW, 10)] for _ in range(2)]
    store.close()

    assert (recovered, keys) == (1, [["approval"], []])


def test_small_purchases_of_before_count(tmp_path: Path) -> None:
    """They were in an index of their own, and are marked when a policy asks for them."""
    store = Sqlite(older(tmp_path / "alerts.db"))
    counting = [evolve(version, burst=Burst(on=True)) for version in book().policy.versions]
    by = evolve(book(), policy=Policy(counting))
    ((recorded,), _) = store.record([sale(1, 13, amount=Money(10_000))], by, NOW, 0)
    store.close()

    assert recorded.decision
    assert recorded.decision.reason is Reason.BURST_TOLD


def test_a_repeat_of_before_is_a_repeat(tmp_path: Path) -> None:
    """Its number is that of the first copy."""
    store = Sqlite(older(tmp_path / "alerts.db"))
    ((recorded,), _) = store.record([sale(1)], book(), NOW, 0)
    store.close()

    assert (recorded.repeat, recorded.number) == (True, int(NOW * 1e6) - 1_000_000)


def test_an_original_of_before_is_found(tmp_path: Path) -> None:
    """Its card knows it."""
    store = Sqlite(older(tmp_path / "alerts.db"))
    ((recorded,), _) = store.record([reversal(sale(1))], book(), NOW, 0)
    store.close()

    assert recorded.decision
    assert recorded.decision.original == int(NOW * 1e6) - 1_000_000


def test_a_repeat_of_what_named_no_time_is_a_repeat(tmp_path: Path) -> None:
    """However long after."""
    store = Sqlite(older(tmp_path / "alerts.db"))
    later = sale(1, 14, key=14, transmitted_at=None, timed=False, happened_at=int(NOW) + 4000)
    ((recorded,), _) = store.record([later], book(), NOW + 4000, 0)
    store.close()

    assert (recorded.repeat, recorded.number) == (True, int(NOW * 1e6) - 500_000)


def test_what_is_due_is_known_before(tmp_path: Path) -> None:
    """Nothing of a store that is not there, is being made, or is no store; of an older one what opening will do."""
    path = tmp_path / "alerts.db"
    missing, found = migrations_due(path), migrations_due(older(path))
    Sqlite(path).close()
    done = migrations_due(path)
    path.write_bytes(b"")
    empty = migrations_due(path)
    path.write_text("no database\n" * 100)

    assert (missing, found, done, empty) == (0, len(migrations()) - OLDER, 0, 0)
    assert migrations_due(path) == 0
