"""What a connection leaves behind goes at once: the collector comes so rarely that it must not be needed."""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.service.link_stage import stage
from tests.support import wire

LOST = b"\xff\xff" + b"x" * 100
A_RING = pytest.mark.xfail(strict=True, reason="link.Connection._answer_all: `raise lost` keeps its own frame alive")


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(b"", "hung up by the host", id="nothing"),
        pytest.param(wire.purchase(), "hung up by the host", id="a message"),
        pytest.param(b"\0\5hello", "hung up by the host", id="an unreadable frame"),
        pytest.param(b"\0\x50hello", "half a frame", id="half a frame"),
        pytest.param(LOST, "lost framing", id="lost framing", marks=A_RING),
    ],
)
async def test_a_connection_is_gone_when_it_has_ended(autojump_clock: MockClock, said: bytes, why: str) -> None:
    """However it ended: with its decoder, its last read and its socket."""
    async with stage() as scene:
        connection = ref(scene.connection)
        if said:
            await scene.say(said)
        if why == "hung up by the host":
            await wait_all_tasks_blocked()
            await scene.host.aclose()
            await wait_all_tasks_blocked()
        else:
            await scene.ended()
    ended = scene.watch.ends
    del scene

    assert [why] == ended
    assert connection() is None
