"""The bench's own rooms: frames by number, figures of rounds, a past for a store."""

import sqlite3
from pathlib import Path
from select import select
from socket import create_server
from struct import pack

import pytest

from bench.client import Tally, Wire
from bench.fill import fill
from bench.frames import Deck, deck
from bench.report import percentile, print_table, spread
from iso_alert.domain.card import Keyring
from iso_alert.domain.transaction import Transaction
from iso_alert.iso.answering import reply
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.message import Message
from iso_alert.iso.profile import Said, read_profile
from iso_alert.iso.reading import read
from iso_alert.store.sqlite import Sqlite

NOW = 1_763_900_000.0
CODEC = Codec(dialect("bench", read_profile("iso87-ascii")), Keyring((bytes(range(5, 37)),)))


@pytest.fixture(scope="module")
def frames() -> Deck:
    return deck(cards=100, alerts=0.1, reversals=0.02)


def message(frames: Deck, n: int) -> Message:
    said = CODEC.decode(frames.message(n)[1][2:])
    assert isinstance(said, Message)
    return said


def transaction(frames: Deck, n: int) -> Transaction:
    what = read(message(frames, n), CODEC.dialect, NOW)
    assert isinstance(what, Transaction)
    return what


def test_every_frame_is_another_message(frames: Deck) -> None:
    """No two of a thousand have the same key, so none is a repeat."""
    keys = {transaction(frames, n).key for n in range(1000)}

    assert len(keys) == 1000


def test_two_runs_share_no_message() -> None:
    """A second client of the same store does not repeat the first one's messages."""
    one, two = (deck(10, 0.1, run=run) for run in (0, 1))

    assert transaction(one, 7).key != transaction(two, 7).key


def test_two_runs_have_other_cards_for_a_stan() -> None:
    """Else reversals would find more messages of their card the more often it was measured."""
    one, two = (deck(50_000, 0.1, run=run) for run in (0, 1))
    same = [n for n in range(300) if transaction(one, n).tokens == transaction(two, n).tokens]

    assert len(same) < 5


def test_scattered_stans_are_each_once_a_round() -> None:
    """In no order, and a reversal has that of its sale."""
    frames = deck(10, 0.1, 0.02, scattered=True)
    stans = [message(frames, n).get("11") for n in range(1000)]

    assert sorted(stans) != stans
    assert len(set(stans)) == 980
    assert all(stans[n] == stans[n - 1] for n in range(1000) if message(frames, n).mti == "0400")


def test_shares_are_kept(frames: Deck) -> None:
    """Of a thousand messages a hundred are for telling, twenty take one back."""
    told = sum(frames.kinds[n] == "t" for n in range(1000))
    reversals = sum(message(frames, n).mti == "0400" for n in range(1000))

    assert (told, reversals) == (100, 20)


def test_a_reversal_speaks_of_the_message_before(frames: Deck) -> None:
    """Same card, STAN, RRN and terminal; only the MTI differs."""
    n = frames.kinds.index("r")
    sale, back = transaction(frames, n - 1), transaction(frames, n)

    assert (back.mti, back.card, back.stan, back.rrn) == ("0400", sale.card, sale.stan, sale.rrn)


def test_a_sum_leads_back_to_its_message(frames: Deck) -> None:
    """What the sink reads in an SMS names one message."""
    n = frames.kinds.index("t", 500)

    assert Deck.number(transaction(frames, n).amount.minor) == n


def test_an_answer_is_known_by_its_mark(frames: Deck) -> None:
    """The client looks for STAN and DE39 where they are."""
    mark, frame = frames.message(3)
    answer = reply(CODEC, CODEC.decode(frame[2:]), Said.RECORDED) or b""

    assert (answer[1:2] + answer[frames.answers.stan], answer[frames.answers.code]) == (mark, b"00")


def answered(frames: Deck, n: int, code: bytes, more: bytes = b"") -> bytes:
    """What a service might say to message `n`; `more` makes it another length."""
    mark, _ = frames.message(n)
    body = bytearray(b"0" * frames.answers.code.stop)
    body[1:2], body[frames.answers.stan], body[frames.answers.code] = mark[:1], mark[1:], code
    return pack(">H", len(body) + len(more)) + body + more


@pytest.mark.parametrize("piece", [1, 7, 101, 10_000])
def test_a_client_takes_every_answer_by_itself(frames: Deck, piece: int) -> None:
    """Of several lengths, with several codes, in whatever pieces they come; one that it did not ask for is a fault."""
    lengths = (b"", b"", b"x", b"xx", b"", b"x" * 200, b"x" * 200)
    said = b"".join(answered(frames, n, b"96" if n == 4 else b"00", more) for n, more in enumerate(lengths))
    tally = Tally()
    with create_server(("127.0.0.1", 0)) as door:
        wire = Wire(door.getsockname(), frames)
        service, _ = door.accept()
        with service:
            wire.send(frames.messages(0, len(lengths) + 1), 0.0)
            for at in range(0, len(said), piece):
                service.sendall(said[at : at + piece])
                select([wire], [], [])
                wire.hear(tally)
            left = {*wire.since}
            service.sendall(said[: len(said) // len(lengths)])
            select([wire], [], [])
            with pytest.raises(KeyError):
                wire.hear(tally)
        wire._socket.close()

    assert tally.codes == {"00": 6, "96": 1}
    assert len(tally.took) == 7
    assert left == {frames.message(len(lengths))[0]}


def test_a_percentile_is_a_value_that_was_seen() -> None:
    """Nothing is interpolated."""

    assert [percentile([1, 2, 3, 4], share) for share in (0.0, 0.5, 0.51, 0.99)] == [1, 2, 3, 4]
    assert percentile([], 0.5) == 0.0


def test_of_rounds_the_median_is_told_with_its_range() -> None:
    """One lucky round does not make a figure."""

    assert spread("x", [3, 1, 2]) == {"x": 2, "x_min": 1, "x_max": 3}


def test_a_table_shows_the_range_beside_the_median(capsys: pytest.CaptureFixture[str]) -> None:
    """`x_min` and `x_max` are no columns of their own."""
    print_table("bench", {"cpus": 2}, [{"what": "this", **spread("x", [3, 1, 2])}])
    shown = capsys.readouterr().out

    assert "2 (1-3)" in shown
    assert "min" not in shown


def test_a_past_is_whole(tmp_path: Path) -> None:
    """Rows with all indexes, older than now, and the store opens on them."""
    Sqlite(tmp_path / "alerts.db").close()
    fill(tmp_path / "alerts.db", 500, 20)
    store = sqlite3.connect(tmp_path / "alerts.db")
    count = store.execute("SELECT count(*), count(DISTINCT key) FROM txn WHERE card BETWEEN 1 AND 20").fetchone()
    indexed = store.execute("EXPLAIN QUERY PLAN SELECT 1 FROM txn WHERE slot = 1 AND rrn = 'x'").fetchone()[3]
    by_card = store.execute(
        "SELECT count(*) FROM card_txn JOIN txn ON id = txn AND txn.card = card_txn.card"
    ).fetchone()[0]
    sound = store.execute("PRAGMA integrity_check").fetchone()[0]
    store.close()

    assert count == (500, 500)
    assert "txn_rrn" in indexed
    assert by_card == 500
    assert sound == "ok"
