"""Names of shops, in the charsets and cuts of the field."""

from pathlib import Path

import pytest

from iso_alert.iso.merchant import CHARSETS, MccWords, acceptor, read_directory, read_mcc_words
from iso_alert.iso.tables import BadTable

SHOP = "ร้านส้มตำ"


def visa(name: bytes, country: bytes = b"TH") -> str:
    return (name[:25].ljust(25) + b"BANGKOK".ljust(13) + country).decode("latin-1")


@pytest.mark.parametrize(
    ("raw", "charset", "name"),
    [
        (visa(b"COMPANY NAME"), "ascii", "COMPANY NAME"),
        (visa(SHOP.encode("cp874")), "tis-620", SHOP),
        (visa("ร้านส้มตำ".encode()), "utf-8", "ร้านส้มต"[:8]),
        (visa(b"CAF\xc9"), "latin-1", "CAFÉ"),
        (visa(b"CAF\xc9"), "ascii", "CAF"),
        (visa("SHOP!".encode("cp037").ljust(25, b"\x40")), "cp037", "SHOP!"),
        (visa("SHOP!".encode("cp500").ljust(25, b"\x40")), "cp500", "SHOP!"),
        (visa(b"BILL.XBOX.COM"), "ascii", "BILL XBOX COM"),
        (visa(b"A\x00B\x1bC"), "ascii", "A B C"),
        (visa(b""), "ascii", "-"),
        ("", "ascii", "-"),
    ],
)
def test_name(raw: str, charset: str, name: str) -> None:
    """Cut first, decoded after, cleaned last; a character that the cut went through is left out."""
    assert acceptor(raw, "visa", charset)[0] == name


@pytest.mark.parametrize(
    ("layout", "raw", "expected"),
    [
        ("visa", visa(b"SHOP", b"SG"), ("SHOP", False)),
        ("visa", visa(b"SHOP", b"th"), ("SHOP", True)),
        ("visa", visa(b"SHOP", b"  "), ("SHOP", True)),
        ("visa", visa(b"SHOP", b"00"), ("SHOP", True)),
        ("mastercard", "SHOP".ljust(22) + " " + "TOKYO".ljust(13) + " " + "JPN", ("SHOP", False)),
        ("mastercard", "SHOP".ljust(22) + " " + "BANGKOK".ljust(13) + " " + "THA", ("SHOP", True)),
        ("iso93", "SHOP\\1 ROAD\\BANGKOK\\10110     001THA", ("SHOP", True)),
        ("iso93", "SHOP\\1 ROAD\\LYON\\69001     ARAFRA", ("SHOP", False)),
        ("iso93", "SHOP WITHOUT ANY STROKES", ("SHOP WITHOUT ANY STROKES", True)),
        ("name", "NOTHING BUT A NAME, AND A LONG ONE", ("NOTHING BUT A NAME, AND A LONG ONE", True)),
    ],
)
def test_layout(layout: str, raw: str, expected: tuple[str, bool]) -> None:
    """Where the name ends and whether the shop is at home."""
    assert acceptor(raw, layout, "ascii") == expected


@pytest.mark.parametrize("charset", CHARSETS)
def test_any_bytes_in_any_charset(charset: str) -> None:
    """No byte in a name costs the message."""
    for raw in (bytes(range(256)), bytes(range(128, 256)), b"\xe0\xb8"):
        acceptor(raw.decode("latin-1"), "visa", charset)


def test_mcc_words() -> None:
    """Ranges, single codes, and what no range has."""
    words = read_mcc_words()

    assert [words.of(code) for code in ("5812", "3000", "3299", "5411")] == [
        "Restaurant",
        "Airline",
        "Airline",
        "Supermarket",
    ]
    assert [words.of(code) for code in ("", "0000", "9999", "58", "5412")] == ["-"] * 5
    assert MccWords().of("5812") == "-"


def test_bad_mcc_words(tmp_path: Path) -> None:
    """Ranges that overlap, words that are too long, codes that are none: all at once."""
    (tmp_path / "mcc.toml").write_text(
        '[mcc]\n5800-5820 = "A"\n5812 = "B"\n58 = "C"\n5900 = "Far too many words for it"\n', encoding="utf-8"
    )
    with pytest.raises(BadTable) as bad:
        read_mcc_words(tmp_path)

    assert len(bad.value.faults) == 3


def test_directory(tmp_path: Path) -> None:
    """A table of names; a name that is no text is told."""
    (tmp_path / "good.toml").write_text('[merchant]\nEDC00042 = "SHOP"\n', encoding="utf-8")
    (tmp_path / "bad.toml").write_text("[merchant]\nEDC00042 = 1\n", encoding="utf-8")

    assert read_directory(tmp_path / "good.toml") == {"EDC00042": "SHOP"}
    with pytest.raises(BadTable):
        read_directory(tmp_path / "bad.toml")
