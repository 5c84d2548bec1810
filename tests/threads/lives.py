"""Random lives of several cards, as a sane host would tell them, and what their cardholders must end up knowing.

A payment has a shop of its own, so that every SMS can be told by its merchant.  Its acts are drawn from what may follow
what: nothing is cancelled that does not stand, only what is voided is taken back.  `Payment.net` is what the payment
costs in the end: what was told as paid, less what was told as reversed, must come to the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum

from attrs import Factory, define, evolve, frozen
from hypothesis import strategies as st

from tests.threads.story import BANGKOK, BEGINS, Step, Story

BEGAN = BEGINS.replace(tzinfo=BANGKOK).timestamp()
WINDOW = 5.0  # seconds that a cancellation waits for its original
THRESHOLD = {"gold": 100_000, "thai": 100_000, "debit": 1}  # satang


class Act(Enum):
    """What may become of a payment."""

    SALE = "sale"
    HOLD = "hold"
    PHONE = "phone"
    COMPLETION = "completion"
    SLIP = "slip"
    PARTIAL = "partial"
    VOID = "void"
    REVERSAL = "reversal"
    TAKEN_BACK = "taken back"
    SECOND_VOID = "second void"
    SECOND_REVERSAL = "second reversal"


_A = Act
BEGINS_WITH = (_A.SALE, _A.SALE, _A.SALE, _A.HOLD, _A.PHONE)
CANCELS = frozenset({_A.VOID, _A.REVERSAL, _A.PARTIAL})
FOLLOWS: Mapping[Act, Sequence[Act]] = {
    _A.SALE: (_A.PARTIAL, _A.VOID, _A.REVERSAL),
    _A.HOLD: (_A.PARTIAL, _A.REVERSAL, _A.COMPLETION),
    _A.PHONE: (_A.SLIP, _A.REVERSAL),
    _A.COMPLETION: (_A.PARTIAL, _A.VOID, _A.REVERSAL),
    _A.SLIP: (_A.PARTIAL, _A.VOID, _A.REVERSAL),
    _A.PARTIAL: (_A.PARTIAL, _A.VOID, _A.REVERSAL),
    _A.VOID: (_A.TAKEN_BACK, _A.SECOND_VOID, _A.SECOND_REVERSAL),
    _A.REVERSAL: (_A.SECOND_REVERSAL, _A.SECOND_VOID),
    _A.TAKEN_BACK: (_A.PARTIAL, _A.VOID, _A.REVERSAL),
    _A.SECOND_VOID: (),
    _A.SECOND_REVERSAL: (),
}
LOOKS = {_A.HOLD: {"25": "06"}, _A.PHONE: {"25": "08", "22": "012"}}  # of a payment and all that is said of it
# What a host may say right after something else, so that it overtakes it.  The rest comes when
# people have done something: a completion with the goods, the void of one when somebody has looked at the receipt.
# Three and more may overtake each other.
CLOSE: Mapping[Act, Sequence[Act]] = {
    **dict.fromkeys((_A.SALE, _A.HOLD, _A.PHONE), (_A.PARTIAL, _A.VOID, _A.REVERSAL)),
    _A.PARTIAL: (_A.PARTIAL, _A.REVERSAL),
    _A.VOID: FOLLOWS[_A.VOID],
    _A.REVERSAL: FOLLOWS[_A.REVERSAL],
}
ENOUGH = 5  # acts of a payment; the parts of four are less than the least sum


class Names(Enum):
    """How a host names the message it cancels."""

    ORIGINAL_DATA = "DE90"
    RRN = "DE37"
    BOTH = "DE90 and DE37"
    ZEROS = "DE90 of zeros, and DE37"
    STAN = "DE11, as a terminal repeats it; what has a STAN of its own: DE37"


@frozen
class Payment:
    """Its acts, each with its time (seconds since the beginning)."""

    number: int
    card: str
    satang: int
    names: Names
    acts: Sequence[tuple[float, Act]]
    parts: Sequence[int] = ()  # satang that each partial reversal gives back

    @property
    def shop(self) -> str:
        return f"SHOP {self.number:02}"

    @property
    def told(self) -> bool:
        """Whether the policy promises an SMS for it."""
        by_phone = self.acts[0][1] is Act.PHONE
        return self.satang >= THRESHOLD[self.card] and not (by_phone and self.card == "debit")

    @property
    def net(self) -> int:
        """What it costs in the end, in satang."""
        stands, parts, given = True, iter(self.parts), 0
        for _, act in self.acts:
            if act is Act.PARTIAL:
                given += next(parts)
            elif act in (Act.VOID, Act.REVERSAL):
                stands = False
            elif act is Act.TAKEN_BACK:
                stands = True
        return self.satang - given if stands else 0

    @property
    def plain(self) -> bool:
        """Cancelled at most once, and that not taken back: whatever the delays, the same SMS go.

        A void that comes after what takes it back is not told, nor is that; in their order both are.
        """
        acts = [act for _, act in self.acts]
        return sum(act in CANCELS for act in acts) <= 1 and Act.TAKEN_BACK not in acts


@st.composite
def payments(draw: st.DrawFn, number: int, most: int = ENOUGH) -> Payment:
    """A payment and what follows."""
    card = draw(st.sampled_from(sorted(THRESHOLD)))
    satang = draw(st.sampled_from((60_000, 90_000, 150_000, 300_000, 700_000))) + number
    at = draw(st.integers(0, 60)) * 1.0
    acts = [(at, draw(st.sampled_from(BEGINS_WITH)))]
    parts: list[int] = []
    for _ in range(draw(st.integers(0, most - 1))):
        if not (nexts := FOLLOWS[acts[-1][1]]):
            break
        act = draw(st.sampled_from(nexts))
        close = act in CLOSE.get(acts[-1][1], ())
        at += draw(st.sampled_from((1.0, 2.0, 3.0, 20.0, 600.0) if close else (20.0, 600.0)))
        acts.append((at, act))
        if act is Act.PARTIAL:
            parts.append(draw(st.sampled_from((5_000, 10_000))))
    return Payment(number, card, satang, draw(st.sampled_from(Names)), acts, parts)


@st.composite
def lives(draw: st.DrawFn, most: int = ENOUGH) -> list[Payment]:
    """Up to four payments of three cards, side by side."""
    return [draw(payments(number, most)) for number in range(1, draw(st.integers(1, 4)) + 1)]


@define
class _Writer:
    """Writes the messages of one payment."""

    of: Payment
    stan: int = 0
    given: int = 0
    parts: Iterator[int] = Factory(lambda: iter(()))
    named: dict[Act, tuple[str, int, float]] = Factory(dict)  # MTI, STAN and time of acts that may be cancelled

    def steps(self) -> Iterator[Step]:
        self.stan, self.parts = self.of.number * 100, iter(self.of.parts)
        for at, act in self.of.acts:
            self.stan += 1
            mti, more = self._said(act)
            fields = {
                "11": str(self.stan),
                "37": self._rrn,
                "38": f"A{self.of.number:05}",
                "4": sum_of(self.of.satang),
                "43": f"{self.of.shop}/BANGKOK/TH",
                **LOOKS.get(self.of.acts[0][1], {}),
                **more,
            }
            self.named[act] = (mti, self.stan, at)
            yield Step(BEGAN + at, BEGAN + at, fields, send=mti, card=self.of.card, name=f"{self.of.shop} {act.value}")

    @property
    def _rrn(self) -> str:
        return f"6327{self.of.number:08}"

    def _said(self, act: Act) -> tuple[str, dict[str, str]]:
        match act:
            case Act.SALE:
                return "0200", {}
            case Act.HOLD:
                return "0100", {}
            case Act.PHONE:
                return "0100", {}
            case Act.COMPLETION | Act.SLIP:
                return "0220", {}
            case Act.PARTIAL:
                self.given += next(self.parts)
                return "0420", {"95": sum_of(self.of.satang - self.given), **self._names(self._payment)}
            case Act.VOID | Act.SECOND_VOID:
                return "0200", {"3": "023000", **self._names(self._payment)}
            case Act.REVERSAL | Act.SECOND_REVERSAL:
                return "0400", self._names(self._payment, repeats=True)
            case Act.TAKEN_BACK:
                return "0400", {"3": "023000", **self._names(Act.VOID, repeats=True)}

    @property
    def _payment(self) -> Act:
        """The newest message that took the money."""
        return next(act for act in (Act.COMPLETION, Act.SLIP, Act.SALE, Act.HOLD, Act.PHONE) if act in self.named)

    def _names(self, act: Act, repeats: bool = False) -> dict[str, str]:
        """`repeats`: it is a reversal, which may have its original's STAN."""
        mti, stan, at = self.named[act]
        sent = datetime.fromtimestamp(BEGAN + at, UTC).strftime("%m%d%H%M%S")
        said = f"{mti} {stan} {sent} 12345"
        nothing = {"37": "", "38": ""}
        match self.of.names:
            case Names.ORIGINAL_DATA:
                return {**nothing, "90": said}
            case Names.STAN if repeats:
                return {**nothing, "11": str(stan)}
            case Names.RRN | Names.STAN:
                return {**nothing, "37": self._rrn}
            case Names.BOTH:
                return {"90": said}
            case Names.ZEROS:
                return {"90": "zeros"}


def sum_of(satang: int) -> str:
    return f"{satang // 100}.{satang % 100:02}"


def story_of(
    life: Sequence[Payment],
    delays: Sequence[float] = (),
    late: Mapping[Act, float] = {},
    away: tuple[str, float, float] | None = None,
) -> Story:
    """The messages as they arrive, the n-th late by its delay, and every act by its own.

    `away`: how the operator leaves (see `story`), when, and for how long.
    """
    said = ((act, step) for one in life for (_, act), step in zip(one.acts, _Writer(one).steps(), strict=True))
    on_time = sorted(said, key=lambda one: one[1].at)
    more = [*delays, *[0.0] * len(on_time)]
    steps = [evolve(step, at=step.at + more[n] + late.get(act, 0.0)) for n, (act, step) in enumerate(on_time)]
    if away:
        how, after, lasts = away
        leaves, returns = BEGAN + after, BEGAN + after + lasts
        steps += [Step(leaves, leaves, {}, smsc=how), Step(returns, returns, {}, smsc="back")]
    return Story("a life", "", sorted(steps, key=lambda step: step.at), BEGAN, {})


def as_toml(story: Story) -> str:
    """What a file of fixtures/threads would say of it."""
    lines = []
    for step in story.steps:
        lines += ["", "[[step]]", f"at = {step.at - story.begins:g}", f"clock = {step.clock - story.begins:g}"]
        words = {"send": step.send, "smsc": step.smsc, "card": step.card if step.send else ""}
        lines += [f'{key} = "{word}"' for key, word in words.items() if word]
        lines += [f'de{key} = "{value}"' for key, value in step.fields.items()]
    return "\n".join(lines)


_TOLD = re.compile(r"(Paid|Reversed|ชำระ|คืนเงิน) (?:THB )?([\d,.]+) .* @ (SHOP \d\d) ")
PAID = ("Paid", "ชำระ")


def told_of(texts: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    """What was read of each shop, in order: satang, negative where they came back."""
    read: dict[str, list[int]] = {}
    for found in (_TOLD.match(text) for each in texts.values() for text in each):
        assert found
        word, amount, shop = found.groups()
        satang = int(amount.replace(",", "").replace(".", ""))
        read.setdefault(shop, []).append(satang if word in PAID else -satang)
    return read
