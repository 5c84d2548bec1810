"""Enrolment from the ATM switch over a link (DOMAIN section 6): the stories of fixtures/enrolment, and more."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.domain.command import Result
from iso_alert.domain.text import Language
from iso_alert.iso.dialect import dialect
from iso_alert.iso.profile import read_profile
from iso_alert.iso.record import TAGS, BadRecord, Cut, read_record, write_record
from iso_alert.service.enrolment import OFFERS, SLIPS, on_wire, read_slips
from tests.service.enrolment_stage import bank, file_action
from tests.support import wire
from tests.support.people import DAY, rules

STORIES = {path.stem: path for path in (Path(__file__).parents[2] / "fixtures" / "enrolment").glob("*.toml")}
APPLY = {
    "asks": "1 KMALERT",
    "record": ["01 0810000001", "02 TH", "04 1", "05 1", "06 ATM"],
}
ORDER = ["t", "p", *map(str, range(1, 129))]
INQUIRE = {"asks": "5 KMALERT", "record": ["04 1"]}


def read(name: str) -> dict[str, Any]:
    return tomllib.loads(STORIES[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(STORIES))
async def test_story(name: str) -> None:
    """Each turn is answered as it says: DE39, the record, the slip, the SMS that leave, and the state that follows."""
    story = read(name)
    by = rules(**story.get("rules", {}))
    async with bank(story) as made:
        for stan, turn in enumerate(story["turn"], 1):
            serial = turn.get("card", 1)
            if "bank" in turn:
                made.do(turn["bank"], serial, by)
                made.sms()
                continue
            made.now += turn.get("after", 60.0)
            (answer,) = await made.ask(file_action(turn, stan))
            heard = {"code": answer["39"], "record": parts(answer.get("120", "")), "slip": answer.get("63", "")}
            heard["sms"] = [f"{lease.key} {lease.mobile}" for lease in made.sms()]
            heard["state"] = made.state(serial)
            wanted = turn["answer"]

            assert {key: heard[key] for key in wanted} == wanted, f"turn {stan}"
            assert answer["t"] == "0312"
            assert "2" not in answer


def parts(record: str) -> list[str]:
    """A record as a story writes it; those of answers hold other tags than TAGS knows."""
    found = []
    while record:
        end = 4 + int(record[2:4])
        found.append(f"{record[:2]} {record[4:end]}")
        record = record[end:]
    return found


def test_every_answer_is_told_in_a_story() -> None:
    """All sixteen rows of the DE39 table, and every offer."""
    turns = [turn for name in STORIES for turn in read(name)["turn"] if "asks" in turn]

    assert {turn["answer"]["code"] for turn in turns} == {result.value for result in Result}
    assert {tuple(turn["asks"].split()) for turn in turns} >= set(OFFERS)


def test_every_tag_is_found_at_fault_in_a_story() -> None:
    """Tag 99 names it."""
    named = {
        line for name in STORIES for turn in read(name)["turn"] for line in turn.get("answer", {}).get("record", ())
    }

    assert {f"99 {tag}" for tag in TAGS} <= named


# Repeats.


@pytest.mark.parametrize("mti", ["0302", "0303"])
async def test_the_same_request_gets_the_stored_answer_and_no_second_sms(mti: str) -> None:
    """Same link, DE11, DE7 and DE41: whether marked as a repeat or not."""
    async with bank({}) as made:
        first = await made.ask(file_action(APPLY, 1))
        sent = len(made.sms())  # it is active now
        second = await made.ask(file_action({**APPLY, "mti": mti}, 1))

        assert second == first
        assert (sent, made.sms(), made.kept.count("audit")) == (1, [], 2)


async def test_a_day_later_it_is_another_request() -> None:
    """STANs come round."""
    async with bank({}) as made:
        await made.ask(file_action(APPLY, 1))
        made.sms()
        made.now += DAY
        (answer,) = await made.ask(file_action(APPLY, 1))

        assert answer["39"] == "26"


@pytest.mark.parametrize("field", ["7", "11", "41"])
async def test_another_request_is_carried_out(field: str) -> None:
    """One of the three differs."""
    other = {"7": "1123081504", "11": "000099", "41": "ATM00002"}[field]
    async with bank({}) as made:
        await made.ask(file_action(APPLY, 1))
        made.sms()
        (answer,) = await made.ask(file_action({**APPLY, "fields": {field: other}}, 1))

        assert answer["39"] == "26"


async def test_the_switchs_own_reference_is_a_key_too() -> None:
    """Tag 09: a repeat that the switch sends under a new STAN."""
    named = {**APPLY, "record": [*APPLY["record"], "09 REF-1"]}
    async with bank({}) as made:
        answers = await made.ask(file_action(named, 1), file_action(named, 2))

        assert [(one["11"], one["39"], one["120"]) for one in answers] == [
            ("000001", "00", answers[0]["120"]),
            ("000002", "00", answers[0]["120"]),
        ]
        assert len(made.sms()) == 1


async def test_a_repeat_with_another_card_is_another_request() -> None:
    """Nobody is shown what somebody else was answered."""
    async with bank({}) as made:
        answers = await made.ask(file_action(APPLY, 1), file_action({**INQUIRE, "card": 5}, 1))

        assert [one["39"] for one in answers] == ["00", "25"]


# The link.


async def test_what_is_forbidden_is_not_stored() -> None:
    """DE52: answered 63, and nothing of it anywhere."""
    async with bank({}) as made:
        (answer,) = await made.ask(file_action({**APPLY, "fields": {"52": "0123456789ABCDEF"}}, 1))

        assert answer["39"] == "63"
        assert [made.kept.count(table) for table in ("subscription", "audit", "answer", "alert")] == [0, 0, 0, 0]


async def test_what_is_echoed() -> None:
    """DE7, 11, 12, 13, 32, 37, 41, 42; never the card, nor what was asked (T-01)."""
    async with bank({}) as made:
        (answer,) = await made.ask(file_action({**APPLY, "fields": {"12": "151503", "13": "1123"}}, 1))

        assert " ".join(sorted(answer, key=ORDER.index)) == "t p 1 3 7 11 12 13 32 37 39 41 42 63 120"


async def test_a_batch_upload_never_comes_here() -> None:
    """0320 is an EDC's, also on a link that enrols."""
    async with bank({}) as made:
        (answer,) = await made.ask(wire.frame(wire.fields(1, mti="0320")))

        assert (answer["t"], made.kept.count("audit")) == ("0330", 0)


async def test_enrolments_and_payments_share_a_link() -> None:
    """Answered in their order, each its own way."""
    async with bank({}) as made:
        answers = await made.ask(wire.purchase(1), file_action(APPLY, 2), wire.echo(3))

        assert [(one["t"], one["39"]) for one in answers] == [("0210", "00"), ("0312", "00"), ("0810", "00")]


async def test_the_courier_is_woken_for_an_sms_only() -> None:
    """The confirming SMS leaves at once."""
    async with bank({}) as made:
        woken = []
        for stan, asked in enumerate((INQUIRE, APPLY, INQUIRE), 1):
            await made.ask(file_action(asked, stan))
            woken.append(made.nudges)

        assert woken == [0, 1, 1]


async def test_answers_are_counted() -> None:
    """By MTI and DE39, which are closed sets."""
    async with bank({}) as made:
        await made.ask(file_action(APPLY, 1))

        assert dict(made.watch.seen) == {"0302 00": 1}


async def test_an_operator_of_the_contact_centre_stands_in_the_trail() -> None:
    """Who, how, and from which terminal (T-08)."""
    record = ["01 0810000001", "02 EN", "04 1", "05 1", "06 KCC", "07 OP-77", "08 3 questions"]
    async with bank({}) as made:
        await made.ask(file_action({"asks": "1 KMALERT", "record": record}, 1))
        (row,) = made.kept.store.people.audit()

        actor = row.entry.actor
        assert (actor.name, actor.via.value, actor.origin) == ("OP-77", "contact_centre", "TERM0001 STAN 000001")
        assert row.entry.reason == "3 questions"


# The record.


@pytest.mark.parametrize("text", ["0", "01", "011", "0115081", "0x02TH", "02²2TH", "01-1", "0202TH0"])
def test_what_cannot_be_cut_is_a_format_error(text: str) -> None:
    """A tag, a length and so many characters, or nothing."""
    assert read_record(text) == BadRecord()


@pytest.mark.parametrize("text", ["0200", "0202th", "0202TH0202EN", "2001A", "0401 ", "0301X"])
def test_what_is_cut_and_wrong_names_its_tag(text: str) -> None:
    """Empty, in another case, twice, not ours to be told, no digit, no such word."""
    last = "02" if text.count("02") > 1 or text.startswith("02") else text[:2]

    assert read_record(text) == BadRecord(last)


def test_records_are_written_as_they_are_read() -> None:
    """Also an empty one."""
    values = {"01": "0810000001", "02": "TH", "05": "2026-11"}

    assert read_record(write_record(values.items())) == Cut(values)
    assert read_record("") == Cut({})


@given(st.text(st.characters(codec="latin-1"), max_size=200))
def test_any_record_is_read_or_refused(text: str) -> None:
    """Nothing that a switch can send makes the reader fall."""
    assert isinstance(read_record(text), Cut | BadRecord)


def test_a_record_prints_no_number() -> None:
    """T-07."""
    assert "0810000001" not in repr(read_record("01100810000001"))


# The slips.


@pytest.mark.parametrize("key", SLIPS)
@pytest.mark.parametrize("language", Language, ids=lambda it: it.value)
def test_a_slip_holds_no_link_and_fits_its_field(key: str, language: Language) -> None:
    """T-10; and Thai survives the link's charset."""
    text = read_slips().notice(key, language, mobile="+66*****0001")
    written = on_wire(text, dialect("atm", read_profile("kmalert-fa/1")))

    assert written
    assert written.encode("latin-1").decode("cp874") == text
    assert len(written) <= 999
    assert "www" not in text
    assert "://" not in text


def test_a_link_without_thai_gets_english() -> None:
    """EBCDIC has no such letters: the slip is not left out for that."""
    spoken = dialect("atm", read_profile("iso87-ebcdic"))

    assert on_wire("ยกเลิก", spoken) is None
    assert on_wire("cancelled", spoken) == "cancelled"
