"""Whatever happens to messages on their way, a cardholder ends up knowing what became of the money."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.threads.lives import BEGINS_WITH, WINDOW, Act, Payment, as_toml, lives, story_of, told_of
from tests.threads.player import Manner, Played, play
from tests.threads.stage import Texts
from tests.threads.story import Story

WITHIN = st.lists(st.sampled_from((0.0, 0.0, 1.5, 2.5, 3.5, 4.9)), min_size=20, max_size=20)
AWAY = st.none() | st.tuples(  # how the operator leaves, when, and for how long
    st.sampled_from(("away", "hangs up")), st.integers(0, 90), st.integers(1, 700)
)
SOME = st.sets(st.integers(0, 19), max_size=3).map(sorted)
MANNERS = st.builds(
    Manner,
    room=st.sampled_from((0, 50)),
    copies=st.booleans(),
    late_copies=st.booleans(),
    restart_before=SOME,
    killed_after=SOME,
)
slowly = settings(deadline=None, max_examples=40)  # on a busy disk each costs half a second


def played(story: Story, manner: Manner) -> Played:
    note(f"{manner}\n{as_toml(story)}")
    with TemporaryDirectory() as directory:
        seen = play(story, Path(directory) / "life.db", manner)
    note(f"{seen.sms}\n{seen.reasons}")
    return seen


@given(lives(), WITHIN, AWAY, MANNERS)
@slowly
def test_a_cardholder_knows(
    life: Sequence[Payment], delays: Sequence[float], away: tuple[str, float, float] | None, manner: Manner
) -> None:
    """What was told as paid less what was told as reversed is what a payment came to, and was never absurd between.

    Nobody reads "Reversed" without "Paid" before it, nor of more than was paid; no message is told twice, whatever is
    repeated; the SMS of a card leave in order, and none stays behind.
    """
    seen = played(story_of(life, delays, away=away), manner)
    read, sums = told_of(seen.read), {one.shop: one.satang for one in life}

    assert {one.shop: one.net for one in life if one.told} == {shop: sum(told) for shop, told in read.items()}
    assert all(0 <= stands <= sums[shop] for shop, told in read.items() for stands in accumulate(told))
    assert (seen.told_twice, seen.in_order, seen.open) == (0, True, 0)
    assert all(one.repeat for one in seen.repeats)


@given(lives(), WITHIN, MANNERS)
@slowly
def test_delays_change_nothing(life: Sequence[Payment], delays: Sequence[float], manner: Manner) -> None:
    """Within the window the same SMS go, whichever message came first.

    But for the minute: of two cancellations the one that comes first is told.
    """
    plain = [one for one in life if one.plain]
    on_time, late = played(story_of(plain), Manner()), played(story_of(plain, delays), manner)

    assert _but_for_the_minute(on_time.sms) == _but_for_the_minute(late.sms)


def _but_for_the_minute(sms: Texts) -> dict[str, Counter[str]]:
    return {to: Counter(text.rpartition(" ")[0] for text in texts) for to, texts in sms.items()}


@given(lives(most=2), st.integers(int(WINDOW) + 1, 600), MANNERS)
@slowly
def test_too_late(life: Sequence[Payment], late: int, manner: Manner) -> None:
    """A payment that comes long after its only cancellation is not told any more: "Reversed" alone, and once."""
    overtaken = [one for one in life if one.acts[-1][1] in (Act.VOID, Act.REVERSAL)]
    story = story_of(overtaken, late=dict.fromkeys(BEGINS_WITH, 600.0 + late))

    read = told_of(played(story, manner).sms)

    assert {one.shop: [-one.satang] for one in overtaken if one.told} == read
