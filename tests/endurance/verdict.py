"""What three witnesses of a campaign of kills say: the host, the store, and the phones."""

import signal
from collections import Counter
from collections.abc import Sequence

from iso_alert.cli.common import CONFIGURATION
from tests.endurance.books import Books
from tests.endurance.lives import CHILD, CHILDREN, Life, Lives
from tests.endurance.report import Report
from tests.endurance.till import Till
from tests.support.foreign_smsc import Sms

WINDOW = 50  # the configuration's default
SETTLED = {"accepted", "delivered", "unknown"}  # accepted: the receipt went to a session that had died
STARTED_AGAIN = "nobody who is killed leaves with the code of a bad configuration: supervisors start no such one again"
DOUBTED_TWICE = "also when its alert was in flight at two kills"
BY_ITSELF = {  # with which code one may leave who was killed at this moment, or of whose family these were
    "while it stops": (0,),
    CHILDREN: (1, CONFIGURATION),
    CHILD: (1, CONFIGURATION),
}


def judge(report: Report, lives: Lives, books: Books, shown: Sequence[Sms]) -> None:
    """State every promise, and how much there was to keep."""
    _count(report, lives, books, shown)
    _judge_lives(report, lives)
    judge_books(report, lives.till, books)
    judge_phones(report, lives.till, books, shown)
    again = sum(sms.copies - 1 for sms in shown)
    report.fact("at most a window comes twice for each kill", again <= WINDOW * len(lives.lived), again)


def _count(report: Report, lives: Lives, books: Books, shown: Sequence[Sms]) -> None:
    till, killed = lives.till, lives.lived[:-1]
    for moment, count in sorted(Counter(life.moment for life in killed).items()):
        report.figure(f"killed {moment}", count)
    for who, count in sorted(Counter(life.killed for life in killed).items()):
        report.figure(f"killed: {who}", count)
    report.figure("killed before the doors were open", sum(not life.opened for life in killed))
    report.figure("messages", len(till.sent))
    report.figure("answers", len(till.answers))
    report.figure("answers that were 96", till.codes["96"])
    report.figure("messages said again", till.repeated)
    report.figure("alerts", len(books.alerts))
    report.figure("alerts found in flight, all starts", sum(life.doubted for life in lives.lived))
    report.figure("alerts found in flight, most", max(life.doubted for life in lives.lived))
    report.figure("SMS that came twice", sum(sms.copies > 1 for sms in shown))
    report.figure("alerts in doubt twice, now unknown", books.states["unknown"])


def _judge_lives(report: Report, lives: Lives) -> None:
    *killed, last = lives.lived
    report.none("nobody dies before he is killed", [_by_itself(life) for life in killed if _by_itself(life)])
    report.none(STARTED_AGAIN, [_told(life) for life in killed if life.code == CONFIGURATION])
    report.fact("the last one leaves with 0", last.code == 0, last.log[-500:])
    report.none("no traceback in a log", [life.log[-1000:] for life in lives.lived if "Traceback" in life.log])
    report.none("the store of the killed is whole and holds what was answered", lives.faults)
    allowed = {"00", "96"} if any(life.killed in (CHILDREN, CHILD) for life in killed) else {"00"}
    report.fact(
        "every answer is 00, or 96 where the writer was killed", set(lives.till.codes) <= allowed, lives.till.codes
    )
    most = max(life.doubted for life in lives.lived)
    report.fact("at most a window is in flight", most <= WINDOW, most)


def _by_itself(life: Life) -> str:
    expected = {-signal.SIGKILL, *BY_ITSELF.get(life.moment, ()), *BY_ITSELF.get(life.killed, ())}
    return "" if life.code in expected else _told(life)


def _told(life: Life) -> str:
    return f"{life.moment}, {life.killed} killed: {life.code} {life.log[-500:]}"


def judge_books(report: Report, till: Till, books: Books) -> None:
    """What the host said, and what the store has made of it."""
    sent = Counter([*till.sent])
    due = Counter((each.to, each.due) for each in till.sent.values() if each.due)
    told = Counter((alert.to, alert.text) for alert in books.alerts)
    report.none("every message is recorded", sent - books.recorded)
    report.none("none is recorded twice", books.recorded - sent)
    report.none("an alert for every message that is due one", due - told)
    report.none("one alert, and none for any other", told - due)
    open_ = {state: count for state, count in books.states.items() if state not in SETTLED}
    report.none("every alert is settled", open_.items())
    report.fact("no half is left", books.halves == 0, books.halves)
    report.none("the database checks clean", books.faults)


def judge_phones(report: Report, till: Till, books: Books, shown: Sequence[Sms]) -> None:
    """What the store has decided, and what the phones show."""
    doubts = {(alert.to, alert.text): alert.doubts for alert in books.alerts}
    due = Counter((each.to, each.due) for each in till.sent.values() if each.due)
    seen: list[tuple[str, str | None]] = [(sms.to, sms.text) for sms in shown]
    lost = due - Counter((to, text or "") for to, text in seen)
    given_up = {(alert.to, alert.text) for alert in books.alerts if alert.state == "unknown"}
    report.none("every SMS that is due is on the phone", [sms for sms in lost if sms not in given_up])
    report.none(DOUBTED_TWICE, [sms for sms in lost if sms in given_up])
    report.none("no other is", set(seen) - set(due))
    report.none("each card's SMS come in the order of the store", _out_of_order(books, seen))
    surplus = [sms for sms in shown if sms.copies > 1 + doubts.get((sms.to, sms.text or ""), 0)]
    report.none("what comes twice is marked as in doubt", [(sms.text, sms.copies) for sms in surplus])


def _out_of_order(books: Books, seen: Sequence[tuple[str, str | None]]) -> list[str]:
    """Phones on which SMS do not stand in the order in which they were decided on."""
    place = {(alert.to, alert.text): n for n, alert in enumerate(books.alerts)}
    last: dict[str, int] = {}
    wrong = []
    for to, text in seen:
        at = place.get((to, text or ""), -1)
        if at < last.get(to, -1):
            wrong.append(to)
        last[to] = at
    return wrong
