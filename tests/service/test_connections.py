"""What the connections of a link share: their rate, and a configuration that changes while they stay open."""

from typing import Any

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_alert.domain.card import Keyring
from iso_alert.domain.transaction import Transaction
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Voice
from iso_alert.service.connections import Connections
from tests.service.connections_stage import ask, frames, stage
from tests.service.link_stage import CODEC, Journal
from tests.support import wire
from tests.support.bank import KEY, OLDER_KEY

HUNDRED = [wire.purchase(stan) for stan in range(1, 101)]


# ---- rate


async def test_a_host_gets_no_more_than_its_rate(autojump_clock: MockClock) -> None:
    """A hundred messages at ten a second take ten seconds; all are answered, in their order, and it is counted."""
    async with stage(rate=10) as scene:
        host, began = scene.visit(), trio.current_time()
        answers = await ask(host, *HUNDRED)
        took = trio.current_time() - began

        assert [stan for _, stan, _ in answers] == [f"{stan:06d}" for stan in range(1, 101)]
        assert 9.8 <= took <= 10.2
        assert scene.watch.seen["slowed"] > 0


async def test_all_connections_of_a_link_share_its_rate(autojump_clock: MockClock) -> None:
    """Two connections are no way round it, and neither starves."""
    ended = []
    async with stage(rate=10) as scene:

        async def play(host: trio.abc.Stream) -> None:
            await ask(host, *HUNDRED[:50])
            ended.append(trio.current_time())

        began = trio.current_time()
        async with trio.open_nursery() as hosts:
            hosts.start_soon(play, scene.visit())
            hosts.start_soon(play, scene.visit())

    assert 9.8 <= max(ended) - began <= 10.2
    assert min(ended) - began >= 5


async def test_below_its_rate_a_link_is_not_slowed(autojump_clock: MockClock) -> None:
    """A message every 100 ms, of ten a second."""
    async with stage(rate=10) as scene:
        host = scene.visit()
        for message in HUNDRED[:20]:
            await ask(host, message)
            await trio.sleep(0.1)

        assert scene.watch.seen["slowed"] == 0


async def test_a_fast_link_takes_handfuls(autojump_clock: MockClock) -> None:
    """At the edge of its rate a link must not commit each message alone."""
    async with stage(rate=2000, window=64) as scene:
        await ask(scene.visit(), *(wire.purchase(stan) for stan in range(1, 2001)))

        assert len(scene.journal.batches) < 200


async def test_a_stop_does_not_wait_for_the_rate(autojump_clock: MockClock) -> None:
    """What was read is answered at once: the service leaves."""
    async with stage(rate=1) as scene:
        host, began = scene.visit(), trio.current_time()
        await host.send_all(b"".join(HUNDRED))
        await wait_all_tasks_blocked()
        scene.connections.close()
        answers = wire.codes(await frames(host, 100))

        assert len(answers) == 100
        assert trio.current_time() - began < 1
        assert await host.receive_some() == b""


# ---- another configuration


class Tokens(Journal):
    """A journal that remembers under which keys it saw the card."""

    def __init__(self, delay: float = 0.0) -> None:
        super().__init__(delay)
        self.keys: list[int] = []

    async def record(self, batch, /):  # type: ignore[no-untyped-def]
        self.keys += [len(of.card.tokens) for of in batch if isinstance(of, Transaction) and of.card]
        return await super().record(batch)


def renew(connections: Connections, codec: Codec = CODEC, **rules: Any) -> None:
    connections.renew(evolve(connections.rules, **rules), codec, None)


async def test_a_new_key_is_known_to_connections_that_are_open(autojump_clock: MockClock) -> None:
    """A link that knew the old key only would not find a card that another link has moved to the new one."""
    journal = Tokens()
    async with stage(journal) as scene:
        host = scene.visit()
        await ask(host, wire.purchase(1))
        renew(scene.connections, Codec(CODEC.dialect, Keyring((KEY, OLDER_KEY))))
        await ask(host, wire.purchase(2))
        await ask(scene.visit(), wire.purchase(3))

        assert journal.keys == [1, 2, 2]


async def test_a_batch_is_dealt_with_as_it_was_begun(autojump_clock: MockClock) -> None:
    """What was decoded before the change is answered as before it, what comes after as after."""
    silent = Codec(evolve(CODEC.dialect, echo_pan=False), Keyring((KEY,)))
    async with stage(Tokens(delay=1)) as scene:
        host = scene.visit()
        await host.send_all(wire.purchase(1))
        await wait_all_tasks_blocked()
        renew(scene.connections, silent)
        await host.send_all(wire.purchase(2))
        before, after = wire.answers(await frames(host, 2))

        assert ("2" in before, "2" in after) == (True, False)


async def test_tables_of_a_link_change_while_it_is_open(autojump_clock: MockClock) -> None:
    """A voice desk that is named now is one from the next message on."""
    desk = Codec(evolve(CODEC.dialect, voice=Voice(terminals=frozenset({"TERM0001"}))), Keyring((KEY,)))
    seen: list[str] = []

    class Facts(Journal):
        async def record(self, batch, /):  # type: ignore[no-untyped-def]
            seen.extend(of.facts.voice_listed for of in batch)
            return await super().record(batch)

    async with stage(Facts()) as scene:
        host = scene.visit()
        await ask(host, wire.purchase(1))
        renew(scene.connections, desk)
        await ask(host, wire.purchase(2))

    assert seen == ["no", "yes"]


async def test_limits_count_for_those_who_come_later(autojump_clock: MockClock) -> None:
    """A connection that is open keeps its idle time; the next one has the new one."""
    async with stage(idle_timeout=100) as scene:
        old = scene.visit()
        await wait_all_tasks_blocked()
        renew(scene.connections, idle_timeout=10)
        new, began = scene.visit(), trio.current_time()

        assert await new.receive_some() == b""
        assert trio.current_time() - began == pytest.approx(10)
        assert await old.receive_some() == b""
        assert trio.current_time() - began == pytest.approx(100)


async def test_another_rate_counts_at_once(autojump_clock: MockClock) -> None:
    """A link that is too slow must not be dropped to be freed."""
    async with stage(rate=1) as scene:
        host, began = scene.visit(), trio.current_time()
        await host.send_all(b"".join(HUNDRED))
        await wait_all_tasks_blocked()
        renew(scene.connections, rate=None)
        await frames(host, 100)

        assert trio.current_time() - began <= 2


async def test_a_window_of_its_own_remains(autojump_clock: MockClock) -> None:
    """Rules of an open connection are those with which it came."""
    async with stage(window=8) as scene:
        host = scene.visit()
        await ask(host, wire.echo())
        renew(scene.connections, window=2)
        await ask(host, *HUNDRED)

        assert max(map(len, scene.journal.batches)) == 8
