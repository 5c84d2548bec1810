"""A campaign that cannot find anything is worth nothing: what each witness must see, and each fact must miss."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import pytest
from attrs import evolve

from tests.endurance.books import Alert, Books
from tests.endurance.payments import payments
from tests.endurance.report import Report
from tests.endurance.till import Till
from tests.endurance.verdict import judge_books, judge_phones
from tests.support.cardholders import Happening, sale, taken_back
from tests.support.foreign_smsc import Sms, phones

PAID = sale(7, 1, 250_000, told=True)  # card 1 is read in Thai, card 2 in English
OTHER = sale(8, 2, 250_000, told=True)
BACK = taken_back(9, OTHER)
SMALL = sale(10, 1, 99_999, told=False)
DAY = [PAID, OTHER, BACK, SMALL]


def submitted(of: Happening, *numbers: int, reference: int = 5) -> Iterator[dict[str, Any]]:
    """These parts as node-smpp writes them down; a short SMS has one."""
    if of.serial % 2 == 0:
        yield {"destination": of.to, "esm_class": 0, "short_message": of.due.encode().hex(), "text": of.due}
        return
    for n in numbers or (1, 2):
        octets = bytes((5, 0, 3, reference, 2, n)) + of.due[67 * (n - 1) : 67 * n].encode("utf-16-be")
        yield {"destination": of.to, "esm_class": 0x40, "short_message": octets.hex(), "text": ""}


def shown(*lines: Iterator[dict[str, Any]]) -> list[Sms]:
    return phones(line for one in lines for line in one)


def texts(sms: Sequence[Sms]) -> list[tuple[str | None, int]]:
    return [(one.text, one.copies) for one in sms]


def test_a_phone_puts_parts_together() -> None:
    """Also when another SMS came between them."""
    found = shown(submitted(PAID, 1), submitted(OTHER), submitted(PAID, 2))

    assert texts(found) == [(PAID.due, 1), (OTHER.due, 1)]


def test_a_phone_knows_copies() -> None:
    """A part that came twice makes the SMS one that came twice, and nothing else."""
    found = shown(submitted(PAID, 1), submitted(PAID, 1, 2), submitted(OTHER), submitted(OTHER))

    assert texts(found) == [(PAID.due, 2), (OTHER.due, 2)]


def test_a_reference_comes_round() -> None:
    """256 SMS later the same reference is another SMS."""
    later = sale(77, 1, 300_000, told=True)
    found = shown(submitted(PAID), submitted(later))

    assert texts(found) == [(PAID.due, 1), (later.due, 1)]


def test_half_an_sms_is_none() -> None:
    """It has no text."""

    assert texts(shown(submitted(PAID, 2))) == [(None, 1)]


# ---- facts


def host() -> Till:
    till = Till(iter(()), 1)
    till.sent.update({each.stan: each for each in DAY})
    return till


def alert(of: Happening, state: str = "delivered", doubts: int = 0) -> Alert:
    return Alert(of.to, of.due, state, doubts)


BOOKS = Books(Counter(each.stan for each in DAY), [alert(PAID), alert(OTHER), alert(BACK)], 0, [])


def broken(books: Books = BOOKS, *lines: Iterator[dict[str, Any]]) -> set[str]:
    """The facts that do not hold."""
    report = Report()
    judge_books(report, host(), books)
    judge_phones(report, host(), books, shown(*(lines or (submitted(PAID), submitted(OTHER), submitted(BACK)))))
    return {fact.says for fact in report.broken}


def test_all_is_well() -> None:
    """Nothing is found where there is nothing."""

    assert broken() == set()


FOUND: dict[str, Callable[[], set[str]]] = {
    "every message is recorded": lambda: broken(evolve(BOOKS, recorded=BOOKS.recorded - Counter([10]))),
    "none is recorded twice": lambda: broken(evolve(BOOKS, recorded=BOOKS.recorded + Counter([10]))),
    "no half is left": lambda: broken(evolve(BOOKS, halves=1)),
    "the database checks clean": lambda: broken(evolve(BOOKS, faults=["row 7 missing from index"])),
    "one alert, and none for any other": lambda: broken(evolve(BOOKS, alerts=[alert(PAID), *BOOKS.alerts])),
    "every alert is settled": lambda: broken(evolve(BOOKS, alerts=[alert(PAID, "sending"), *BOOKS.alerts[1:]])),
    "every SMS that is due is on the phone": lambda: broken(
        BOOKS, submitted(PAID, 1), submitted(OTHER), submitted(BACK)
    ),
    "no other is": lambda: broken(BOOKS, *(submitted(each) for each in (PAID, OTHER, BACK, sale(11, 2, 1, told=True)))),
    "each card's SMS come in the order of the store": lambda: broken(
        BOOKS, submitted(PAID), submitted(BACK), submitted(OTHER)
    ),
    "what comes twice is marked as in doubt": lambda: broken(
        BOOKS, submitted(PAID), submitted(PAID), submitted(OTHER), submitted(BACK)
    ),
    "also when its alert was in flight at two kills": lambda: broken(
        evolve(BOOKS, alerts=[alert(PAID, "unknown", 2), *BOOKS.alerts[1:]]), submitted(OTHER), submitted(BACK)
    ),
}


@pytest.mark.parametrize("fact", FOUND)
def test_what_is_wrong_is_found(fact: str) -> None:
    """Each fault breaks its own fact."""

    assert fact in FOUND[fact]()


def test_a_missing_alert_is_found() -> None:
    """And so is that somebody was told what the store knows nothing of: its copies are in nobody's doubt."""
    found = broken(evolve(BOOKS, alerts=BOOKS.alerts[:2]))

    assert "an alert for every message that is due one" in found


def test_the_same_seed_makes_the_same_day() -> None:
    """With all that a day must have in it: told and untold, taken back and said again."""
    day = list(islice(payments(3), 500))

    assert day == list(islice(payments(3), 500))
    assert {(each.mti, bool(each.due)) for each in day} == {
        ("0200", True),
        ("0200", False),
        ("0400", True),
        ("0400", False),
    }
    assert len({each.stan for each in day}) < len(day)
    assert 0.1 < sum(bool(each.due) for each in day) / len(day) < 0.4
