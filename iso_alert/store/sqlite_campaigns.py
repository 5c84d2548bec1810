"""News in the SQLite store: it shares the connection and the transactions of `sqlite.Sqlite`.

What waits in the outbox is a small portion; the rest of a campaign is its pointer.  So an alert meets no crowd, a stop
is a stop, and what waits when the hours are over is taken back: its SMS are forgotten and the pointer goes back to the
first of them.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from sqlite3 import Connection
from typing import Any

from iso_alert.domain.alert import AlertState
from iso_alert.domain.command import Actor
from iso_alert.domain.news import NEWS, TRANSITIONS, CampaignState, Order
from iso_alert.domain.text import Language
from iso_alert.store.campaigns import PORTION, WAITING, Campaign
from iso_alert.store.people import Entry
from iso_alert.store.queries import statements
from iso_alert.store.sqlite_trail import Trail
from iso_alert.store.steps import Steps

SQL = statements("campaigns.sql")
NOT_URGENT = 1  # the priority of an alert that lets every payment pass


class SqliteCampaigns:
    """A campaigns.Campaigns on somebody else's connection; `audited` is a transaction that may append to `trail`."""

    def __init__(self, db: Connection, audited: Callable[[], AbstractContextManager[None]], trail: Trail) -> None:
        self._db, self._steps, self._audited, self._trail = db, Steps(db, SQL), audited, trail

    def audience(self) -> int:
        count: int = self._steps.one("audience")[0]
        return count

    def new_campaign(self, th: str, en: str, actor: Actor, now: float) -> int:
        with self._audited():
            number: int = self._steps.one("new", th, en, actor.name, now)[0]
            self._tell("news_send", number, actor, now)
        return number

    def order(self, campaign: int, order: Order, actor: Actor, now: float) -> CampaignState | None:
        with self._audited():
            found = self._steps.one("state", campaign)
            state = TRANSITIONS.get((CampaignState(found[0]), order)) if found else None
            if state is None:
                return None
            if state is CampaignState.STOPPED:
                self._take_back(self._steps.array("waits", campaign))
            self._steps.do("move", state.value, None, campaign)
            self._tell(f"news_{order.value}", campaign, actor, now)
        return state

    def _tell(self, operation: str, campaign: int, actor: Actor, now: float) -> None:
        said = {"campaign": campaign, "audience": self.audience()}
        self._trail.append(Entry(actor, operation, "00", after=json.dumps(said)), now)

    def campaigns(self) -> Sequence[Campaign]:
        return [_campaign(row) for row in self._db.execute(SQL["all"])]

    def queue_news(self, now: float, until: float) -> int:
        if self._steps.one("oldest") is None:
            return 0  # the usual answer, without a turn at the lock
        with self._audited():
            campaign = self._steps.one("oldest")
            room = min(PORTION, WAITING - self._steps.one("waiting", WAITING)[0])
            if campaign is None or room <= 0:
                return 0
            number, *texts, pointer = campaign
            readers = self._steps.array("readers", number, pointer, room)
            self._queue(number, texts, [reader for reader in readers if not reader[3]], now, until)
            if readers:
                self._steps.do("point", readers[-1][0], number)
            elif not self._steps.one("under_way", number)[0]:
                self._steps.do("move", CampaignState.DONE.value, now, number)
        return len(readers)

    def _queue(self, campaign: int, texts: Sequence[str], readers: Sequence[Any], now: float, until: float) -> None:
        first = max(int(now * 1e6), self._steps.one("last_alert")[0] + 1)
        by_language = dict(zip((Language.TH.value, Language.EN.value), texts, strict=True))
        alerts = [
            (id_, -id_, customer, NEWS, mobile, language, by_language[language], AlertState.QUEUED.value, 0.0, until,
             NOT_URGENT, campaign)
            for id_, (customer, mobile, language, _) in enumerate(readers, first)
        ]  # fmt: skip
        self._steps.write("queue", alerts)

    def put_off_news(self, now: float) -> int:
        if self._steps.one("any_late", now) is None:
            return 0  # the usual answer, without a turn at the lock
        with self._audited():
            late = self._steps.array("late", now)
            self._take_back(late)
            return len(late) + self._steps.do("drop", now)

    def _take_back(self, waiting: Sequence[Any]) -> None:
        """As if it had not been queued yet: whoever it was for comes again."""
        self._steps.update("take_back", [id_ for id_, _, _ in waiting])
        for campaign in {row[1] for row in waiting}:
            first = min(customer for _, number, customer in waiting if number == campaign)
            self._steps.do("point_back", first - 1, campaign)


def _campaign(row: Sequence[Any]) -> Campaign:
    id_, th, en, state, made_by, made_at, ended_at, left, sms = row
    texts = {Language.TH.value: th, Language.EN.value: en}
    return Campaign(id_, texts, CampaignState(state), made_by, made_at, ended_at, left, json.loads(sms))
