"""News in the store: a portion at a time, to each once, in its hours, and back again when they are over."""

from typing import Any

import pytest
from attrs import evolve

from iso_alert.domain.alert import AlertState
from iso_alert.domain.command import Operation
from iso_alert.domain.news import CampaignState, Order
from iso_alert.domain.text import Language
from iso_alert.store.campaigns import PORTION, WAITING, Campaign
from iso_alert.store.files import SubscriberLine
from iso_alert.store.port import Lease, Untaken
from tests.support.bank import NOW, card_line, mobile, sale
from tests.support.engines import Kept
from tests.support.people import AGENT, OTHER, command, rules

UNTIL = NOW + 20_000  # when the hours end
TOMORROW = UNTIL + 12 * 3600
STOP, RESUME = Order.STOP, Order.RESUME


def consent(kept: Kept, *serials: int, **changed: Any) -> None:
    kept.store.import_cards([card_line(serial) for serial in serials])
    lines = [SubscriberLine(f"C{serial}", mobile(serial), Language.EN, news=True) for serial in serials]
    assert not kept.store.files.subscriptions([evolve(line, **changed) for line in lines], NOW).refused


def begin(kept: Kept) -> int:
    return kept.store.campaigns.new_campaign("ข่าว", "News", AGENT, NOW)


def queue(kept: Kept, now: float = NOW, until: float = UNTIL) -> int:
    return kept.store.campaigns.queue_news(now, until)


def queue_all(kept: Kept, now: float = NOW, until: float = UNTIL) -> None:
    while queue(kept, now, until):
        pass


def only(kept: Kept) -> Campaign:
    (campaign,) = kept.store.campaigns.campaigns()
    return campaign


def readers(leases: list[Lease]) -> list[str]:
    return [lease.mobile for lease in leases]


def do(kept: Kept, operation: Operation, **asked: Any) -> None:
    assert kept.store.people.execute(command(operation, **asked), rules(), NOW).result.good


@pytest.fixture
def bank(kept: Kept) -> Kept:
    """Customers 1 to 3 consented."""
    consent(kept, 1, 2, 3)
    return kept


def test_news_goes_to_those_who_consented(bank: Kept) -> None:
    """R-33: in the language of each; R-40: not to those who ended it, nor to who was never asked."""
    bank.subscribe(4)
    consent(bank, 5, language=Language.TH)
    do(bank, Operation.NEWS_OFF)
    for lease in bank.claim():
        bank.take(lease)  # the word that news has ended
    begin(bank)
    queue_all(bank)

    assert [(lease.mobile, lease.text) for lease in bank.claim()] == [
        (mobile(2), "News"), (mobile(3), "News"), (mobile(5), "ข่าว")
    ]  # fmt: skip


def test_news_is_told_once(bank: Kept) -> None:
    """Not again by a second turn, nor after a restart; when the operator has it all, the campaign is done."""
    begin(bank)
    queue(bank)
    bank.reopen()
    queue_all(bank)
    leases = bank.claim()
    before = only(bank).state
    for lease in leases:
        bank.take(lease)
    queue(bank)

    assert readers(leases) == [mobile(1), mobile(2), mobile(3)]
    assert (before, only(bank).state, dict(only(bank).sms)) == (
        CampaignState.SENDING, CampaignState.DONE, {"accepted": 3}
    )  # fmt: skip


def test_a_portion_waits_and_not_the_campaign(kept: Kept) -> None:
    """However many consented, the outbox holds but some."""
    consent(kept, *range(1, 100))
    kept.query("UPDATE subscription SET news = 1")
    fill = "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2999) "
    kept.query(fill + "INSERT INTO customer (id, ref) SELECT i, 'X' || i FROM n")
    kept.query(
        fill + "INSERT INTO subscription (customer, mobile, language, state, changed_at, news) "
        "SELECT i, '+66812345678', 'en', 'active', 0, 1 FROM n"
    )
    begin(kept)
    portions = [queue(kept) for _ in range(4)]

    assert portions == [PORTION, WAITING - PORTION, 0, 0]
    assert only(kept).left == 99 + 2000 - WAITING


def test_an_alert_overtakes_news(bank: Kept) -> None:
    """R-01: whatever waits, and of the same customer too."""
    begin(bank)
    queue_all(bank)
    bank.record(sale())

    assert [lease.key for lease in bank.claim()] == ["approval", "news", "news", "news"]


def test_an_alert_does_not_wait_for_news(bank: Kept) -> None:
    """R-01: what is on its way blocks no lane."""
    begin(bank)
    queue_all(bank)
    bank.claim()
    bank.record(sale())

    assert [lease.key for lease in bank.claim()] == ["approval"]


def test_news_does_not_go_when_its_hours_are_over(bank: Kept) -> None:
    """It is taken back and goes the next day: to everybody who has not got it, once."""
    begin(bank)
    queue_all(bank)
    first, *_ = bank.claim(limit=1)
    bank.take(first)

    assert bank.claim(UNTIL) == []
    assert bank.store.campaigns.put_off_news(UNTIL) == 2

    queue_all(bank, TOMORROW, TOMORROW + 12 * 3600)

    assert sorted([first.mobile, *readers(bank.claim(TOMORROW))]) == [mobile(1), mobile(2), mobile(3)]


def test_a_throttled_sms_goes_the_next_day_once(bank: Kept) -> None:
    """The operator asked for patience until the hours were over."""
    begin(bank)
    queue_all(bank)
    for lease in bank.claim():
        bank.store.settle([Untaken(lease.alert, AlertState.QUEUED, "ESME_RTHROTTLED", UNTIL - 1, pause=5.0)])
    late = bank.claim(UNTIL + 5)
    bank.store.campaigns.put_off_news(UNTIL + 5)
    queue_all(bank, TOMORROW, TOMORROW + 12 * 3600)

    assert (late, readers(bank.claim(TOMORROW))) == ([], [mobile(1), mobile(2), mobile(3)])


def test_what_may_have_been_sent_is_not_sent_the_next_day(bank: Kept) -> None:
    """In doubt at the end of its hours: rather not at all than twice."""
    begin(bank)
    queue_all(bank)
    (lease,) = bank.claim(limit=1)
    bank.store.settle([Untaken(lease.alert, AlertState.QUEUED, "in doubt", UNTIL - 1, doubt=True)])
    bank.store.campaigns.put_off_news(UNTIL)
    queue_all(bank, TOMORROW, TOMORROW + 12 * 3600)

    assert readers(bank.claim(TOMORROW)) == [mobile(2), mobile(3)]
    assert only(bank).sms["given_up"] == 1


def test_a_stop_is_a_stop(bank: Kept) -> None:
    """What waits does not go, no more is queued; resumed, those who are left get it, and nobody twice."""
    campaign = begin(bank)
    queue_all(bank)
    first, *_ = bank.claim(limit=1)
    bank.take(first)
    stopped = bank.store.campaigns.order(campaign, STOP, AGENT, NOW + 1)

    assert (stopped, bank.claim(), queue(bank)) == (CampaignState.STOPPED, [], 0)
    assert only(bank).left == 2

    resumed = bank.store.campaigns.order(campaign, RESUME, AGENT, NOW + 2)
    queue_all(bank)

    assert (resumed, readers(bank.claim())) == (CampaignState.SENDING, [mobile(2), mobile(3)])


@pytest.mark.parametrize("order", [RESUME, Order.FINISH])
def test_what_is_not_possible_is_not_done(bank: Kept, order: Order) -> None:
    """What is sent cannot be resumed; there is nothing to be told to a campaign that does not exist."""
    campaign = begin(bank)
    if order is RESUME:
        assert bank.store.campaigns.order(campaign, order, AGENT, NOW) is None

    assert bank.store.campaigns.order(99, order, AGENT, NOW) is None
    assert only(bank).state is CampaignState.SENDING


def test_one_campaign_after_the_other(bank: Kept) -> None:
    """The second begins when everybody has got the first."""
    first, second = begin(bank), begin(bank)
    queue_all(bank)
    for lease in bank.claim():
        bank.take(lease)
    finished = queue(bank)
    queue_all(bank)

    assert finished == 0
    assert [(one.id, one.state.value) for one in bank.store.campaigns.campaigns()] == [
        (first, "done"), (second, "sending")
    ]  # fmt: skip
    assert len(bank.claim()) == 3


@pytest.mark.parametrize("operation", [Operation.NEWS_OFF, Operation.CANCEL, Operation.SUSPEND])
def test_a_withdrawal_acts_on_what_waits(bank: Kept, operation: Operation) -> None:
    """R-36, R-40: at once; the others get it."""
    begin(bank)
    queue_all(bank)
    do(bank, operation)

    assert [lease.mobile for lease in bank.claim() if lease.key == "news"] == [mobile(2), mobile(3)]


def test_news_follows_the_number(bank: Kept) -> None:
    """R-33: at the registered mobile number, or one it is later changed to."""
    begin(bank)
    queue_all(bank)
    do(bank, Operation.CHANGE_NUMBER, mobile=OTHER)

    assert mobile(1) not in readers([lease for lease in bank.claim() if lease.key == "news"])


def test_the_kill_switch_ends_what_waits(bank: Kept) -> None:
    """R-52: at once, and it is not sent later."""
    begin(bank)
    queue_all(bank)
    bank.store.people.set_stopped(stopped=True, actor=AGENT, now=NOW)
    meanwhile = bank.claim(), queue(bank)
    bank.store.people.set_stopped(stopped=False, actor=AGENT, now=NOW)
    queue_all(bank)

    assert (meanwhile, bank.claim()) == (([], 0), [])


def test_every_order_is_in_the_audit_trail(bank: Kept) -> None:
    """Who began, stopped and resumed it."""
    campaign = begin(bank)
    for order in (STOP, RESUME):
        bank.store.campaigns.order(campaign, order, AGENT, NOW)
    rows = [(row.entry.operation, row.entry.actor.name) for row in bank.store.people.audit()]

    assert rows == [("news_send", "agent-7"), ("news_stop", "agent-7"), ("news_resume", "agent-7")]
    assert bank.store.people.verify_audit() == []
