"""Messages by card in memory: whatever was noted is found, in its order, however the leaves were cut."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_alert.store import leaves
from iso_alert.store.leaves import Entry, Leaves

CARDS = st.one_of(st.integers(0, 5), st.integers(0, 2**40))


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterable[None]:
    """Four are many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaves, "MOST", 4 * leaves.MOST // 64)
        patch.setattr(leaves, "LEAST", leaves.MOST // 4)
        yield


def messages(cards: Iterable[int], first: int = 1) -> list[Entry]:
    return [(card, id_, id_ % 7) for id_, card in enumerate(cards, first)]


def noted(of: Leaves, *batches: Sequence[Entry]) -> Leaves:
    for batch in batches:
        of.note(batch)
    return of


@settings(max_examples=300)
@given(st.lists(st.lists(CARDS, max_size=40), max_size=8), st.lists(CARDS, max_size=200), st.lists(CARDS, max_size=5))
def test_what_is_noted_is_found(batches: list[list[int]], later: list[int], others: list[int]) -> None:
    """By its card, and among all; also where the leaves are cut as those before were."""
    first = noted(Leaves(), *(messages(batch, 1000 * n + 1) for n, batch in enumerate(batches)))
    second = noted(first.like_this(), messages(later))
    for one, all_ in (
        (first, [entry for n, batch in enumerate(batches) for entry in messages(batch, 1000 * n + 1)]),
        (second, messages(later)),
    ):
        with_card = [entry for entry in all_ if entry[0]]
        assert [*one] == sorted(with_card)
        assert one.count == len(all_)
        for card in {*(card for card, *_ in with_card), *others} - {0}:
            of_card = [entry for entry in with_card if entry[0] == card]
            assert [one.of(card, most) for most in (1, 3, 1000)] == [of_card[-most:] for most in (1, 3, 1000)]


def test_leaves_stay_small() -> None:
    """A leaf is looked through for every question."""
    one = noted(Leaves(), messages(n * 7919 % 1000 for n in range(3000)))

    assert max(map(len, one._leaves)) < 2 * leaves.MOST
    assert len(one._leaves) > 500


def test_a_card_that_never_rests_has_a_leaf_to_itself() -> None:
    """It cannot be cut, and is not looked at for that with each of its messages."""
    one = noted(Leaves(), messages([2, 1, 3]), messages([2] * 1000, 10))
    looked: list[int] = []

    def sorted_(of: Iterable[Entry]) -> list[Entry]:
        looked.append(1)
        return sorted(of)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaves, "sorted", sorted_, raising=False)
        one.note(messages([2] * 1000, 2000))

    assert (len(looked), len(one.of(2, 9999)), one.of(1, 9), one.of(3, 9)) == (1, 2001, [(1, 2, 2)], [(3, 3, 3)])


def test_cuts_that_nobody_needs_are_forgotten() -> None:
    """Cards change over the years; what is cut must not become more and more."""
    one = Leaves()
    for year in range(20):
        one = noted(one.like_this(), messages(1 + year * 10_000 + n for n in range(1000)))

    assert len(one._leaves) <= 1001  # half of them of the year before
