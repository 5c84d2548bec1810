"""Nothing sensitive comes out anywhere (T-01, T-06): every fixture, and messages full of planted markers, through a
whole node that logs everything; then the store, its log, the metrics, the pages, the answers and the SMS are searched.

The one exception is a host's own DE2 in the answer to it.
"""

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import iso8583
import pytest
import structlog
import trio
from attrs import define, evolve, field

from iso_alert.app import Node
from iso_alert.cli.common import set_up_logs
from iso_alert.config import LinkConfig, load
from iso_alert.domain.card import BadPan, Kind
from iso_alert.domain.text import Language
from iso_alert.iso.codec import of_track
from iso_alert.iso.dialect import Dialect, dialect
from iso_alert.iso.framing import FrameDecoder, LostFraming
from iso_alert.iso.profile import read_profile
from iso_alert.service.link import LinkRules
from iso_alert.service.listener import Door
from iso_alert.service.rulebook import read_rulebook
from iso_alert.sim.cards import test_pan, track2
from iso_alert.sim.smsc import SmscOptions, serve_smsc
from iso_alert.store.port import CardLine, SubscriptionLine
from iso_alert.store.sqlite import Sqlite
from tests.fixtures import FIXTURES, READ
from tests.support.bank import KEYRING
from tests.support.deployment import deploy, service
from tests.support.scanner import known, passing

PROFILES = ("iso87-ascii", "iso87-binary-bitmap", "edc-bcd-tpdu", "iso87-ebcdic", "iso93-ascii")
PLANTED_PAN = test_pan(31_415_926)
OTHER_PAN = test_pan(27_182_818)  # stands where no card number belongs
MARKER = "PLANTEDMARKER"
PIN = "DEADBEEFCAFE1234"
SECRETS = [PLANTED_PAN, OTHER_PAN, MARKER, PIN]
IN_GROUPS = [OTHER_PAN[at : at + 4] for at in range(0, 16, 4)]
NAMES = {  # of merchants
    "0100": f"{OTHER_PAN} SHOP",
    "0200": " ".join(["7", *IN_GROUPS]),  # other digits stand beside it
    "0400": "_".join(IN_GROUPS),
}
OURS = {"setting.value"}  # the number of a message as text, which passes for a card's one time in ten
QUIET = 0.3  # seconds without another byte from the node
SOON = 60.0


# ---- what is sent


def planted(profile: str, mti: str) -> dict[str, str]:
    """A message with something to hide in every field that may hide something, and in many that should not."""
    text = f"{MARKER} {OTHER_PAN} "
    message = {
        "t": "1" + mti[1:] if profile == "iso93-ascii" else mti,
        "2": PLANTED_PAN,
        "3": "003000",
        "4": "000000250000",
        "7": "1123081503",
        "11": "000123",
        "12": "261123151503" if profile == "iso93-ascii" else "151503",
        "14": "4913",
        "22": "510101513344" if profile == "iso93-ascii" else "051",
        "34": OTHER_PAN,
        "35": track2(PLANTED_PAN, separator="D" if profile == "edc-bcd-tpdu" else "="),
        "36": OTHER_PAN,
        "41": "TERM0001",
        "42": "MERCHANT0000001",
        "43": NAMES[mti].ljust(40),
        "45": text,
        "48": text,
        "49": "764",
        "52": PIN,
        "53": OTHER_PAN[:16],
        "55": text.encode().hex().upper(),
    } | {str(number): text for number in (44, 46, 47, 56, 57, 58, 59, 60, 61, 62, 63, 102, 103, 104, 120, 126, 127)}
    return {**message, "h": "6001230456"} if profile == "edc-bcd-tpdu" else message


def frames_of(spoken: Dialect, mti: str) -> Iterator[bytes]:
    """The planted message, with as many of its fields as this table can write; whole, and damaged in several ways."""
    wanted, rows = planted(spoken.profile.name, mti), spoken.profile.spec.rows
    message: dict[str, str] = {key: wanted[key] for key in ("h", "t") if key in wanted}
    for key, value in wanted.items():
        shortened = value[: int(rows[key]["max_len"])]
        for candidate in (value, shortened, shortened.encode().hex().upper()[: len(shortened)]):
            try:
                iso8583.encode({**message, key: candidate}, rows)
            except iso8583.EncodeError:
                continue
            message[key] = candidate
            break
    whole = bytes(iso8583.encode(message, rows)[0])
    yield whole
    yield from (whole[:cut] for cut in range(len(whole) // 3, len(whole), len(whole) // 9))
    yield whole + PLANTED_PAN.encode()
    yield whole.replace(b"0123", b"\xff\xff\xff\xff", 1)


# ---- the node


@define(eq=False)
class Harvest:
    """Everything that came out."""

    directory: Path
    log: str = ""
    pages: dict[str, str] = field(factory=dict)
    answers: list[tuple[Dialect, bytes]] = field(factory=list)
    sms: list[str] = field(factory=list)
    files: dict[str, bytes] = field(factory=dict)  # store, log and index, while they were open

    def outputs(self) -> Iterator[tuple[str, bytes]]:
        """Each place that is searched, by name; answers without the DE2 that their host sent."""
        yield "log", self.log.encode()
        yield from ((name, text.encode()) for name, text in self.pages.items())
        yield from ((f"SMS {n}", text.encode()) for n, text in enumerate(self.sms))
        for n, (spoken, answer) in enumerate(self.answers):
            fields, _ = iso8583.decode(answer, spoken.profile.spec.rows)
            for key in ("2", "p", "1"):  # its own number, and bitmaps, whose digits are none of anybody's
                fields.pop(key, None)
            yield from ((f"answer {n}, field {key}", value.encode()) for key, value in fields.items())

    def columns(self) -> Iterator[tuple[str, bytes]]:
        """Every value of the store as text."""
        with closing(sqlite3.connect(self.directory / "alerts.db")) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = db.execute(f"SELECT * FROM {table}")
                names = [column[0] for column in rows.description]
                for row in rows:
                    for name, value in zip(names, row, strict=True):
                        if not isinstance(value, int):
                            yield f"{table}.{name}", value if isinstance(value, bytes) else str(value).encode()


def leaks(harvest: Harvest, secrets: Sequence[str]) -> list[tuple[str, str]]:
    """Where something is that should not be: the place, and the last four characters of what is there."""
    found = {(name, secret) for name, data in harvest.outputs() for secret in passing(data) | known(data, secrets)}
    found |= {(name, secret) for name, data in harvest.columns() for secret in known(data, secrets)}
    foreign = ((name, data) for name, data in harvest.columns() if name not in OURS)
    found |= {(name, secret) for name, data in foreign for secret in passing(data)}
    found |= {(name, secret) for name, data in harvest.files.items() for secret in known(data, secrets)}
    return sorted((name, secret[-4:]) for name, secret in found)


def link(name: str, spoken: Dialect) -> LinkConfig:
    return LinkConfig(Door("127.0.0.1", 0), LinkRules(name), evolve(spoken, link=name))


def links() -> dict[str, LinkConfig]:
    """One for each fixture, which may want a link of its own kind, and one for each profile."""
    of_fixtures = {fixture.name: link(fixture.name, fixture.dialect()) for fixture in FIXTURES}
    return of_fixtures | {name: link(name, dialect(name, read_profile(name))) for name in PROFILES}


def pans() -> list[str]:
    """Every card number that the fixtures and the planted messages hold."""
    found = {PLANTED_PAN, OTHER_PAN}
    for fixture in READ:
        try:
            fields, _ = iso8583.decode(fixture.frame(), fixture.dialect().profile.spec.rows)
        except (ValueError, KeyError, iso8583.DecodeError):
            continue
        found |= {fields.get("2", ""), of_track(fields.get("35", ""))} - {""}
    return sorted(pan for pan in found if pan.isdecimal() and len(pan) >= 12)


def customers() -> tuple[list[CardLine], list[SubscriptionLine]]:
    """Everybody is subscribed, so that as many texts as possible are written."""
    cards, people = [], []
    for n, pan in enumerate(pans()):
        try:
            cards.append(CardLine(f"C{n}", KEYRING.card(pan), Kind.DEBIT, True))
        except BadPan:
            continue
        people.append(SubscriptionLine(f"C{n}", f"+668100{n:05d}", list(Language)[n % 2]))
    return cards, people


async def converse(address: tuple[str, int], spoken: Dialect, wires: Sequence[bytes]) -> list[bytes]:
    """Say this on one connection, hear what comes until it is quiet, and cut it into answers."""
    async with await trio.open_tcp_stream(*address) as stream:
        heard = b""
        for wire in wires:
            await stream.send_all(wire)
        with trio.move_on_after(QUIET):
            async for data in stream:
                heard += data
    decoder = FrameDecoder(spoken.framing)
    decoder.receive(heard)
    try:
        return [frame for frame in decoder.frames() if frame]
    except LostFraming:
        return []


@pytest.fixture(scope="module")
def harvest(tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    """The whole run, once."""
    harvest = Harvest(tmp_path_factory.mktemp("planted"))
    log = harvest.directory / "log"
    stderr = sys.stderr
    with log.open("w", encoding="utf-8") as sys.stderr:
        try:
            set_up_logs("debug")
            trio.run(play, harvest)
        finally:
            sys.stderr = stderr
            structlog.reset_defaults()
    harvest.log = log.read_text(encoding="utf-8")
    return harvest


async def play(harvest: Harvest) -> None:
    doors = links()
    async with trio.open_nursery() as nursery:
        smsc = await nursery.start(serve_smsc, SmscOptions(), "127.0.0.1", 0, lambda sms: harvest.sms.append(sms.text))
        config = load(deploy(harvest.directory, smsc), {})
        book = read_rulebook([each.dialect for each in doors.values()], "policy-every-debit.toml")
        node = Node(evolve(config, links=tuple(doors.values()), rulebook=book, keyring=KEYRING))
        cards, people = customers()
        node._desk.store.import_cards(cards)
        node._desk.store.import_subscriptions(people, 0.0)
        addresses = await nursery.start(node.run)

        async def say(name: str, wires: Sequence[bytes]) -> None:
            spoken = doors[name].dialect
            harvest.answers += [(spoken, frame) for frame in await converse(addresses.links[name], spoken, wires)]

        with trio.fail_after(SOON):
            async with trio.open_nursery() as hosts:
                for fixture in FIXTURES:
                    hosts.start_soon(say, fixture.name, [fixture.wire])
            for name in PROFILES:
                spoken = doors[name].dialect
                await say(
                    name, [spoken.framing.wrap(f) for mti in ("0100", "0200", "0400") for f in frames_of(spoken, mti)]
                )
            await provoke(node, say, doors)
            for page in ("metrics", "status", "readyz", "nothing"):
                url = "http://{}:{}/{}".format(*addresses.admin, page)
                harvest.pages[page] = await trio.to_thread.run_sync(partial(fetch, url))
            await trio.sleep(0.5)  # receipts
        harvest.files = {path.name: path.read_bytes() for path in harvest.directory.glob("alerts.db*")}
        node.stop()
        await node.stopped()
        nursery.cancel_scope.cancel()


async def provoke(node: Node, say: Any, doors: dict[str, LinkConfig]) -> None:
    """Bugs of ours that speak of what they met: in the store, and in reading."""
    store, spoken = node._desk.store, doors["iso87-ascii"].dialect
    wires = [spoken.framing.wrap(next(frames_of(spoken, "0200")))]

    def talkative(*arguments: object) -> object:
        raise ValueError(f"cannot record {arguments!r}")

    record, store.record = store.record, talkative  # type: ignore[method-assign, assignment]
    await say("iso87-ascii", wires)
    store.record = record  # type: ignore[method-assign]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iso_alert.service.turns.transaction", talkative)
        patch.setattr("iso_alert.service.turns.read", talkative)
        await say("iso87-ascii", wires)


def fetch(url: str) -> str:
    try:
        with urlopen(url, timeout=SOON) as answer:
            return str(answer.read().decode())
    except OSError as refused:
        return str(refused)


# ---- the search


def test_much_was_said(harvest: Harvest) -> None:
    """The run was no empty one: messages of all kinds were recorded, refused, told and logged."""
    with closing(sqlite3.connect(harvest.directory / "alerts.db")) as db:
        (recorded,) = db.execute("SELECT count(*) FROM txn").fetchone()

    assert recorded > 60
    assert len(harvest.sms) > 15
    assert len(harvest.answers) > 100
    assert "unreadable" in harvest.log
    assert harvest.log.count("please report it") == 2
    assert "Traceback" in harvest.log or "exception" in harvest.log
    assert "alerts.db-wal" in harvest.files


def test_nothing_came_out(harvest: Harvest) -> None:
    """Nowhere, in no encoding."""
    assert leaks(harvest, [*pans(), *SECRETS]) == []


async def test_nothing_comes_out_of_speakers(tmp_path: Path) -> None:
    """Nor where further processes read the messages, log what they cannot read, and are killed over it."""
    config, harvest = deploy(tmp_path, more="speakers = 2\n"), Harvest(tmp_path)
    with closing(Sqlite(tmp_path / "alerts.db")) as store:
        cards, people = customers()
        store.import_cards(cards)
        store.import_subscriptions(people, 0.0)
    spoken = dialect("switch", read_profile("iso87-ascii"))
    async with service(config, "--log-level", "debug") as one:
        for mti in NAMES:
            wires = [spoken.framing.wrap(frame) for frame in frames_of(spoken, mti)]
            harvest.answers += [(spoken, answer) for answer in await converse(one.link, spoken, wires)]
        harvest.pages = {page: await one.ask(page) for page in ("metrics", "status")}
        harvest.files = {path.name: path.read_bytes() for path in tmp_path.glob("alerts.db*")}
        for speaker in (await one.status())["speakers"]:
            os.kill(speaker["pid"], signal.SIGKILL)
        with trio.fail_after(SOON):
            await one.process.wait()
            assert not await one.says("an event that never comes")
    harvest.log = one.text
    told = [value for name, value in harvest.columns() if name == "alert.state"]

    assert (len(harvest.answers) > 10, "unreadable" in harvest.log, "start again" in harvest.log) == (True, True, True)
    assert told
    assert leaks(harvest, SECRETS) == []


def test_no_answer_echoes_what_must_not_be_echoed(harvest: Harvest) -> None:
    """Tracks, PIN, expiry, chip and private data stay where they came from."""
    never = {"14", "34", "35", "36", "45", "48", "52", "53", "55"}
    echoed = [never & set(iso8583.decode(answer, spoken.profile.spec.rows)[0]) for spoken, answer in harvest.answers]

    assert [fields for fields in echoed if fields] == []


def test_no_mobile_number_is_logged(harvest: Harvest) -> None:
    """Masked, if at all (T-07); nor is any SMS."""
    assert "+6681" not in harvest.log
    assert [text for text in harvest.sms if text in harvest.log] == []


# ---- a search that cannot find is worth nothing

FORMS = {
    "ascii": PLANTED_PAN.encode(),
    "spaced": b" ".join(PLANTED_PAN[at : at + 4].encode() for at in range(0, 16, 4)),
    "dashed": b"-".join(PLANTED_PAN[at : at + 4].encode() for at in range(0, 16, 4)),
    "beside another number": b"7 " + b" ".join(PLANTED_PAN[at : at + 4].encode() for at in range(0, 16, 4)) + b" 12",
    "ebcdic": PLANTED_PAN.encode("cp500"),
    "utf-16": PLANTED_PAN.encode("utf-16-be"),
    "utf-16, the other way": PLANTED_PAN.encode("utf-16-le"),
    "hex of ascii": PLANTED_PAN.encode().hex().encode(),
    "hex of ebcdic": PLANTED_PAN.encode("cp500").hex().upper().encode(),
    "in a sentence": b"card " + PLANTED_PAN.encode() + b" was used",
}
PACKED = {
    "bcd": bytes.fromhex(PLANTED_PAN),
    "bcd, shifted": bytes.fromhex("0" + PLANTED_PAN + "F"),
    "with lines between": b"_".join(PLANTED_PAN[at : at + 4].encode() for at in range(0, 16, 4)),
    "a track": bytes.fromhex(PLANTED_PAN + "D301"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_search_finds_what_passes_for_a_card(form: str) -> None:
    """Without being told the number."""
    assert PLANTED_PAN in passing(b"before " + FORMS[form] + b" after")


@pytest.mark.parametrize("form", PACKED)
def test_the_search_finds_a_packed_card_that_it_knows(form: str) -> None:
    """Among other bytes, at either half of one."""
    assert known(b"\x00\xff" + PACKED[form] + b"\xfe", [PLANTED_PAN, OTHER_PAN]) == {PLANTED_PAN}


@pytest.mark.parametrize("harmless", ["632812345678", "4111111111111112", "*1111", "0" * 16, "20261123151503", ""])
def test_the_search_lets_pass_what_is_none(harmless: str) -> None:
    """A reference number, a wrong check digit, a mask, zeros, a date."""
    assert passing(harmless.encode()) == set()


@pytest.mark.parametrize("place", ["log", "status", "sms", "answer", "store", "file"])
def test_the_search_looks_everywhere(harvest: Harvest, tmp_path: Path, place: str) -> None:
    """A number that is put into any of the places is found there."""
    there = evolve(harvest, directory=tmp_path, pages=dict(harvest.pages), sms=list(harvest.sms))
    there.answers, there.files = list(harvest.answers), dict(harvest.files)
    with closing(sqlite3.connect(tmp_path / "alerts.db")) as db:
        db.execute("CREATE TABLE txn (merchant TEXT)")
        db.execute("INSERT INTO txn VALUES (?)", (PLANTED_PAN if place == "store" else "SHOP",))
        db.commit()
    if place == "log":
        there.log += f'{{"event": "{PLANTED_PAN}"}}\n'
    elif place == "status":
        there.pages["status"] += PLANTED_PAN
    elif place == "sms":
        there.sms.append(f"x {FORMS['spaced'].decode()} x")
    elif place == "file":
        there.files["alerts.db-wal"] += PACKED["bcd, shifted"]
    elif place == "answer":
        spoken = dialect("x", read_profile("iso87-ascii"))
        message = {"t": "0210", "2": PLANTED_PAN, "11": "000001", "42": PLANTED_PAN[:15], "43": PLANTED_PAN.ljust(40)}
        there.answers.append((spoken, bytes(iso8583.encode(message, spoken.profile.spec.rows)[0])))

    assert [secret for _, secret in leaks(there, [PLANTED_PAN])] == [PLANTED_PAN[-4:]]
