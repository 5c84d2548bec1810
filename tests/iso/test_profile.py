"""Profiles: every shipped one can be read, and a wrong one names all its faults."""

from pathlib import Path

import pytest

from iso_alert import shipped
from iso_alert.domain.channel import read_channel_rules
from iso_alert.domain.event import read_event_rules
from iso_alert.iso.dialect import dialect
from iso_alert.iso.framing import PRESETS
from iso_alert.iso.kept import KEPT, KEPT_93, SENSITIVE
from iso_alert.iso.profile import Place, Profile, Said, read_profile
from iso_alert.iso.tables import BadTable
from tests.iso.messages import PROFILES, speak


def test_all_are_known() -> None:
    """A profile that nobody tests would be found out by its first host."""
    shipped_names = {path.stem for path in (shipped.SPECS / "profiles").glob("*.toml")}

    assert shipped_names == set(PROFILES)


@pytest.mark.parametrize("name", PROFILES)
def test_shipped(name: str) -> None:
    """It can be read, keeps nothing sensitive, and its own rows fit the tables."""
    profile = read_profile(name)
    read_event_rules(profile.event)
    read_channel_rules(profile.channel)

    assert not profile.kept & SENSITIVE
    assert set(profile.echo) <= profile.kept


def test_what_is_kept_is_not_sensitive() -> None:
    """The two lists share nothing."""
    assert not (KEPT | KEPT_93) & SENSITIVE


def test_every_fault_at_once(tmp_path: Path) -> None:
    """Keys, names, places and codes are judged in one breath, with the path."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.toml").write_text(
        """
        say = "wrong in every way"
        spec = "nowhere"
        framing = "binary3"
        charset = "klingon"
        colour = "blue"
        """,
        encoding="utf-8",
    )
    with pytest.raises(BadTable) as bad:
        read_profile("mine", tmp_path)

    report = str(bad.value)
    for words in ("nowhere.toml", "binary3", "klingon", "colour"):
        assert words in report


def test_no_profile_can_name_a_sensitive_field(tmp_path: Path) -> None:
    """An invoice in DE48 or an echo of DE35 would carry out what must stay in."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.toml").write_text(
        """
        say = "greedy"
        spec = "iso87-ascii"
        echo = ["11", "35"]
        invoice = { field = "48" }
        mcc = { field = "55" }
        indicator = [{ field = "60", values = { 1 = "telepathy" } }]
        """,
        encoding="utf-8",
    )
    with pytest.raises(BadTable) as bad:
        read_profile("mine", tmp_path)

    report = str(bad.value)
    for words in ("field 35 is never echoed", "field 48 is sensitive", "field 55 does not leave", "'telepathy'"):
        assert words in report


def test_ranges_of_codes() -> None:
    """1993 approves with any code from 000 to 099."""
    approved = read_profile("iso93-ascii").approved

    assert (len(approved), "000" in approved, "099" in approved, "100" in approved) == (100, True, True, False)


@pytest.mark.parametrize(
    ("profile", "said", "mti_class", "code"),
    [
        ("iso87-ascii", Said.RECORDED, "4", "00"),
        ("iso87-ascii", Said.FORMAT_ERROR, "2", "30"),
        ("iso87-ascii", Said.NOT_OFFERED, "6", "12"),
        ("iso87-ascii", Said.NOT_SIGNED_ON, "1", "91"),
        ("iso87-ascii", Said.NOT_RECORDED, "1", "96"),
        ("iso93-ascii", Said.RECORDED, "1", "000"),
        ("iso93-ascii", Said.RECORDED, "4", "400"),
        ("iso93-ascii", Said.RECORDED, "8", "800"),
        ("iso93-ascii", Said.FORMAT_ERROR, "4", "904"),
    ],
)
def test_codes(profile: str, said: Said, mti_class: str, code: str) -> None:
    """DE39 of an answer."""
    assert read_profile(profile).codes.code(said, mti_class) == code


def test_place() -> None:
    """Positions count from 1, as specifications count; what is not listed is nothing."""
    fields = {"61": "00030000"}

    assert Place("61", 4, 1, {"3": "moto"}).of(fields) == "moto"
    assert Place("61", 1, 1, {"3": "moto"}).of(fields) == ""
    assert Place("62").of(fields) == ""


def test_a_link_changes_what_it_names() -> None:
    """Framing by name, charset and the rest in place of the profile's; None leaves it."""
    spoken = speak(framing="ascii4", charset="utf-8", currency=None, echo_pan=False)

    assert (spoken.framing, spoken.charset) == (PRESETS["ascii4"], "utf-8")
    assert (spoken.currency, spoken.echo_pan) == ("764", False)


def test_enrolment_keeps_the_record() -> None:
    """DE120 holds a mobile number: it leaves the codec only where enrolment is wanted."""
    assert "120" in speak(enrolment=True).kept
    assert "120" not in speak().kept


def test_a_profile_of_a_deployment(tmp_path: Path) -> None:
    """A directory before the shipped one may add a host with three lines."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.toml").write_text('say = "ours"\nspec = "iso87-ascii"\n', encoding="utf-8")
    profile = read_profile("mine", tmp_path)

    assert isinstance(profile, Profile)
    assert dialect("x", profile).framing.name == "binary2"
