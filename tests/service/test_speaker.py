"""What a speaker does with the connections that it is handed, as the service hears it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

from iso_alert.domain.card import Keyring
from iso_alert.iso.dialect import Voice
from iso_alert.service.speaker import Speaker
from iso_alert.service.tls import listening
from iso_alert.service.words import Briefing, Leave
from iso_alert.store.parcels import HEAD, unwrap, wrap
from tests.service.speaker_stage import LINK, ask, briefing, spoken, stage
from tests.support import wire
from tests.support.authority import client, server
from tests.support.bank import KEY, KEYRING, OLDER_KEY, card


async def test_an_answer_comes_when_the_service_has_recorded() -> None:
    """The batch that it is asked to record holds the messages, read, with the tokens of our keys."""
    async with stage() as scene:
        answers = await ask(scene.visit(), wire.purchase(1), wire.echo(2), wire.purchase(3))
        (batch,) = scene.batches

    assert answers == [("0210", "000001", "00"), ("0810", "000002", "00"), ("0210", "000003", "00")]
    assert [of.stan for of in batch] == ["000001", "000003"]
    assert {of.card for of in batch} == {card(1)}


async def test_a_store_in_trouble_is_answered_96() -> None:
    """As the service says of each batch."""
    async with stage() as scene:
        scene.why = "the disk is full"
        answers = await ask(scene.visit(), wire.purchase(1), wire.echo(2))

    assert answers == [("0210", "000001", "96"), ("0810", "000002", "00")]


async def test_connections_do_not_wait_for_each_other() -> None:
    """While one waits for the store, another says what needs none, and is answered."""
    async with stage() as scene:
        scene.silent = True
        first, second = scene.visit(), scene.visit()
        await first.send_all(wire.purchase(1))
        await scene.until(lambda: scene.batches)

        assert await ask(second, wire.echo(2)) == [("0810", "000002", "00")]


async def test_what_it_counts_is_counted() -> None:
    """Of who comes, what is said, and who goes: all of it is there when it is told that somebody left."""
    async with stage() as scene:
        host = scene.visit()
        await ask(host, wire.purchase(1), wire.echo(2))
        await scene.until(lambda: scene.count("messages_total", link=LINK, mti="0800", answer="recorded"))
        up = scene.count("connections", link=LINK)
        await host.aclose()
        await scene.until(lambda: scene.left)

        assert up == 1
        assert scene.left == [LINK]
        assert scene.count("connections", link=LINK) == 0
        assert scene.count("messages_total", link=LINK, mti="0200", answer="recorded") == 1
        assert scene.count("hang_ups_total", link=LINK, reason="hung up by the host") == 1


async def test_a_link_that_leaves_answers_what_is_in_hand() -> None:
    """Then it hangs up, and so it does with whoever is handed over in that moment; other links stay."""
    async with stage(briefing(spoken(), spoken("other"))) as scene:
        host, other = scene.visit(), scene.visit("other")
        await ask(host, wire.echo(1))
        await host.send_all(wire.purchase(2))
        await scene.until(lambda: scene.batches)
        scene.line.post(Leave(LINK))
        late = scene.visit()
        said = b"".join([bytes(await host.receive_some()), bytes(await host.receive_some())])

        assert wire.codes(said) == [("0210", "000002", "00")]
        assert await late.receive_some() == b""
        for each in (host, late):
            await each.aclose()
        await scene.until(lambda: scene.left == [LINK, LINK])
        assert await ask(other, wire.echo(3)) == [("0810", "000003", "00")]


async def test_it_ends_with_its_line() -> None:
    """Whoever is inside is hung up on, also in the middle of a batch."""
    async with stage() as scene:
        scene.silent = True
        host = scene.visit()
        await host.send_all(wire.purchase(1))
        await scene.until(lambda: scene.batches)
        scene.line._end.shutdown(2)
        with trio.fail_after(10):
            await scene.over.wait()
            try:
                rest = await host.receive_some()
            except trio.BrokenResourceError:
                rest = b""

        assert rest == b""


async def test_another_configuration_counts_from_the_next_batch_on() -> None:
    """Keys and tables, for connections that are open and for those that come."""
    desk = spoken(voice=Voice(terminals=frozenset({"TERM0001"})))
    both = Keyring((OLDER_KEY, KEY))
    async with stage() as scene:
        host = scene.visit()
        await ask(host, wire.purchase(1))
        scene.line.post(briefing(desk, keyring=both))
        await scene.until(lambda: scene.briefed)
        await ask(host, wire.purchase(2))
        await ask(scene.visit(), wire.purchase(3))
        seen = [(of.card, of.facts.voice_listed) for batch in scene.batches for of in batch]

    assert seen == [(card(1), "no"), (card(1, both), "yes"), (card(1, both), "yes")]


def files(tls: Any) -> tuple[Path | None, ...]:
    found: tuple[Path | None, ...] = tls.listens_with
    return found


async def shake(host: trio.abc.Stream, directory: Path) -> "trio.SSLStream[Any]":
    secured: trio.SSLStream[Any] = trio.SSLStream(host, client(directory, "hosts").context, server_hostname="localhost")
    with trio.fail_after(10):
        await secured.do_handshake()
    return secured


async def test_tls_is_done_by_it(tmp_path: Path) -> None:
    """Of the files whose names it is told; the handshake is counted, and the log names who came."""
    tls = server(tmp_path, mutual=True)
    with structlog.testing.capture_logs() as lines:
        async with stage(briefing(spoken(files=files(tls)))) as scene:
            host = await shake(scene.visit(), tmp_path)
            answers = await ask(host, wire.purchase(1))
            done = scene.count("tls_handshakes_total", side="link", name=LINK, outcome="done")

    assert answers == [("0210", "000001", "00")]
    assert done == 1
    assert [(line["event"], line["peer"]) for line in lines] == [("secured", "192.0.2.1")]


async def test_certificates_that_are_broken_meanwhile_change_nothing(tmp_path: Path) -> None:
    """The service has judged them; if they are others by now, the old ones stay, and the rest is in force."""
    tls = server(tmp_path)
    certificate = files(tls)[0]
    assert certificate
    with structlog.testing.capture_logs() as lines:
        async with stage(briefing(spoken(files=files(tls)))) as scene:
            certificate.write_text("no certificate")
            scene.line.post(briefing(spoken(files=files(tls))))
            await scene.until(lambda: scene.briefed)
            host = await shake(scene.visit(), tmp_path)
            answers = await ask(host, wire.echo(1))

    assert answers == [("0810", "000001", "00")]
    assert [line["why"] for line in lines if line["event"] == "certificates kept as they were"]
    with pytest.raises((OSError, ValueError)):
        listening(certificate)


async def test_no_descriptor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host is hung up on, it is told, and the others go on."""
    with structlog.testing.capture_logs() as lines:
        async with stage() as scene:
            passed, full = scene.speaker.line.passed, [True]

            def none_at_first() -> Any:
                found = passed()
                if full and found:
                    full.clear()
                    found.close()
                    return None
                return found

            monkeypatch.setattr(Speaker, "_stream", _stream_by(none_at_first))
            turned_away, host = scene.visit(), scene.visit()
            answers = await ask(host, wire.echo(1))
            await scene.until(lambda: scene.left)

            assert await turned_away.receive_some() == b""
            assert scene.count("hang_ups_total", link=LINK, reason="no room") == 1

    assert answers == [("0810", "000001", "00")]
    assert [line["event"] for line in lines] == ["no room for a connection"]


def _stream_by(passed: Any) -> Any:
    from iso_alert.service.plain import Plain

    def stream(_: Speaker) -> Plain | None:
        end = passed()
        if end is None:
            return None
        end.setblocking(False)
        return Plain(end)

    return stream


def test_a_briefing_shows_no_key() -> None:
    """It is sent whole, and whoever prints it sees how many links there are."""
    told = briefing()
    sent: Briefing = unwrap(wrap(told)[HEAD.size :])

    assert sent.keyring == KEYRING
    assert sent.keyring.names == KEYRING.names
    assert sent.keyring.card("4539578763621486") == KEYRING.card("4539578763621486")
    assert KEY.hex() not in repr(told)
    assert repr(KEY) not in repr(told)


def test_its_last_words_tell_no_number() -> None:
    """Where it broke is told, and the kind of fault; what the fault says is not."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "iso_alert.service.speaker", "4111 1111 1111 1111", "info"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "service/speaker.py" in done.stderr
    assert "1111" not in done.stdout + done.stderr
