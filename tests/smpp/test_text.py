"""A text becomes parts, and parts become the text again; nothing that belongs together is parted."""

from typing import get_args
from unicodedata import category

import gsm0338
import pytest
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.smpp import alphabet
from iso_alert.smpp.piece import Piece, codec, decode, joined, piece
from iso_alert.smpp.text import ROOM, Encoding, Gsm, LongMessages, Part, choose, cut, part_count, units

METHODS: tuple[LongMessages, ...] = get_args(LongMessages)
READINGS: tuple[Gsm, ...] = get_args(Gsm)
THAI = "ชำระ 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ"
ENGLISH = "Paid THB 2,500.00 by card no. x-1234 @ COMPANY NAME 15:15 Balance THB 450,000.00"
SEPTET_CHARS = "".join(alphabet.SEPTETS)


def received(part: Part) -> Piece:
    fields = {"data_coding": part.data_coding, "esm_class": part.esm_class, "short_message": part.short_message}
    return piece(fields, part.tlvs)


def together(parts: tuple[Part, ...], gsm: Gsm = "gsm0338") -> str:
    return joined([received(part) for part in reversed(parts)], gsm)


def texts(parts: tuple[Part, ...], gsm: Gsm = "gsm0338") -> list[str]:
    return [decode(received(part).octets, part.data_coding, gsm) for part in parts]


# ---- the samples of the service


def test_the_published_thai_sample_is_two_parts() -> None:
    """74 units: 67 and 7."""
    parts = cut(THAI)

    assert units(THAI, Encoding.UCS2) == 74
    assert [(len(part.short_message) - 6) // 2 for part in parts] == [67, 7]


def test_the_published_english_sample_is_one_part() -> None:
    """80 septets, and the at sign is a zero octet."""
    (part,) = cut(ENGLISH)

    assert (part.data_coding, len(part.short_message), b"\0 COMPANY" in part.short_message) == (0, 80, True)


@pytest.mark.parametrize(
    ("text", "method", "sizes"),
    [
        ("x" * 160, "udh8", [160]),
        ("x" * 161, "udh8", [153, 8]),
        ("x" * 161, "udh16", [152, 9]),
        ("x" * 306, "sar", [153, 153]),
        ("{" * 80, "udh8", [80]),
        ("{" * 81, "udh8", [76, 5]),  # 153 septets hold 76 escape pairs, and half a pair stays empty
        ("ก" * 70, "udh8", [70]),
        ("ก" * 71, "udh8", [67, 4]),
        ("ก" * 71, "udh16", [66, 5]),
        ("😀" * 35, "udh8", [35]),
        ("😀" * 36, "udh8", [33, 3]),  # 67 units hold 33 pairs, and half a pair stays empty
        ("ก" * 66 + "น้ำ" + "ก" * 5, "udh8", [66, 8]),  # tone mark and sara am stay with their consonant
        ("ก" * 66 + "กี่" + "ก" * 5, "udh8", [66, 8]),
        ("ก" * 66 + "👩\u200d💻" + "ก", "udh8", [66, 4]),  # a joined emoji is one picture
        ("", "udh8", [0]),
    ],
)  # fmt: skip
def test_where_the_cuts_fall(text: str, method: LongMessages, sizes: list[int]) -> None:
    """Parts are as full as they may be without parting what belongs together."""

    assert [len(each) for each in texts(cut(text, long_messages=method))] == sizes
    assert part_count(text, long_messages=method) == len(sizes)


def test_a_cluster_larger_than_a_part_is_cut_all_the_same() -> None:
    """Seventy marks on one letter are nonsense, but must neither hang nor get lost."""
    text = "ก" + "\u0e49" * 100

    assert "".join(texts(cut(text))) == text


def test_payload_is_one_pdu_and_many_parts() -> None:
    """The SMSC cuts by itself, so there is one PDU; the radio still counts two."""
    (part,) = cut(THAI, long_messages="payload")

    assert (part.short_message, list(part.tlvs), part_count(THAI, long_messages="payload")) == (b"", [0x0424], 2)


def test_more_than_255_parts_is_our_own_fault() -> None:
    """One octet counts the parts."""
    with pytest.raises(ValueError, match="a text of 256 parts"):
        cut("x" * (153 * 255 + 1))


@pytest.mark.parametrize(
    ("text", "gsm", "encoding"),
    [
        ("@ £ {€}", "gsm0338", Encoding.GSM),
        ("@ {}", "ascii", Encoding.GSM),
        ("£", "ascii", Encoding.UCS2),
        ("£", "latin1", Encoding.GSM),
        ("€", "latin1", Encoding.UCS2),
        ("`", "ascii", Encoding.UCS2),  # ASCII has it, the radio has not
        ("ÿ", "latin1", Encoding.UCS2),
        ("ก", "gsm0338", Encoding.UCS2),
    ],
)
def test_which_encoding(text: str, gsm: Gsm, encoding: Encoding) -> None:
    """Nothing is replaced by a look-alike: what cannot be said whole goes as UCS-2."""

    assert choose(text, gsm) is encoding


def test_an_smsc_that_means_ascii_sees_ascii() -> None:
    """The at sign is then 0x40, and a brace one octet, though it still costs two septets."""
    (part,) = cut("@{}", gsm="ascii")

    assert (part.data_coding, part.short_message, units("@{}", Encoding.GSM)) == (0, b"@{}", 5)


# ---- properties

ANY_TEXT = st.text(max_size=500) | st.text(st.sampled_from("กนำ้ี่ะเ @x😀\u200d\u0301"), max_size=300)
GSM_TEXT = st.text(st.sampled_from(SEPTET_CHARS), max_size=500)


@given(ANY_TEXT | GSM_TEXT, st.sampled_from(METHODS), st.sampled_from(READINGS), st.integers(0, 0xFFFF))
def test_parts_join_back(text: str, method: LongMessages, gsm: Gsm, reference: int) -> None:
    """Any text, by any method, comes back whole, also when the parts arrive backwards."""
    parts = cut(text, reference=reference, long_messages=method, gsm=gsm)

    assert together(parts, gsm) == text
    assert [(part.number, part.total) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]


@given(ANY_TEXT | GSM_TEXT, st.sampled_from(["udh8", "udh16", "sar"]))
def test_parts_fit(text: str, method: LongMessages) -> None:
    """No part takes more units than the radio has beside its header, and no text takes a part too many."""
    parts = cut(text, long_messages=method)
    encoding = Encoding(parts[0].data_coding)
    room = ROOM[encoding].part_udh16 if method == "udh16" else ROOM[encoding].part

    if len(parts) > 1:
        assert all(units(each, encoding) <= room for each in texts(parts))
        assert all(len(part.short_message) <= 140 or encoding is Encoding.GSM for part in parts)
    else:
        assert units(text, encoding) <= ROOM[encoding].single


@given(st.text(st.sampled_from("กน เx😀") | st.sampled_from("ำ้ี่์\u0301"), max_size=300))
def test_no_pair_is_parted(text: str) -> None:
    """No part begins with a mark or half a character, unless so many marks stand there that no part could hold them."""
    for each in texts(cut(text))[1:]:
        marks_before_a_base = len(each) - len(each.lstrip("ำ้ี่์\u0301"))

        assert "\ufffd" not in each
        assert marks_before_a_base == 0 or longest_run(text) >= 67


def longest_run(text: str) -> int:
    """Characters of the longest stretch of one base and its marks."""
    longest = run = 0
    for char in text:
        run = run + 1 if category(char) == "Mn" or char == "\u0e33" else 1 + (char == "😀")
        longest = max(longest, run)
    return longest


@given(GSM_TEXT)
def test_no_escape_pair_is_parted(text: str) -> None:
    """A part never ends in an escape, nor begins within a pair."""
    for part in cut(text):
        octets = received(part).octets

        assert alphabet.encode(alphabet.decode(octets)) == octets


@given(st.binary(), st.integers(0, 0xFF), st.integers(0, 0xFF), st.sampled_from(READINGS))
def test_any_part_decodes(octets: bytes, data_coding: int, esm_class: int, gsm: Gsm) -> None:
    """Whatever comes, it is some text."""
    one = piece({"data_coding": data_coding, "esm_class": esm_class, "short_message": octets}, {})

    assert isinstance(joined([one], gsm), str)


@given(st.dictionaries(st.sampled_from([0x20C, 0x20E, 0x20F, 0x424]), st.binary(max_size=4)))
def test_any_parameters_make_a_piece(tlvs: dict[int, bytes]) -> None:
    """Nonsense in sar_* leaves a message that stands alone."""
    one = piece({"data_coding": 0, "esm_class": 0}, tlvs)

    assert 1 <= one.number <= one.total


# ---- what others send


@pytest.mark.parametrize(
    ("coding", "name"),
    [
        (0x00, "gsm"), (0x01, "ascii"), (0x03, "latin-1"), (0x04, "binary"), (0x08, "utf-16-be"), (0x10, "gsm"),
        (0x14, "binary"), (0x18, "utf-16-be"), (0x1C, "binary"), (0xF0, "gsm"), (0xF3, "gsm"), (0xF5, "binary"),
        (0x0D, "binary"), (0xC0, "binary"),
    ],
)  # fmt: skip
def test_data_codings(coding: int, name: str) -> None:
    """The table of 5.2.19, and the groups of GSM 03.38 behind it."""

    assert codec(coding) == name


def test_a_header_with_ports_and_reference() -> None:
    """Other elements of a header are stepped over."""
    octets = bytes.fromhex("0b 05 04 158a 0000 00 03 2a 02 01".replace(" ", "")) + b"hi"
    one = piece({"data_coding": 0, "esm_class": 0x40, "short_message": octets}, {})

    assert one == Piece(0, b"hi", 0x2A, 1, 2)


def test_a_surrogate_pair_cut_by_a_stranger_is_joined() -> None:
    """Octets are joined before they are read."""
    octets = "x😀".encode("utf-16-be")
    pieces = [Piece(8, octets[:4], 1, 1, 2), Piece(8, octets[4:], 1, 2, 2)]

    assert joined(pieces) == "x😀"


# ---- judges


@given(GSM_TEXT)
def test_gsm0338_judges_the_alphabet(text: str) -> None:
    """The same octets, and the same text back, as the library gsm0338."""
    judge = gsm0338.Codec()

    assert alphabet.encode(text) == judge.encode(text)[0]
    assert alphabet.decode(alphabet.encode(text)) == judge.decode(alphabet.encode(text))[0] == text


# smpplib holds ` to be 0x5F, which is §, and does not know the form feed: there gsm0338 is the better judge.
@given(st.text(st.sampled_from(sorted(set(SEPTET_CHARS) - set("\f§"))), min_size=1, max_size=160))
def test_smpplib_judges_what_fits_one_part(text: str) -> None:
    """Where nothing needs cutting, smpplib writes the same octets under the same data_coding."""
    parts = cut(text)
    judged, data_coding, _ = smpplib.gsm.make_parts(text)

    if len(parts) == 1 and len(judged) == 1:
        assert (parts[0].short_message, parts[0].data_coding) == (judged[0], data_coding)


@given(st.text(st.sampled_from("abc xyz0189"), min_size=161, max_size=600))
def test_smpplib_judges_parts_of_plain_letters(text: str) -> None:
    """Where nothing can be parted wrongly, smpplib cuts at the same places; only its reference is its own."""
    ours = [part.short_message[6:] for part in cut(text)]
    theirs = [part[6:] for part in smpplib.gsm.make_parts(text)[0]]

    assert ours == theirs
