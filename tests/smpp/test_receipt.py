"""Receipts in the forms in which operators write them, and ids in the forms in which they spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.smpp.receipt import MessageState, Receipt, id_forms, read_receipt, read_text

APPENDIX_B = (
    "id:IIIIIIIIII sub:001 dlvrd:001 submit date:2611230815 done date:2611230816 stat:DELIVRD err:000 text:Paid"
)


def receipt(text: str | bytes, tlvs: dict[int, bytes] | None = None, esm_class: int = 4) -> Receipt | None:
    octets = text if isinstance(text, bytes) else text.encode("latin-1")
    return read_receipt({"esm_class": esm_class, "short_message": octets}, tlvs or {})


def test_the_standards_own() -> None:
    """Appendix B, word for word."""

    assert receipt(APPENDIX_B) == Receipt("IIIIIIIIII", MessageState.DELIVERED, "000", "2611230815", "2611230816")


@pytest.mark.parametrize(
    ("text", "message_id", "state", "error"),
    [
        ("id:0000436949 submit date:2611230815 stat:DELIVRD err:000", "0000436949", "DELIVRD", "000"),
        ("ID: 4D19C83C STAT: UNDELIV ERR: 027", "4D19C83C", "UNDELIV", "027"),
        ("id=77 status=Delivered error=0", "77", "DELIVRD", "0"),
        ("stat:EXPIRED err:001 id:abc-1", "abc-1", "EXPIRED", "001"),
        ("msgid:9 stat:REJECTED", "9", "REJECTD", ""),
        ("message_id:9, stat:DELETED, err:1", "9", "DELETED", "1"),
        ("id:1 sub:001 submit_date:26-11-23 08:15:00 done_date:26-11-23 08:16:00 stat:ACCEPTD", "1", "ACCEPTD", ""),
        ("id:1 stat:ENROUTE", "1", "ENROUTE", ""),
        ("id:1 stat:Undeliverable err:12", "1", "UNDELIV", "12"),
        ("id:1 stat:FAILED", "1", "UNDELIV", ""),
        ("id:1 stat:BUFFRED", "1", "ENROUTE", ""),
        ("id:1 stat:what", "1", "UNKNOWN", ""),
        ("id:1 stat:DELIVRD err:000\0", "1", "DELIVRD", "000"),
        ("id:\"1\" stat:DELIVRD", "1", "DELIVRD", ""),
        ("id:1\nstat:DELIVRD\nerr:000", "1", "DELIVRD", "000"),
        ("id:6a3ed98a-6644-4e8a-bac3-acd9bba8656f stat:DELIVRD", "6a3ed98a-6644-4e8a-bac3-acd9bba8656f", "DELIVRD", ""),
        ("id:1 stat:DELIVRD text:id:2 stat:UNDELIV", "1", "DELIVRD", ""),
        ("nothing of use", "", "UNKNOWN", ""),
        ("", "", "UNKNOWN", ""),
    ],
)  # fmt: skip
def test_forms_seen(text: str, message_id: str, state: str, error: str) -> None:
    """Any order, any case, any separator; and what the customer wrote after `text:` is never read."""
    seen = receipt(text)

    assert seen is not None
    assert (seen.message_id, seen.state.value, seen.error) == (message_id, state, error)


def test_parameters_come_before_the_text() -> None:
    """Where both speak, the parameters are right, and the text's id is kept beside, for the other spelling."""
    seen = receipt("id:1293535292 stat:UNDELIV", {0x1E: b"4D19C83C\0", 0x427: b"\x02", 0x423: bytes((3, 0, 27))})

    assert seen == Receipt("4D19C83C", MessageState.DELIVERED, "3:27", text_id="1293535292")


def test_parameters_alone() -> None:
    """A receipt without a word of text."""

    assert receipt("", {0x1E: b"77", 0x427: b"\x05"}) == Receipt("77", MessageState.UNDELIVERABLE)


def test_text_in_the_payload() -> None:
    """message_payload takes the place of short_message."""

    assert receipt("", {0x424: b"id:7 stat:DELIVRD"}) == Receipt("7", MessageState.DELIVERED)


def test_text_as_ucs2() -> None:
    """A few SMSCs write their receipts in UCS-2."""

    assert receipt("id:7 stat:DELIVRD".encode("utf-16-be")) == Receipt("7", MessageState.DELIVERED)


@pytest.mark.parametrize(
    ("esm_class", "is_one"), [(0x04, True), (0x44, True), (0x07, True), (0, False), (0x08, False), (0x20, False)]
)
def test_which_deliver_sm_is_a_receipt(esm_class: int, is_one: bool) -> None:
    """Bits 5 to 2 of esm_class alone tell it (5.2.12)."""

    assert (receipt(APPENDIX_B, esm_class=esm_class) is not None) is is_one


def test_only_the_last_word_is_final() -> None:
    """A message on its way will be heard of again."""

    assert [state.value for state in MessageState if not state.final] == ["SCHEDULED", "ENROUTE", "ACCEPTD"]


@given(st.binary(max_size=300), st.dictionaries(st.sampled_from([0x1E, 0x423, 0x427, 0x424]), st.binary(max_size=30)))
def test_any_octets_are_a_receipt(text: bytes, tlvs: dict[int, bytes]) -> None:
    """Nonsense names no message and knows no state, and that is all."""

    assert isinstance(receipt(text, tlvs), Receipt)


@given(st.text())
def test_any_text_has_keys(text: str) -> None:
    """The text after `text:` cannot add a key."""

    assert read_text("id:1 text:" + text) == {"id": "1"}


@given(
    st.from_regex(r"\A[0-9A-Za-z-]{1,12}\Z"),
    st.sampled_from(["DELIVRD", "Delivered", "UNDELIV", ""]),
    st.from_regex(r"\A[0-9A-Fa-f]{0,4}\Z"),
    st.text(st.characters(max_codepoint=0xFF), max_size=30),
)
def test_the_usual_text_is_read_as_any_other(message_id: str, state: str, error: str, rest: str) -> None:
    """It has a way of its own, which a blank before it takes away."""
    dates = "submit date:2611230815 done date:2611230816"
    text = f"id:{message_id} sub:001 dlvrd:001 {dates} stat:{state} err:{error} text:{rest}"

    assert read_text(text) == read_text(" " + text)


# ---- ids


@pytest.mark.parametrize(
    ("message_id", "forms"),
    [
        ("4D19C83C", ("4D19C83C", "4d19c83c", "1293535292")),
        ("0000ABC", ("0000ABC", "0000abc", "abc", "2748")),
        ("2748", ("2748", "abc", "10056")),
        ("000", ("000", "0")),
        ("", ()),
        ("6a3ed98a66444e8abac3acd9bba8656f", ("6a3ed98a66444e8abac3acd9bba8656f",)),  # beyond 64 bits nobody converts
        ("abc-1", ("abc-1",)),
        (" X ", (" X ", "x")),
    ],
)
def test_forms_of_an_id(message_id: str, forms: tuple[str, ...]) -> None:
    """Raw first, then the surer before the less sure."""

    assert id_forms(message_id) == forms


@given(st.integers(0, 2**63 - 1), st.integers(0, 20))
def test_spellings_of_one_number_meet(number: int, zeros: int) -> None:
    """Hex or decimal, upper or lower, with zeros or without: some form is the same."""
    spellings = [f"{number:X}", f"{number:x}", str(number), f"{number:0{zeros}X}", f"{number:0{zeros}}"]

    assert all(set(id_forms(one)) & set(id_forms(other)) for one in spellings for other in spellings)


@given(st.text())
def test_any_id_has_forms(message_id: str) -> None:
    """The raw form comes first, no form comes twice, and none is empty."""
    forms = id_forms(message_id)

    assert len(set(forms)) == len(forms)
    assert all(forms)
    assert not message_id or forms[0] == message_id
