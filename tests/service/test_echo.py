"""Our own echo test: who is silent is asked, and who does not answer is gone."""

import pytest
import trio
from trio.testing import MockClock

from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.message import Message
from iso_alert.iso.profile import read_profile
from iso_alert.iso.reading import Action, NetworkManagement, read
from iso_alert.iso.returning import response_mti
from iso_alert.service.echo import Echo, echo
from tests.iso.messages import PROFILES
from tests.service.connections_stage import frames, stage
from tests.service.link_stage import CODEC
from tests.support import wire
from tests.support.bank import KEYRING, NOW


async def test_a_silent_host_is_asked(autojump_clock: MockClock) -> None:
    """0800 with 301, a STAN and the time, after the interval and not before."""
    async with stage(echo_interval=30) as scene:
        host, began = scene.visit(), trio.current_time()
        (asked,) = wire.answers(await frames(host, 1))

        assert trio.current_time() - began == pytest.approx(30)
        assert asked == {"t": "0800", "p": asked["p"], "1": asked["1"], "7": wire.AT, "11": "000001", "70": "301"}


async def test_a_host_that_answers_stays(autojump_clock: MockClock) -> None:
    """For ever, and each echo has a STAN of its own; its answers are not answered."""
    async with stage(echo_interval=30, idle_timeout=100) as scene:
        host = scene.visit()
        stans = []
        for _ in range(10):
            (asked,) = wire.answers(await frames(host, 1))
            stans.append(asked["11"])
            await host.send_all(wire.frame({"t": "0810", "7": wire.AT, "11": asked["11"], "39": "00", "70": "301"}))

        assert stans == [f"{stan:06d}" for stan in range(1, 11)]
        assert scene.watch.seen["0810 none"] >= 9
        assert scene.watch.open == 1


async def test_two_without_an_answer_are_enough(autojump_clock: MockClock) -> None:
    """Asked after one interval and after two, given up after three."""
    async with stage(echo_interval=30) as scene:
        host, began = scene.visit(), trio.current_time()
        await frames(host, 2)

        assert await host.receive_some() == b""
        assert trio.current_time() - began == pytest.approx(90)
        assert await scene.ended() == ["echo not answered"]


async def test_any_word_is_a_sign_of_life(autojump_clock: MockClock) -> None:
    """A host that has no answer to echoes and sends payments is there."""
    async with stage(echo_interval=30) as scene:
        host = scene.visit()
        for stan in range(1, 6):
            await frames(host, 2)
            await host.send_all(wire.purchase(stan))
            await frames(host, 1)

        assert scene.watch.ends == []


async def test_a_busy_host_is_not_asked(autojump_clock: MockClock) -> None:
    """Nor one of which half a frame is here: that has a time-out of its own."""
    async with stage(echo_interval=5, partial_timeout=30) as scene:
        host, began = scene.visit(), trio.current_time()
        await host.send_all(wire.purchase(1)[:10])

        assert await host.receive_some() == b""
        assert trio.current_time() - began == pytest.approx(30)
        assert await scene.ended() == ["half a frame"]


async def test_an_idle_time_that_is_shorter_ends_first(autojump_clock: MockClock) -> None:
    """Echoes keep nobody in who does not speak."""
    async with stage(echo_interval=30, idle_timeout=40) as scene:
        host, began = scene.visit(), trio.current_time()
        await frames(host, 1)

        assert await host.receive_some() == b""
        assert trio.current_time() - began == pytest.approx(40)
        assert await scene.ended() == ["idle"]


async def test_without_an_interval_nobody_is_asked(autojump_clock: MockClock) -> None:
    """The default: the host asks us."""
    async with stage(idle_timeout=1000) as scene:
        assert await scene.visit().receive_some() == b""
        assert await scene.ended() == ["idle"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_words_for_it(profile: str) -> None:
    """The other side reads an echo test that asks for an answer, whatever it speaks."""
    codec = Codec(dialect("switch", read_profile(profile)), KEYRING)
    message = codec.decode(echo(codec, "000007", NOW))

    assert isinstance(message, Message), str(message)
    reading = read(message, codec.dialect, NOW)
    assert isinstance(reading, NetworkManagement)
    assert (reading.action, message.get("11"), response_mti(message.mti)) == (
        Action.ECHO, "000007", "1814" if profile == "iso93-ascii" else "0810",
    )  # fmt: skip


def test_stans_come_round() -> None:
    """After 999999 comes 000001; there is no 000000."""
    one = Echo(30.0)
    one._last = 999_998
    stans = []
    for _ in range(3):
        one.heard()
        frame = one.next(CODEC, NOW)
        assert frame
        message = CODEC.decode(frame[2:])
        assert isinstance(message, Message)
        stans.append(message.get("11"))

    assert stans == ["999999", "000001", "000002"]
