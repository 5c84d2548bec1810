"""The audit trail (T-08): append-only, chained, anchored: whatever is done to it afterwards is found."""

import json
from collections.abc import Callable
from pathlib import Path
from sqlite3 import IntegrityError

import pytest

from iso_alert.domain.command import Actor, Operation, Via
from iso_alert.store.chain import NOTHING, Anchor, AnchorFile, faults, link
from iso_alert.store.people import Entry
from tests.support.bank import NOW, card_line
from tests.support.engines import Kept
from tests.support.people import AGENT, DAY, MOBILE, OTHER, command, rules

TRIGGERS = ("audit_is_never_changed", "audit_is_kept")


@pytest.fixture
def trail(kept: Kept) -> Kept:
    """A trail of five commands."""
    kept.store.import_cards([card_line(1)])
    order = (Operation.APPLY, Operation.INQUIRE, Operation.CHANGE_NUMBER, Operation.SUSPEND, Operation.CANCEL)
    for second, operation in enumerate(order):
        kept.store.people.execute(command(operation, mobile=OTHER), rules(), NOW + second)
    return kept


def tamper(kept: Kept, *sql: str) -> list[str]:
    """What somebody who may write the file does, and what `verify` finds afterwards."""
    for name in TRIGGERS:
        kept.query(f"DROP TRIGGER {name}")
    for one in sql:
        kept.query(one)
    return kept.store.people.verify_audit()


def anchor(tmp_path: Path) -> Path:
    return tmp_path / "alerts.db-audit"


def test_a_sound_trail_has_no_faults(trail: Kept) -> None:
    """Nor has an empty one, nor one that was closed and opened again."""
    before = trail.store.people.verify_audit()
    trail.reopen()
    trail.store.people.append_audit(Entry(AGENT, "view", "00", customer="C1"), NOW + 9)

    assert (before, trail.store.people.verify_audit(), trail.count("audit")) == ([], [], 6)


def test_an_empty_trail_has_no_faults(kept: Kept) -> None:
    """There is nothing to be anchored."""
    assert kept.store.people.verify_audit() == []


def test_every_command_leaves_who_what_when_whence_and_what_came_of_it(trail: Kept) -> None:
    """With the state before and after, and masked numbers only (T-07)."""
    first, *_, last = trail.store.people.audit()

    assert (first.id, first.at, first.entry.actor, first.entry.operation) == (1, NOW, AGENT, "apply")
    assert (first.entry.customer, first.entry.outcome, first.entry.before) == ("C1", "00", "")
    assert json.loads(first.entry.after)["mobile"] == "+66*****0002"
    assert [json.loads(text)["state"] for text in (last.entry.before, last.entry.after)] == ["suspended", "cancelled"]


def test_what_was_refused_is_written_too(kept: Kept) -> None:
    """Whoever tries is on record."""
    people = kept.store.people
    people.execute(command(Operation.CANCEL, verified=False), rules(), NOW)
    people.execute(command(Operation.APPLY, mobile="021234567"), rules(), NOW + 1)

    assert [(row.entry.operation, row.entry.outcome) for row in people.audit()] == [
        ("cancel", "63"),
        ("apply", "27 mobile"),
    ]


def test_no_number_is_kept_in_the_trail(trail: Kept) -> None:
    """Neither of a phone nor of a card."""
    text = repr(trail.query("SELECT * FROM audit"))

    assert MOBILE not in text
    assert OTHER not in text
    assert trail.query("SELECT DISTINCT length(last4) FROM audit") == [(4,)]


def test_the_trail_is_read_in_pages(trail: Kept) -> None:
    """From behind a row, so many."""
    assert [row.id for row in trail.store.people.audit(after=2, limit=2)] == [3, 4]


@pytest.mark.parametrize(
    "sql", ["UPDATE audit SET actor = 'nobody' WHERE id = 3", "DELETE FROM audit WHERE id = 3", "DELETE FROM audit"]
)
def test_the_trail_is_append_only(trail: Kept, sql: str) -> None:
    """The engine refuses; whoever takes the triggers away is found by the chain."""
    with pytest.raises(IntegrityError, match="append-only"):
        trail.query(sql)

    assert trail.store.people.verify_audit() == []


# `{column}` flipped in its first byte; a column that is empty gets one.
COLUMNS = ("at", "actor", "via", "origin", "operation", "outcome", "customer", "last4", "reason", "before", "after")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_flipped_byte_is_found(trail: Kept, column: str) -> None:
    """In any column, and the row is named."""
    flipped = "at + 1" if column == "at" else f"'x' || substr({column}, 2)"
    found = tamper(trail, f"UPDATE audit SET {column} = {flipped} WHERE id = 3")

    assert found == ["row 3 is not what was written"]


def test_a_flipped_hash_is_found(trail: Kept) -> None:
    """Neither the row nor what follows it fits."""
    found = tamper(trail, "UPDATE audit SET hash = zeroblob(32) WHERE id = 3")

    assert found == ["row 3 is not what was written", "row 4 is not what was written"]


@pytest.mark.parametrize(
    ("gone", "found"),
    [
        ("= 3", ["row 3 is missing"]),
        ("= 1", ["row 1 is missing"]),
        ("IN (2, 3)", ["row 2 is missing, and all up to 3"]),
        ("= 5", ["the trail ends with row 4, but row 5 was written"]),
        ("> 2", ["the trail ends with row 2, but row 5 was written"]),
        ("> 0", ["the trail ends with row 0, but row 5 was written"]),
    ],
)
def test_missing_rows_are_found(trail: Kept, gone: str, found: list[str]) -> None:
    """In the middle, at the beginning, and at the end."""
    assert tamper(trail, f"DELETE FROM audit WHERE id {gone}") == found


def test_renumbering_does_not_close_a_gap(trail: Kept) -> None:
    """The number is part of what is hashed."""
    found = tamper(trail, "DELETE FROM audit WHERE id = 3", "UPDATE audit SET id = id - 1 WHERE id > 3")

    assert "row 3 is not what was written" in found
    assert "the trail ends with row 4, but row 5 was written" in found


def test_a_cut_end_stays_found_when_the_trail_goes_on(trail: Kept) -> None:
    """New rows take the numbers of the old; the anchor is not moved on to them."""
    tamper(trail, "DELETE FROM audit WHERE id > 3")
    for second in range(4):
        trail.store.people.append_audit(Entry(AGENT, "view", "00"), NOW + 10 + second)

    assert trail.store.people.verify_audit() == ["row 5 is not the one that the anchor remembers"]


def test_a_trail_that_was_made_anew_is_found(trail: Kept, tmp_path: Path) -> None:
    """Somebody computes all hashes afresh: the anchor remembers another end."""
    rows, last = trail.query("SELECT * FROM audit ORDER BY id"), NOTHING
    rows[2] = (*rows[2][:2], "nobody", *rows[2][3:])
    written = []
    for *row, _ in rows:
        last = link(last, row)
        written.append((*row, last))
    remembered = AnchorFile(anchor(tmp_path)).read()

    assert list(faults(written, Anchor(), remembered)) == ["row 5 is not the one that the anchor remembers"]


def gone(path: Path) -> None:
    path.unlink()


def garbled(path: Path) -> None:
    path.write_text("not an anchor\n")


@pytest.mark.parametrize(
    ("harm", "words"),
    [(gone, "there is no anchor beside the store"), (garbled, "cannot be read")],
    ids=["gone", "garbled"],
)
def test_an_anchor_that_is_gone_is_told(trail: Kept, tmp_path: Path, harm: Callable[[Path], None], words: str) -> None:
    """Nobody can say then whether the end is whole."""
    harm(anchor(tmp_path))
    (found,) = trail.store.people.verify_audit()

    assert words in found


def test_a_crash_before_the_anchor_leaves_an_older_one_that_is_true(trail: Kept, tmp_path: Path) -> None:
    """And the next row moves it on."""
    older = anchor(tmp_path).read_text()
    trail.store.people.append_audit(Entry(AGENT, "view", "00"), NOW + 10)
    anchor(tmp_path).write_text(older)
    lagging = trail.store.people.verify_audit()
    trail.store.people.append_audit(Entry(AGENT, "view", "00"), NOW + 11)

    assert (lagging, trail.store.people.verify_audit()) == ([], [])
    assert anchor(tmp_path).read_text().split()[0] == "7"


def test_the_anchor_is_nobody_elses_to_read(trail: Kept, tmp_path: Path) -> None:
    """It tells how much happens."""
    assert anchor(tmp_path).stat().st_mode & 0o077 == 0


# Purging.


def test_old_rows_are_purged_and_the_chain_goes_on(trail: Kept) -> None:
    """T-09: the purge is a row itself, which holds what the rest follows."""
    people, clock = trail.store.people, Actor("calendar", Via.SERVICE)
    count = people.purge_audit(NOW + 2, clock, NOW + 400 * DAY)
    again = people.purge_audit(NOW + 2, clock, NOW + 400 * DAY)

    assert (count, again, people.verify_audit()) == (2, 0, [])
    assert [row.id for row in people.audit()] == [3, 4, 5, 6]
    assert json.loads(people.audit()[-1].entry.after)["rows"] == 2


def test_everything_may_be_old(trail: Kept) -> None:
    """Only the row of the purge is left, and it follows the last one."""
    people = trail.store.people
    people.purge_audit(NOW + DAY, AGENT, NOW + 400 * DAY)
    trail.reopen()
    trail.store.people.append_audit(Entry(AGENT, "view", "00"), NOW + 401 * DAY)

    assert ([row.id for row in trail.store.people.audit()], trail.store.people.verify_audit()) == ([6, 7], [])


def test_a_purge_hides_no_theft(trail: Kept) -> None:
    """A row that was taken besides is missing all the same."""
    trail.store.people.purge_audit(NOW + 2, AGENT, NOW + DAY)

    assert tamper(trail, "DELETE FROM audit WHERE id = 3") == ["row 3 is missing"]


def test_an_activation_is_on_the_trail(kept: Kept) -> None:
    """What happens by itself too, with who we are."""
    kept.store.import_cards([card_line(1)])
    kept.store.people.execute(command(Operation.APPLY), rules(), NOW)
    kept.store.people.lapse(NOW + 3 * DAY, rules())

    rows = [(row.entry.actor.name, row.entry.operation) for row in kept.store.people.audit()]
    assert rows == [("agent-7", "apply"), ("calendar", "expire")]
    assert kept.store.people.verify_audit() == []


def test_a_purge_stops_at_the_first_row_that_is_young_enough(trail: Kept) -> None:
    """A clock that was put back must not let newer rows go."""
    people = trail.store.people
    people.append_audit(Entry(AGENT, "view", "00"), NOW - DAY)

    assert people.purge_audit(NOW + 1, AGENT, NOW + DAY) == 1
    assert [row.id for row in people.audit()] == [2, 3, 4, 5, 6, 7]


def test_a_row_that_was_rolled_back_is_not_anchored(trail: Kept) -> None:
    """The next one takes its number, and the anchor is that one's."""
    trail.query("CREATE TRIGGER broken BEFORE INSERT ON answer BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(IntegrityError):
        trail.store.people.execute(command(Operation.INQUIRE), rules(), NOW + 9, key="k")
    trail.store.settle([])
    between = trail.store.people.verify_audit()
    trail.store.people.append_audit(Entry(AGENT, "view", "00"), NOW + 10)

    assert (between, trail.store.people.verify_audit()) == ([], [])
    assert trail.store.people.audit(after=5)[0].entry.operation == "view"
