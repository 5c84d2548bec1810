"""Statements as the bank uploads them: good lines are kept, bad ones told with their number, twice is as once."""

import csv
import json
from collections.abc import Iterator, Sequence
from functools import partial
from io import StringIO

from attrs import field, frozen

from iso_alert.domain.card import BadPan, Keyring, luhn
from iso_alert.domain.command import Result
from iso_alert.store.files import StatementLine
from iso_alert.store.people import Entry
from iso_alert.web.api import reading
from iso_alert.web.api.answers import Refused, Taken
from iso_alert.web.api.bodies import MOST_LINES, Owing, Upload
from iso_alert.web.api.gate import Caller
from iso_alert.web.api.office import Office, Reply
from iso_alert.web.api.problem import Problem, problem

CSV = "text/csv"
COLUMNS = {"pan": "card", "due": "due", "total": "total", "minimum": "minimum"}  # as in the file of the command line
AT_A_TIME = 500  # lines to a commit: short, so that the journal waits for milliseconds only
STATEMENTS = "statements"  # an operation of the audit trail


@frozen(kw_only=True)
class CsvUpload(Upload):
    """An upload whose lines have numbers of their own, some of which cannot be read."""

    numbers: Sequence[int]
    bad: Sequence[Refused] = field()


def from_csv(data: bytes) -> CsvUpload:
    """Raises Problem for what is no such file at all."""
    try:
        rows = csv.DictReader(StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        if set(rows.fieldnames or ()) != set(COLUMNS):
            raise problem(422, f"the first line must name {', '.join(COLUMNS)}")
        numbered = [(rows.line_num, row) for row in rows]
    except (UnicodeDecodeError, csv.Error):
        raise problem(400, "it is no CSV") from None
    if len(numbered) > MOST_LINES:
        raise problem(413, f"at most {MOST_LINES} lines are taken; more come by the command line")
    good, bad = [], []
    for number, row in numbered:
        try:
            good.append((number, reading.value({COLUMNS.get(name, ""): row[name] for name in row}, Owing)))
        except Problem as it:
            bad.append(Refused(number, it.detail))
    return CsvUpload(statements=tuple(one for _, one in good), numbers=[number for number, _ in good], bad=bad)


async def take(office: Office, caller: Caller, asked: Upload) -> Reply:
    """Write what can be written.  Raises StoreUnavailable, when some lines may be kept: upload it again."""
    numbers = asked.numbers if isinstance(asked, CsvUpload) else range(1, len(asked.statements) + 1)
    refused = list(asked.bad) if isinstance(asked, CsvUpload) else []
    lines: list[tuple[int, StatementLine]] = []
    for number, owing in zip(numbers, asked.statements, strict=True):
        try:
            lines.append((number, _line(owing, office.keyring)))
        except BadPan as why:
            refused.append(Refused(number, str(why)))
    changed = 0
    for some in _portions(lines):
        filed = await office.desk.do(partial(office.desk.store.files.statements, [line for _, line in some]))
        changed += filed.changed
        refused += [Refused(some[at][0], why) for at, why in filed.refused.items()]
    count = len(asked.statements) + (len(asked.bad) if isinstance(asked, CsvUpload) else 0)
    told = Taken(count, changed, tuple(sorted(refused, key=lambda one: one.line)))
    await office.note(_entry(caller, asked, told))
    return Reply(told)


def _entry(caller: Caller, asked: Upload, told: Taken) -> Entry:
    counts = json.dumps({"lines": told.lines, "changed": told.changed, "refused": len(told.refused)})
    actor = caller.actor(asked.operator)
    return Entry(actor, STATEMENTS, Result.DONE.value, reason=asked.reason or "", after=counts)


def _portions(lines: Sequence[tuple[int, StatementLine]]) -> Iterator[Sequence[tuple[int, StatementLine]]]:
    return (lines[at : at + AT_A_TIME] for at in range(0, len(lines), AT_A_TIME))


def _line(of: Owing, keyring: Keyring) -> StatementLine:
    """Raises BadPan."""
    digits = of.card.replace(" ", "")
    card = keyring.card(digits)
    if not luhn(digits):
        raise BadPan("the card number's check digit is wrong")
    return StatementLine(card, of.day, of.satang("total"), of.satang("minimum"))
