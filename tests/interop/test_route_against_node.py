"""Our route and node-smpp understand each other: neither was written with the other in mind."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from time import time
from typing import Any

import pytest
import trio
from attrs import evolve

from iso_alert import shipped
from iso_alert.service.reports import acknowledge
from iso_alert.service.route import (
    Accepted,
    Outcome,
    Receipted,
    Route,
    RouteConfig,
    Submission,
    load_statuses,
)
from iso_alert.smpp.receipt import MessageState, id_forms
from iso_alert.smpp.text import LongMessages, cut

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "smpp").is_dir(), reason="npm install was not run in tests/interop"
    ),
]
CONFIG = RouteConfig("node", "127.0.0.1", 0, "bank", "secret", "KBank")
THAI = "ชำระ 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ"
ENGLISH = "Paid THB 2,500.00 by card no. x-1234 @ COMPANY NAME 15:15 Balance THB 450,000.00"


@asynccontextmanager
async def node(out: Path, *options: str) -> AsyncIterator[int]:
    """A foreign SMSC, and its port; on leaving, everything it saw is in `out`."""
    arguments = ["node", str(HERE / "smsc.js"), "--port", "0", "--out", str(out), *options]
    async with trio.open_nursery() as nursery:
        process = await nursery.start(partial(trio.run_process, arguments, stdout=subprocess.PIPE))
        with trio.fail_after(20):
            yield json.loads(await process.stdout.receive_some())["port"]
        process.terminate()


@asynccontextmanager
async def bound(port: int, **config: Any) -> AsyncIterator[Route]:
    """A route to it; on leaving it has been drained."""
    statuses = load_statuses(shipped.path("smpp-statuses.toml"))
    async with trio.open_nursery() as nursery:
        route = Route(evolve(CONFIG, port=port, **config), statuses, random=Random(1), clock=time)
        await nursery.start(route.run)
        yield route
        await route.drain()


async def carry(route: Route, submissions: list[Submission], receipts: int) -> list[Outcome]:
    """Send them all, and return what became of them once all are answered and receipted."""
    found: list[Outcome] = []
    waiting = list(submissions)
    while len(found) < len(submissions) + receipts:
        if waiting:
            await route.wait_credit()
            now, waiting = waiting[: route.credit()], waiting[route.credit() :]
            route.send(now)
        news = await route.outcomes()
        acknowledge([each for each in news if isinstance(each, Receipted)])
        found += news
    return found


def seen(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("method", ["udh8", "udh16", "sar", "payload"])
async def test_it_reads_what_we_write(tmp_path: Path, method: LongMessages) -> None:
    """Its own decoder finds the published texts in what we sent, part by part."""
    out = tmp_path / "seen.jsonl"
    parts = [*cut(THAI, reference=7, long_messages=method), *cut(ENGLISH), *cut("{€} @ [~]")]
    async with node(out) as port, bound(port, long_messages=method) as route:
        await carry(route, [Submission(n, "66812345678", part, 86_400) for n, part in enumerate(parts)], len(parts))
    lines = seen(out)

    assert "".join(line["text"] for line in lines) == THAI + ENGLISH + "{€} @ [~]"
    assert [line["data_coding"] for line in lines] == [part.data_coding for part in parts]
    assert {(line["source"], line["source_ton"], line["destination"]) for line in lines} == {
        ("KBank", 5, "66812345678")
    }


async def test_a_thousand_messages_and_their_receipts(tmp_path: Path) -> None:
    """All are accepted, all are receipted, each receipt names its message, and their order is kept."""
    out = tmp_path / "seen.jsonl"
    (part,) = cut(ENGLISH)
    async with node(out) as port, bound(port) as route:
        outcomes = await carry(route, [Submission(n, f"668{n:08}", part, 86_400) for n in range(1000)], 1000)
    accepted = {each.message_id for each in outcomes if isinstance(each, Accepted)}
    receipts = [each.receipt for each in outcomes if isinstance(each, Receipted)]

    assert [line["destination"] for line in seen(out)] == [f"668{n:08}" for n in range(1000)]
    assert len(accepted) == 1000
    assert {receipt.state for receipt in receipts} == {MessageState.DELIVERED}
    assert {id_forms(receipt.message_id)[0] for receipt in receipts} == accepted


async def test_latency_is_hidden_by_the_window(tmp_path: Path) -> None:
    """A hundred messages at 50 ms each take two windows, not five seconds."""
    out = tmp_path / "seen.jsonl"
    (part,) = cut(ENGLISH)
    async with node(out, "--latency", "50") as port, bound(port, registered_delivery=0) as route:
        await route.wait_credit()
        before = time()
        await carry(route, [Submission(n, "66812345678", part, 60) for n in range(100)], 0)
        took = time() - before

    assert took < 2.5
