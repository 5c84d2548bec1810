"""Recording in the SQLite store: what is known of a batch is asked at once, then it is decided on and written.

A service that is not flooded records a few messages at a time, so what a batch costs beside its messages counts most:
one statement asks for everything that nearly every message needs, and only where its answer says so there is another.
All of it happens inside the caller's transaction.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import chain, groupby
from sqlite3 import Connection
from typing import Any, TypeAlias

from attrs import evolve

from iso_alert.domain.decision import Rulebook, Small
from iso_alert.domain.pairing import WAITS
from iso_alert.domain.transaction import Transaction
from iso_alert.store import rows
from iso_alert.store.port import Lease, Recorded
from iso_alert.store.queries import statements
from iso_alert.store.recent import Recent
from iso_alert.store.steps import Row, Steps
from iso_alert.store.working import NO_CARD, NOBODY, Working

SQL = statements("journal.sql")
OVERDUE = 256  # halves that are given up at a time
RUNS = 8  # of plain and other messages, each a step; beyond it all are written as others
WORTH = 4  # messages of a run that are worth a step also then, where nobody else wants the GIL
NO_TOKEN = (b"",)  # is asked for on behalf of a message without a card
Asked: TypeAlias = tuple[bytes, Transaction]


class SqliteJournal:
    """The verbs `record` and `overdue` on somebody else's connection."""

    def __init__(self, db: Connection, alone: bool = False) -> None:
        self._steps, self._alone = Steps(db, SQL), alone
        self._recent = Recent(self._steps)

    def record(
        self, batch: Sequence[Transaction], book: Rulebook, now: float, room: int
    ) -> tuple[list[Recorded], list[Lease]]:
        if not batch:
            return [], []
        working = self._working(batch, book, now)
        return working.take(batch), self._keep(working, room)

    def overdue(self, book: Rulebook, now: float, room: int) -> tuple[list[Recorded], list[Lease]]:
        found = self._steps.all("overdue_halves", now - WAITS, OVERDUE)
        if not found:
            return [], []
        halves = {(stan, card, key): rows.load(text) for stan, card, key, text in found}
        working = self._working([*halves.values()], book, now)
        working.halves.update(halves)  # also those whose card has moved to a newer key meanwhile
        working.keys(halves.values())
        recorded = [one for key in halves if (one := working.take_half(key))]
        return recorded, self._keep(working, room)

    def catch_up(self) -> None:
        """Remember the newest messages of the cards, as recording does where need be."""
        self._recent.catch_up(self._steps.one("newest_txn")[0])

    def taken_back(self) -> None:
        """What was done last was not committed."""
        self._recent.forget()

    # What the store knows that bears on a batch.

    def _working(self, batch: Sequence[Transaction], book: Rulebook, now: float) -> Working:
        asked = [(token, of) for of in batch for token in (of.tokens or NO_TOKEN)]
        # sqlite3 looks for somebody who adapts a value that is bytes or None, and for nobody where it is a bytearray.
        wanted = [
            (n, bytearray(token), of.timed and of.happened_at, of.stan, of.key) for n, (token, of) in enumerate(asked)
        ]
        answers = [*self._steps.ask("asked", wanted)]
        last_txn, last_alert, last_card, stopped, small_from, _ = answers[0]
        self._recent.catch_up(last_txn)
        first, book = int(now * 1e6), evolve(book, stopped=True) if stopped and not book.stopped else book
        working = Working(book, now, max(first, last_txn + 1), max(first, last_alert + 1))
        known = chain.from_iterable(json.loads(answer[-1]) for answer in answers)
        waiting, strangers = _understand(working, asked, known)
        if strangers:
            self._meet_strangers(working, strangers, last_card + 1)
        if waiting:
            self._remember(working, self._steps.read("unmatched", waiting))
        self._count_small(working, small_from)
        if book.paired:
            found = self._steps.read("halves_of_cards", _cards(working))
            working.halves.update({(stan, card, key): rows.load(text) for stan, card, key, text in found})
        working.asking = [of for of in batch if of.facts.ask_the_journal and of.tokens]
        if working.asking:
            wanted = [rows.want_row(of, working.card(of), self._recent) for of in working.asking]
            self._remember(working, self._steps.read("history", wanted))
        return working

    def _meet_strangers(self, working: Working, strangers: Sequence[Transaction], free: int) -> None:
        """Write down the cards that nobody has seen, and those anew that were met under an older key."""
        met = working.met
        strange: list[Row] = []
        for tokens, last4 in {of.tokens: of.last4 for of in strangers if of.tokens[0] not in met}.items():
            known = next((met[token] for token in tokens if token in met), None)
            if known:
                self._steps.do("move_token", tokens[0], known)
                met[tokens[0]] = known
            else:
                met[tokens[0]] = card = free + len(strange)
                working.holders[card] = NOBODY
                strange.append((card, tokens[0], last4))
        self._steps.write("insert_cards", strange)

    def _remember(self, working: Working, found: Iterable[Row]) -> None:
        known = {past.id for among in working.past.values() for past in among}
        for card, past in (rows.past(row, working.unit) for row in found):
            if past.id not in known:
                known.add(past.id)
                working.past[card].append(past)

    def _count_small(self, working: Working, counted_from: int | None) -> None:
        """Small purchases are marked, and so found, only while a policy counts them."""
        policy = working.book.policy
        if not policy.counts_small:
            if counted_from is not None:
                self._steps.do("count_no_more")
            return
        since = working.next_txn - int(policy.longest_burst * 1e6)
        if counted_from is None or since < counted_from:
            self._steps.do("count_earlier", since, counted_from or working.next_txn)
            self._steps.do("counted_from", str(since))
        for card, number, satang in self._steps.read("small", _cards(working), since):
            working.small[card].append(Small(number, number / 1e6, satang))

    # What becomes of it.

    def _keep(self, working: Working, room: int) -> list[Lease]:
        counts = working.book.policy.counts_small
        table = [rows.txn_row(written, counts) for written in working.written]
        self._insert(table)
        self._recent.note([(card, id_, of.mark) for id_, card, of, _ in working.written])
        self._recent.write_down(len(working.written))
        if working.gone_halves or working.new_halves:
            self._keep_halves(working)
        self._follow_up(working)
        return self._alert(working, room) if working.drafts else []

    def _insert(self, table: Sequence[tuple[Any, ...]]) -> None:
        """Write messages in their order, plain ones without the columns that they leave empty: a third of the work."""
        runs = [(width, [*run]) for width, run in groupby(table, len)]
        if len(runs) > max(RUNS, len(table) // WORTH if self._alone else 0):
            runs = [(0, [row if len(row) > rows.PLAIN else row + rows.NOTHING_MORE for row in table])]
        for width, run in runs:
            self._steps.write("insert_plain_txns" if width == rows.PLAIN else "insert_txns", run)

    def _keep_halves(self, working: Working) -> None:
        for key in working.gone_halves:
            self._steps.do("forget_half", *key)
        waiting = ((key, working.halves[key]) for key in sorted(working.new_halves))
        self._steps.write("keep_halves", [(*key, half.arrived_at, rows.dump(half)) for key, half in waiting])

    def _follow_up(self, working: Working) -> None:
        """What a batch changes of earlier messages and alerts."""
        changes = working.changes.values()
        table = [(each.unit, each.state.value, each.given_back, each.cancelled_by) for each in changes]
        self._steps.write("change_thread", table)
        for one in working.overtaken:
            self._steps.do("overtaken", one.thread, one.original, one.reason.value, one.id)
        for alert, why in working.withdrawn:
            self._steps.do("withdraw", why, alert)
        self._steps.update("cover", working.covered)

    def _alert(self, working: Working, room: int) -> list[Lease]:
        """Write the alerts, those of them as leased that may go at once: none passes those that wait for their turn."""
        drafts = [*working.drafts.values()]
        leases: list[Lease] = []
        if room and not self._steps.one("anyone_waits")[0]:
            leases = working.lease(self._steps.read("busy_lanes", [(draft.lane,) for draft in drafts]), room)
        self._steps.write("insert_alerts", [rows.alert_row(draft) for draft in drafts])
        return leases


def _understand(
    working: Working, asked: Sequence[Asked], found: Iterable[Row]
) -> tuple[Sequence[tuple[int]], Sequence[Transaction]]:
    """Note who holds each card, and which messages are written.

    The cards of which a cancellation waits, and the messages of cards that nobody has seen under one of their tokens.
    """
    waiting: set[tuple[int]] = set()
    strangers: list[Transaction] = []
    met, holders = working.met, working.holders
    for n, card, kind, subscription, written, waits in found:
        token, of = asked[n]
        if card is not None:
            met[token] = card
            holders[card] = rows.subscriber(kind, subscription) if subscription else rows.NOT_SUBSCRIBED[kind]
        elif token:
            strangers.append(of)
            continue  # what was found is of a message without a card
        if written is not None:
            working.known[of.stan, card or NO_CARD, of.key] = written
        if waits:
            waiting.add((card,))
    return [*waiting], strangers


def _cards(working: Working) -> list[tuple[int]]:
    return [(card,) for card in working.met.values()]
