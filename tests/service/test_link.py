"""One connection of a payment host: every message answered, in order, when it is durable; and no host hurts another."""

import socket
from math import inf
from typing import Any

import pytest
import structlog
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked

from iso_alert.iso.answering import reply
from iso_alert.iso.codec import Codec, Unwritable
from iso_alert.iso.payment import key
from iso_alert.service.plain import Plain
from tests.service.link_stage import CODEC, Journal, split, stage
from tests.support import wire
from tests.support.bank import KEYRING

KEEP_ALIVE = b"\0\0"
STANS = range(1, 11)


def ok(stan: int, mti: str = "0210", code: str = "00") -> tuple[str, str, str]:
    return mti, f"{stan:06d}", code


# ---- answering


async def test_answers_come_in_order(autojump_clock: MockClock) -> None:
    """Ten messages in one write: one commit, and ten answers in one write."""
    async with stage() as scene:
        await scene.say(*map(wire.purchase, STANS))
        data = await scene.hear()

        assert wire.codes(data) == [ok(stan) for stan in STANS]
        assert scene.journal.batches == [[f"{stan:06d}" for stan in STANS]]


async def test_no_answer_before_the_commit(autojump_clock: MockClock) -> None:
    """`00` means recorded."""
    async with stage(Journal(delay=5)) as scene:
        await scene.say(wire.purchase())
        with trio.move_on_after(4.9):
            await scene.hear()
            pytest.fail("it was answered before it was durable")

        assert wire.codes(await scene.hear()) == [ok(1)]


async def test_a_window_at_a_time(autojump_clock: MockClock) -> None:
    """No more than a window is dealt with at once; the rest waits, and loses nothing."""
    async with stage(window=8) as scene:
        answers = await scene.answers(*map(wire.purchase, range(1, 101)))

        assert answers == [ok(stan) for stan in range(1, 101)]
        assert max(map(len, scene.journal.batches)) == 8


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_the_stream_may_come_in_crumbs(autojump_clock: MockClock, size: int) -> None:
    """However the network cuts it."""
    data = wire.purchase(1) + KEEP_ALIVE + wire.purchase(2) + wire.echo(3)
    async with stage() as scene:
        heard = b""
        for at in range(0, len(data), size):
            await scene.say(data[at : at + size])
            await wait_all_tasks_blocked()
        while len(split(heard)) < 4:
            heard += await scene.hear()

        assert wire.codes(heard) == [ok(1), ("", "", ""), ok(2), ok(3, "0810")]


async def test_a_keep_alive_is_echoed_in_its_place(autojump_clock: MockClock) -> None:
    """A length of nothing is a sign of life, and waits for the answers before it."""
    async with stage(Journal(delay=1)) as scene:
        await scene.say(KEEP_ALIVE, wire.purchase(1), KEEP_ALIVE)

        assert wire.codes(await scene.hear()) == [("", "", ""), ok(1), ("", "", "")]


@pytest.mark.parametrize("code", ["001", "002", "301", "061", "161"])
async def test_network_management_is_answered(autojump_clock: MockClock, code: str) -> None:
    """Sign-on, sign-off, echo and the rest, without troubling the journal."""
    async with stage() as scene:
        await scene.say(wire.echo(5, code))
        (answer,) = wire.answers(await scene.hear())

        assert (answer["t"], answer["11"], answer["39"], answer["70"]) == ("0810", "000005", "00", code)
        assert scene.journal.batches == []


@pytest.mark.parametrize("mti", ["0210", "0410", "0240", "0810"])
async def test_what_asks_nothing_is_not_answered(autojump_clock: MockClock, mti: str) -> None:
    """Responses and notifications; an answer to an answer would go round for ever."""
    async with stage() as scene:
        answers = await scene.answers(wire.purchase(1, mti=mti), wire.echo(2), count=1)

        assert answers == [ok(2, "0810")]


async def test_an_answer_shows_nothing_of_the_card_but_its_number(autojump_clock: MockClock) -> None:
    """DE2 goes back to who sent it; track, PIN, expiry and chip do not."""
    message = wire.purchase(f14="3012", f35="4111111111111111=30121010000000000000"[:37], f52="0123456789ABCDEF")
    async with stage() as scene:
        await scene.say(message)
        (answer,) = wire.answers(await scene.hear())

        assert not {"14", "35", "36", "45", "48", "52", "53", "55"} & set(answer)


# ---- what cannot be read, recorded or understood


async def test_an_unreadable_body_is_answered_30(autojump_clock: MockClock) -> None:
    """The frame is whole, its body is not: what could be read is echoed, above all DE11, and the link goes on."""
    broken = wire.frame(wire.body(wire.fields(7))[:-5])
    async with stage() as scene:
        answers = await scene.answers(broken, wire.purchase(8))

        assert answers == [ok(7, code="30"), ok(8)]
        assert scene.watch.seen["unreadable short"] == 1


@pytest.mark.parametrize("body", [b"A", b"0", b"02", b"0200", b"XXXXXXXXXXXXXXXX", b"\xff" * 200, b"\0" * 30])
async def test_what_cannot_even_be_answered_is_passed_over(autojump_clock: MockClock, body: bytes) -> None:
    """Without an MTI and a STAN no host finds its request again: it is counted, and the link goes on."""
    async with stage() as scene:
        answers = await scene.answers(wire.frame(body), wire.purchase(8), count=1)

        assert answers == [ok(8)]
        assert sum(count for what, count in scene.watch.seen.items() if what.startswith("unreadable")) == 1


async def test_a_store_in_trouble_is_answered_96(autojump_clock: MockClock) -> None:
    """Not recorded, please repeat; what needs no recording is answered as ever."""
    async with stage(Journal(trouble=True)) as scene:
        during = await scene.answers(wire.purchase(1), wire.echo(2))
        scene.journal.trouble = False
        after = await scene.answers(wire.purchase(1, mti="0201"))

        assert during == [ok(1, code="96"), ok(2, "0810")]
        assert after == [ok(1)]


@pytest.mark.parametrize("earned_by", [1, inf])
async def test_a_message_that_we_cannot_understand_is_alone(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, earned_by: float
) -> None:
    """A bug of ours that one message meets: it is answered 96, the others as ever, and the log shows no card."""

    def buggy(link: str, mti: str, stan: str, *more: Any) -> int:
        if stan == "000002":
            raise ZeroDivisionError(f"{link} {mti} {stan} {more}")
        return key(link, mti, stan, *more)

    monkeypatch.setattr("iso_alert.iso.payment.key", buggy)
    with structlog.testing.capture_logs() as lines:
        async with stage(codec=Codec(CODEC.dialect, KEYRING, earned_by)) as scene:
            answers = await scene.answers(*map(wire.purchase, (1, 2, 3)))

    assert answers == [ok(1), ok(2, code="96"), ok(3)]
    assert [line["fault"] for line in lines] == ["ZeroDivisionError"]


async def test_a_usual_message_that_breaks_us_is_read_once_more(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longer way may do where the shorter one does not; nobody notices."""

    def buggy(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("iso_alert.service.turns.transaction", buggy)
    with structlog.testing.capture_logs() as lines:
        async with stage(codec=Codec(CODEC.dialect, KEYRING, 1)) as scene:
            answers = await scene.answers(*map(wire.purchase, (1, 2, 3)))

    assert answers == [ok(1), ok(2), ok(3)]
    assert lines == []


async def test_an_answer_that_we_cannot_write_is_alone(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left out and reported; neither this link nor the house falls with it."""

    def buggy(codec: object, message: object, *more: object) -> bytes | None:
        if "000002" in str(message):
            raise Unwritable("field 43: too long")
        return reply(codec, message, *more)  # type: ignore[arg-type]

    monkeypatch.setattr("iso_alert.service.turns.reply", buggy)
    with structlog.testing.capture_logs() as lines:
        async with stage(codec=Codec(CODEC.dialect, KEYRING, inf)) as scene:
            answers = await scene.answers(*map(wire.purchase, (1, 2, 3)), count=2)

    assert answers == [ok(1), ok(3)]
    assert [line["log_level"] for line in lines] == ["error"]


# ---- signing on


async def test_a_link_may_demand_a_sign_on(autojump_clock: MockClock) -> None:
    """Before it, and after a sign-off, nothing is recorded; and no other connection's sign-on counts."""
    frames = [
        wire.purchase(1),
        wire.echo(2),
        wire.echo(3, "001"),
        wire.purchase(4),
        wire.echo(5, "002"),
        wire.purchase(6),
    ]
    async with stage(sign_on=True) as scene:
        answers = await scene.answers(*frames)

        assert [code for _, _, code in answers] == ["91", "00", "00", "00", "00", "91"]
        assert scene.journal.batches == [["000004"]]

    async with stage(sign_on=True) as another:
        assert await another.answers(wire.purchase(1)) == [ok(1, code="91")]


# ---- hosts that fall silent


async def test_half_a_frame_does_not_wait_for_ever(autojump_clock: MockClock) -> None:
    """A frame that has begun is given `partial_timeout`."""
    async with stage(partial_timeout=30) as scene:
        await scene.say(wire.purchase()[:-1])

        assert await scene.ended() == "half a frame"
        assert trio.current_time() == pytest.approx(30, abs=0.1)


async def test_dribbling_buys_no_time(autojump_clock: MockClock) -> None:
    """A byte a second keeps nobody's place."""
    async with stage(partial_timeout=30) as scene:
        with pytest.raises(trio.BrokenResourceError):
            for byte in wire.purchase() * 2:
                await scene.say(bytes([byte]))
                await trio.sleep(1)
        await wait_all_tasks_blocked()

        assert scene.watch.ends == ["half a frame"]
        assert trio.current_time() == pytest.approx(30, abs=1.1)


async def test_a_frame_has_its_own_time(autojump_clock: MockClock) -> None:
    """A host that is never quite done with a frame when it begins the next is slow, and no danger."""
    async with stage(partial_timeout=30) as scene:
        data = b"".join(map(wire.purchase, STANS))
        chunk = len(data) // 20 + 1
        for at in range(0, len(data), chunk):
            await scene.say(data[at : at + chunk])
            await trio.sleep(12)

        assert scene.watch.ends == []
        assert sum(map(len, scene.journal.batches)) == 10


async def test_an_idle_link_is_closed(autojump_clock: MockClock) -> None:
    """After `idle_timeout` without a byte; a keep-alive counts as life."""
    async with stage(idle_timeout=60) as scene:
        for _ in range(3):
            await trio.sleep(50)
            await scene.answers(KEEP_ALIVE)

        assert await scene.ended() == "idle"
        assert trio.current_time() == pytest.approx(210, abs=0.1)


async def test_a_host_that_does_not_read_is_let_go(autojump_clock: MockClock) -> None:
    """It holds one of `max_connections`; its messages are recorded, and it may ask again."""
    async with stage(pair=lockstep_stream_pair(), idle_timeout=60) as scene:
        await scene.say(wire.purchase())
        await trio.sleep(100)

        assert (scene.watch.ends, scene.watch.open) == (["does not read"], 0)


async def test_a_host_may_hang_up_at_any_time(autojump_clock: MockClock) -> None:
    """In mid-commit: the message is recorded, the answer has nowhere to go, and nobody else notices."""
    async with stage(Journal(delay=5)) as scene:
        await scene.say(wire.purchase())
        await trio.sleep(1)
        await scene.host.aclose()
        await trio.sleep(10)

        assert (scene.watch.ends, scene.watch.open) == (["broken"], 0)
        assert scene.journal.batches == [["000001"]]


# ---- lost framing

STRANGERS = {
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n": "like HTTP",
    "0256" + "0200" * 64: "a 4-digit ASCII length",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": "like TLS",
}


@pytest.mark.parametrize("said", STRANGERS, ids=["http", "ascii4", "tls"])
async def test_lost_framing_hangs_up_and_says_what_it_saw(autojump_clock: MockClock, said: str) -> None:
    """After the answers to what came before; the log line tells the operator what to set."""
    with structlog.testing.capture_logs() as lines:
        async with stage() as scene:
            answers = await scene.answers(wire.purchase(1), said.encode("latin-1"), count=1)

            assert answers == [ok(1)]
            assert await scene.ended() == "lost framing"

    assert [(line["log_level"], line["link"], line["peer"]) for line in lines] == [("warning", "switch", "192.0.2.1")]
    assert STRANGERS[said] in lines[0]["what"]


async def test_lost_framing_shows_no_message(autojump_clock: MockClock) -> None:
    """Only the first four bytes are told: what follows may be a card number."""
    with structlog.testing.capture_logs() as lines:
        async with stage() as scene:
            await scene.say(b"4111111111111111" * 4)
            await scene.ended()

    assert "34 31 31 31" in lines[0]["what"]
    assert "34 31 31 31 31" not in lines[0]["what"]


# ---- leaving


async def test_an_idle_connection_leaves_at_once(autojump_clock: MockClock) -> None:
    """There is nothing to finish."""
    async with stage() as scene:
        await scene.answers(wire.echo())
        began = trio.current_time()
        scene.connection.close()

        assert await scene.ended() == "closing"
        assert trio.current_time() == began


async def test_a_busy_connection_answers_first(autojump_clock: MockClock) -> None:
    """What was read is answered, also beyond a window; what comes afterwards is not read."""
    async with stage(Journal(delay=5), window=4) as scene:
        await scene.say(*map(wire.purchase, STANS))
        await trio.sleep(1)
        scene.connection.close()
        await scene.say(wire.purchase(99))
        heard = b""
        while data := await scene.hear():
            heard += data

        assert wire.codes(heard) == [ok(stan) for stan in STANS]
        assert await scene.ended() == "closing"


async def test_half_a_frame_is_not_waited_for(autojump_clock: MockClock) -> None:
    """A host in mid-sentence repeats it elsewhere."""
    async with stage() as scene:
        await scene.say(wire.purchase()[:50])
        await wait_all_tasks_blocked()
        scene.connection.close()

        assert await scene.ended() == "closing"


async def test_it_may_be_closed_before_it_has_begun(autojump_clock: MockClock) -> None:
    """The stop and the connection came in the same moment."""
    async with stage() as scene:
        scene.connection.close()

        assert await scene.ended() == "closing"


# ---- anything at all

BODIES = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda body, at, octet: body[: at % len(body)] + bytes([octet]) + body[at % len(body) + 1 :],
        st.sampled_from([wire.body(wire.fields()), wire.echo()[2:]]),
        st.integers(0, 1000),
        st.integers(0, 255),
    ),
)


@settings(max_examples=60, deadline=None)
@given(bodies=st.lists(BODIES, max_size=8))
def test_no_body_brings_it_down(bodies: list[bytes]) -> None:
    """Whatever stands in whole frames, the link answers the good message behind it."""

    async def talk() -> None:
        async with stage() as scene:
            await scene.say(*map(wire.frame, bodies), wire.purchase(777_777))
            heard = b""
            with trio.fail_after(5):
                while b"777777" not in heard:
                    heard += await scene.hear()

    with structlog.testing.capture_logs():
        trio.run(talk, clock=MockClock(autojump_threshold=0))


async def test_a_flood_of_nothing_lets_the_others_run(nursery: trio.Nursery) -> None:
    """Thousands of frames that no journal is asked for come in one read: between windows everybody has a turn."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    turns, frames = 0, 2_000

    async def other() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with stage(pair=[Plain(end) for end in ends]) as scene:
        await wait_all_tasks_blocked()
        await scene.say(bytes(2 * frames))  # keep-alives
        nursery.start_soon(other)
        echoed = 0
        while echoed < 2 * frames:
            echoed += len(await scene.hear())
        await scene.host.aclose()

    assert turns >= frames // scene.connection.rules.window
