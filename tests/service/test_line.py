"""A line between two processes, over a real pair of sockets: words in their order, and sockets with them."""

import socket
from collections.abc import Iterator

import pytest
import trio
from attrs import frozen
from trio.testing import wait_all_tasks_blocked

from iso_alert.service.line import Line

SOON = 10.0  # seconds; nothing here takes one, but the machine may be busy


@frozen
class Ends:
    one: Line
    other: Line


@pytest.fixture
def ends() -> Iterator[Ends]:
    pair = socket.socketpair()
    for each in pair:
        each.setblocking(False)
    both = Ends(*map(Line, pair))
    yield both
    both.one.close()
    both.other.close()


async def heard(line: Line, count: int) -> list[object]:
    words: list[object] = []
    with trio.fail_after(SOON):
        while len(words) < count:
            words += (more := await line.hear())
            assert more, "the line has ended"
    return words


async def test_words_come_in_their_order(ends: Ends, nursery: trio.Nursery) -> None:
    """Also those that no buffer holds, and small ones behind them."""
    said = [1, "two", b"3" * 3_000_000, None, *range(1000)]
    for word in said:
        ends.one.post(word)
    nursery.start_soon(ends.one.send)

    assert await heard(ends.other, len(said)) == said


async def test_both_sides_speak_at_once(ends: Ends, nursery: trio.Nursery) -> None:
    """Each sends more than the kernel keeps, and hears all the same."""
    large = b"x" * 1_000_000
    for line in (ends.one, ends.other):
        line.post(large)
        nursery.start_soon(line.send)

    assert [await heard(line, 1) for line in (ends.one, ends.other)] == [[large], [large]]


async def test_a_socket_goes_with_its_word(ends: Ends, nursery: trio.Nursery) -> None:
    """Whatever is said between; and it is closed here, so that its other end hears when it is closed there."""
    pairs = [socket.socketpair() for _ in range(40)]
    for n, (mine, away) in enumerate(pairs):
        mine.sendall(b"%d" % n)
        ends.one.post("talk" * n)
        ends.one.post(n, away)
    nursery.start_soon(ends.one.send)
    words = await heard(ends.other, 2 * len(pairs))
    got = []
    for _ in pairs:
        passed = ends.other.passed()
        assert passed is not None
        with passed:
            got.append(int(passed.recv(10)))

    assert [word for word in words if isinstance(word, int)] == [*range(40)]
    assert got == [*range(40)]
    assert {away.fileno() for _, away in pairs} == {-1}
    assert {mine.recv(1) for mine, _ in pairs} == {b""}
    for mine, _ in pairs:
        mine.close()


async def test_no_room_for_a_socket_is_told(ends: Ends, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The word comes without it, and the next word has its own."""
    full = [socket.MSG_CTRUNC]
    receive = socket.recv_fds

    def without_the_first(*given: int) -> tuple[bytes, list[int], int, object]:
        data, passed, flags, address = receive(*given)  # type: ignore[arg-type]
        if passed and full:
            socket.close(passed.pop())
            flags |= full.pop()
        return data, passed, flags, address

    monkeypatch.setattr(socket, "recv_fds", without_the_first)
    for n in range(2):
        mine, away = socket.socketpair()
        mine.close()
        ends.one.post(n, away)
    nursery.start_soon(ends.one.send)
    await heard(ends.other, 2)
    first, second = ends.other.passed(), ends.other.passed()

    assert first is None
    assert second is not None
    second.close()


async def test_the_end_of_the_other_is_heard(ends: Ends, nursery: trio.Nursery) -> None:
    """What was said before it first; then there are no words any more, and what is posted goes nowhere."""
    nursery.start_soon(ends.one.send)
    nursery.start_soon(ends.other.send)
    ends.other.post("farewell")
    last = await heard(ends.one, 1)
    ends.other.close()
    mine, away = socket.socketpair()
    ends.one.post("too late", away)
    with trio.fail_after(SOON):
        end = await ends.one.hear()
        await wait_all_tasks_blocked()

    assert (last, end) == (["farewell"], [])
    with mine:
        assert mine.recv(1) == b""
