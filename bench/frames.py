"""A payment host's sales, encoded before the clock starts; all that is left to do for a message is to put numbers in.

Message `n` has the next STAN, or where they are scattered one that comes in no order, a card and a terminal that change
when STANs come round again, and a sum that no other message of a told card has: an SMS can be traced back to its
message.  A run counts its STANs on from elsewhere than the run before, as one host does for days: were each to begin
anew, the same cards would meet the same STANs, and every reversal would find more that it may mean.  Test cards only.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from struct import Struct, pack

import iso8583
from attrs import field, frozen

from iso_alert.iso.profile import ECHOED
from iso_alert.iso.spec import read_spec
from iso_alert.sim.cards import test_pan

POOL = 20_011  # frames made beforehand; a prime, so that any stride meets all of them
SHOPS = 2000
LEAST_TOLD = 100_000  # satang: from 1,000 baht a credit card's purchase is told
_APART = 1009  # frames by which one run begins behind another
_BETWEEN = 387_911  # STANs by which one run begins behind another
_STANS = 1_000_000
_STRIDE = 387_907  # has no factor in common with them: still each once a round
_PAN, _SHOP = "P" * 16, "N" * 25
_SLOTS = {"4": "A" * 12, "11": "S" * 6, "37": "R" * 12, "38": "C" * 6, "41": "T" * 8}  # where numbers will stand


def subscribed(cards: int) -> int:
    """How many of the cards have a subscriber: the first tenth."""
    return max(1, cards // 10)


def pan(serial: int) -> str:
    return test_pan(serial)


@frozen
class Answers:
    """Where in an answer the STAN and DE39 stand."""

    stan: slice
    code: slice

    def marks(self, size: int) -> Struct:
        """What answers of so many bytes, their length included, are known by: the class of the MTI, and the STAN."""
        between, after = self.stan.start - 2, size - 2 - self.stan.stop
        return Struct(f"3x1s{between}x{self.stan.stop - self.stan.start}s{after}x")


@frozen
class Deck:
    """Frames by number.  `run` sets apart those of several runs into one store."""

    told: Sequence[bytes] = field(repr=False)
    silent: Sequence[bytes] = field(repr=False)
    kinds: str  # a cycle of: t told, s silent, r the reversal of the message before
    prefix: bytes
    answers: Answers
    run: int = 0
    scattered: bool = False

    def message(self, n: int) -> tuple[bytes, bytes]:
        """What its answer is known by, and its frame."""
        ((mark,), (frame,)) = self.messages(n, 1)
        return mark, frame

    def messages(self, first: int, count: int) -> tuple[list[bytes], list[bytes]]:
        """The same of so many, all marks and all frames."""
        kinds, cycle, sale = self.kinds, len(self.kinds), self._sale
        marks, frames = list[bytes](), list[bytes]()
        for n in range(first, first + count):
            if (kind := kinds[n % cycle]) == "r":
                stan, frame = sale(n - 1, kinds[(n - 1) % cycle])
                frame = b"%b04%b" % (self.prefix, frame[len(self.prefix) + 2 :])
            else:
                stan, frame = sale(n, kind)
            marks.append((b"4" if kind == "r" else b"2") + stan)
            frames.append(frame)
        return marks, frames

    def _sale(self, n: int, kind: str) -> tuple[bytes, bytes]:
        round_, stan = divmod(n + self.run * _BETWEEN, _STANS)
        if self.scattered:
            stan = stan * _STRIDE % _STANS
        which = (n + self.run * _APART) % POOL
        if kind == "t":
            frame, amount = self.told[which], LEAST_TOLD + n
        else:
            frame, amount = self.silent[which], 100 + 7 * n % (2 * LEAST_TOLD)
        return b"%06d" % stan, frame % (amount, stan, self.run * 10**10 + n, stan, self.run * 1000 + round_)

    @staticmethod
    def number(amount: int) -> int:
        """The message that an SMS about `amount` satang speaks of."""
        return amount - LEAST_TOLD


def deck(cards: int, alerts: float, reversals: float = 0.0, run: int = 0, scattered: bool = False) -> Deck:
    """Sales of `cards` cards, of which the share `alerts` is told and the share `reversals` is taken back at once."""
    dice, with_subscriber = Random(1), subscribed(cards)
    body = _template()
    prefix = pack(">H", len(body % (0, 0, 0, 0, 0)))
    body = prefix.replace(b"%", b"%%") + body
    told = [_filled(body, dice.randrange(with_subscriber), dice) for _ in range(POOL)]
    others = range(with_subscriber, max(cards, with_subscriber + 1))
    silent = [_filled(body, dice.choice(others), dice) for _ in range(POOL)]
    return Deck(told, silent, _kinds(alerts, reversals), prefix, _answers(), run, scattered)


def _kinds(alerts: float, reversals: float, length: int = 1000) -> str:
    """The shares as a cycle in which each kind comes as evenly as can be."""
    kinds = ["t" if falls else "s" for falls in _falls(alerts, length)]
    for n, falls in enumerate(_falls(reversals, length)):
        if falls:
            kinds[(n + 2) % length] = "r"  # not beside n: there the told ones are, and taking one back tells again
    return "".join(kinds)


def _falls(share: float, length: int) -> list[bool]:
    """For each of a row whether the share falls on it."""
    return [int((n + 1) * share + 1e-9) > int(n * share + 1e-9) for n in range(length)]


def _template() -> bytes:
    body, _ = iso8583.encode(_fields(), read_spec("iso87-ascii").rows)
    for slot in _SLOTS.values():
        body = body.replace(slot.encode(), b"%%0%dd" % len(slot))
    return bytes(body)


def _fields() -> dict[str, str]:
    now = datetime.now(UTC)
    local = now + timedelta(hours=7)
    return {
        "t": "0200", "2": _PAN, "3": "003000", "7": f"{now:%m%d%H%M%S}", "12": f"{local:%H%M%S}",
        "13": f"{local:%m%d}", "18": "5411", "22": "051", "25": "00", "32": "12345",
        "42": "MERCHANT0000001", "43": f"{_SHOP}{'BANGKOK':<13}TH", "49": "764", "54": "3002764C000045000000",
        **_SLOTS,
    }  # fmt: skip


def _filled(body: bytes, card: int, dice: Random) -> bytes:
    shop = f"SHOP {dice.randrange(SHOPS):04d}".ljust(25).encode()
    return body.replace(_PAN.encode(), pan(card).encode()).replace(_SHOP.encode(), shop)


def _answers() -> Answers:
    """Found by encoding one: an answer holds what the profile echoes, and DE39."""
    echoed = {key: value for key, value in _fields().items() if key in (*ECHOED, "2", "t")}
    answer, _ = iso8583.encode({**echoed, "39": "##"}, read_spec("iso87-ascii").rows)
    stan, code = answer.index(_SLOTS["11"].encode()), answer.index(b"##")
    return Answers(slice(stan, stan + 6), slice(code, code + 2))
