"""A card number goes in, and a token and four digits come out."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_alert.domain.card import BadPan, Keyring, WeakKey, luhn
from tests.support.bank import KEY, KEYRING, OLDER_KEY

PAN = "4111111111111111"


def test_a_token_is_a_keyed_digest_of_the_whole_number() -> None:
    """Four bytes that name the key, and HMAC-SHA-256: without the key nobody can try all numbers."""
    token = KEYRING.card(PAN).token

    assert token[4:] == hmac.digest(KEY, PAN.encode(), "sha256")
    assert token[:4].hex() == KEYRING.names[0]


def test_a_card_prints_its_last_four_digits() -> None:
    """And no way of printing it shows more (T-02)."""
    card = KEYRING.card(PAN)

    assert str(card) == "*1111"
    assert repr(card) == "Card(last4='1111')"


def test_a_keyring_prints_no_key() -> None:
    """Neither as text nor as bytes."""
    assert KEY.hex() not in repr(KEYRING)
    assert repr(KEY) not in repr(KEYRING)


def test_two_keys_are_readable_and_the_newest_writes() -> None:
    """Look-ups try both; a card under the older key alone has its token among those of both."""
    both, old = Keyring((KEY, OLDER_KEY)), Keyring((OLDER_KEY,))

    assert both.card(PAN).token == KEYRING.card(PAN).token
    assert old.card(PAN).token in both.card(PAN).tokens


@given(st.from_regex(r"[0-9]{12,19}", fullmatch=True), st.from_regex(r"[0-9]{12,19}", fullmatch=True))
def test_two_numbers_are_two_tokens(one: str, other: str) -> None:
    """And one is one."""
    assert (KEYRING.card(one).token == KEYRING.card(other).token) == (one == other)


@pytest.mark.parametrize("pan", ["", "4" * 11, "4" * 20, "4111 1111 1111 1111", "411111111111111x", "٤" * 16, "²" * 16])
def test_what_is_no_number_is_refused_without_showing_it(pan: str) -> None:
    """The text of the exception may be logged."""
    with pytest.raises(BadPan) as refused:
        KEYRING.card(pan)

    assert not pan or pan not in str(refused.value)


@pytest.mark.parametrize("keys", [(), (b"",), (KEY[:31],), (b"\0" * 32,), (bytes(range(32)),), (KEY, b"short")])
def test_a_weak_key_makes_no_keyring(keys: tuple[bytes, ...]) -> None:
    """None, short, or a sample (T-03)."""
    with pytest.raises(WeakKey):
        Keyring(keys)


@pytest.mark.parametrize("pan", [PAN, "5555555555554444", "378282246310005", "6221260000000000", "79927398713"])
def test_the_check_digit(pan: str) -> None:
    """Every digit counts: one that is changed is found."""
    assert luhn(pan)
    assert not any(luhn(pan[:at] + str((int(pan[at]) + 1) % 10) + pan[at + 1 :]) for at in range(len(pan)))
