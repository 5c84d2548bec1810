"""The simulated host against servers that behave, and servers that do not."""

import time
from collections.abc import Awaitable, Callable
from itertools import islice

import pytest
import trio
import trio.testing

from iso_alert.iso.answering import reply, said_to
from iso_alert.iso.codec import Codec
from iso_alert.iso.framing import FrameDecoder
from iso_alert.iso.message import Message, Unreadable
from iso_alert.iso.profile import Said
from iso_alert.iso.reading import read
from iso_alert.sim.host import Pace, play
from iso_alert.sim.tally import Tally
from iso_alert.sim.workload import Traffic, Workload, read_workload
from tests.iso.messages import ARRIVED, PROFILES, codec

Server = Callable[[trio.abc.Stream], Awaitable[None]]


async def run(server: Server, speaker: Codec, pace: Pace, links: int = 1) -> Tally:
    """Play the shipped workload against this server, over memory."""
    async with trio.open_nursery() as nursery:

        async def connect() -> trio.abc.Stream:
            ours, theirs = trio.testing.memory_stream_pair()
            nursery.start_soon(server, theirs)
            return ours

        shots = Traffic(read_workload(), speaker, lambda: ARRIVED).shots()
        tally = await play(connect, speaker, shots, pace, links)
        nursery.cancel_scope.cancel()
    return tally


def server(speaker: Codec, said: Said | None = None, every: int = 1) -> Server:
    """Answer each message as it should be, or always with `said`; only every n-th."""

    async def serve(stream: trio.abc.Stream) -> None:
        decoder, seen = FrameDecoder(speaker.dialect.framing), 0
        while data := await stream.receive_some(1000):
            decoder.receive(bytes(data))
            for frame in decoder.frames():
                seen += 1
                message = speaker.decode(frame)
                assert isinstance(message, Message), message
                word = said or said_to(read(message, speaker.dialect, ARRIVED))
                if word and seen % every == 0:
                    await stream.send_all(speaker.dialect.framing.wrap(reply(speaker, message, word) or b""))

    return serve


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_profile(profile: str, autojump_clock: trio.testing.MockClock) -> None:
    """The same workload in every profile: all answered, all right."""
    speaker = codec(profile)
    tally = await run(server(speaker), speaker, Pace(count=60, window=8), links=2)

    assert (tally.sent, tally.answered, tally.good, tally.faults) == (60, 60, True, [])


async def test_rate(autojump_clock: trio.testing.MockClock) -> None:
    """Fifty a second for four seconds are two hundred, over all links together."""
    speaker = codec()
    tally = await run(server(speaker), speaker, Pace(rate=50, seconds=4), links=3)

    assert 199 <= tally.sent <= 203
    assert tally.good
    assert 48 < tally.rate < 53


async def test_a_wrong_code_is_told(autojump_clock: trio.testing.MockClock) -> None:
    """96 where 00 was due."""
    speaker = codec()
    tally = await run(server(speaker, Said.NOT_RECORDED), speaker, Pace(count=30, window=4))

    assert (tally.wrong, tally.good, len(tally.faults)) == (30, False, 20)
    assert "00 was due" in tally.faults[0]
    assert "96 came" in tally.faults[0]


async def test_a_missing_answer_is_told(autojump_clock: trio.testing.MockClock) -> None:
    """What is not answered within the patience is missing."""
    speaker = codec()
    tally = await run(server(speaker, every=2), speaker, Pace(count=10, window=64, patience=3))

    assert (tally.answered, tally.missing, tally.good) == (5, 5, False)


async def test_the_window_holds(autojump_clock: trio.testing.MockClock) -> None:
    """A silent server is sent no more than a window."""
    speaker = codec()
    tally = await run(server(speaker, every=10**9), speaker, Pace(seconds=5, window=7, patience=1))

    assert tally.sent in (0, 7)


async def test_a_server_that_hangs_up(autojump_clock: trio.testing.MockClock) -> None:
    """What it left unanswered is missing; the play ends."""

    async def rude(stream: trio.abc.Stream) -> None:
        await stream.receive_some(10)
        await stream.aclose()

    tally = await run(rude, codec(), Pace(count=10, window=4))

    assert not tally.good
    assert tally.answered == 0


async def test_noise_for_an_answer(autojump_clock: trio.testing.MockClock) -> None:
    """Answers that cannot be cut or decoded are faults, not crashes."""

    async def noisy(stream: trio.abc.Stream) -> None:
        await stream.send_all(b"\x00\x05hello\xff\xff\xff\xff")
        await trio.sleep_forever()

    tally = await run(noisy, codec(), Pace(count=3, patience=1))

    assert any("cannot be decoded" in fault for fault in tally.faults)
    assert any("cannot be cut" in fault for fault in tally.faults)


async def test_a_greeting_is_answered(autojump_clock: trio.testing.MockClock) -> None:
    """A service that asks whether we are alive is told so."""
    speaker = codec()
    heard: list[Message | Unreadable] = []

    async def asking(stream: trio.abc.Stream) -> None:
        framing = speaker.dialect.framing
        await stream.send_all(framing.wrap(speaker.encode({"t": "0800", "11": "000001", "70": "301"})))
        decoder = FrameDecoder(framing)
        while data := await stream.receive_some(1000):
            decoder.receive(bytes(data))
            heard.extend(map(speaker.decode, decoder.frames()))

    await run(asking, speaker, Pace(count=1, patience=1))

    assert "0810" in {message.mti for message in heard if isinstance(message, Message)}


def test_traffic_is_the_same_again() -> None:
    """A seed makes the same messages, none of them twice."""
    first, second = (Traffic(read_workload(), codec(), lambda: ARRIVED, seed=7).shots() for _ in range(2))
    frames = [shot.frame for shot in islice(first, 300)]

    assert frames == [shot.frame for shot in islice(second, 300)]
    assert len(set(frames)) == 300


def test_traffic_has_all_kinds() -> None:
    """Each template comes, and reversals name what they cancel."""
    shots = list(islice(Traffic(read_workload(), codec(), time.time).shots(), 500))

    assert {shot.name for shot in shots} == {template.name for template in read_workload().template}
    assert isinstance(read_workload(), Workload)


def test_reversals_fit_their_originals() -> None:
    """Same card, same sum, same terminal, and the original's STAN in DE90."""
    speaker = codec()
    messages = [
        speaker.decode(shot.frame) for shot in islice(Traffic(read_workload(), speaker, time.time).shots(), 300)
    ]
    good = [message for message in messages if isinstance(message, Message)]
    originals = {message.get("11"): message for message in good}
    reversals = [message for message in good if message.mti == "0400"]

    assert len(good) == 300
    assert reversals
    for message in reversals:
        original = originals[message.get("90")[4:10]]
        assert (message.card, message.get("4"), message.get("41")) == (
            original.card,
            original.get("4"),
            original.get("41"),
        )
