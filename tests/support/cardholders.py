"""Cards, what happens to them, and the SMS that each happening is due: the published texts once more, by hand."""

from pathlib import Path

from attrs import frozen

from iso_alert.sim.cards import test_pan
from tests.support import wire
from tests.support.deployment import iso_alert, write_csv

THAI, ENGLISH = "th", "en"
MOST = 999_999  # happenings: each has a STAN of its own, by which its answer is known


@frozen
class Happening:
    """One message of a host, and the SMS that it is due."""

    stan: int
    serial: int  # of the card
    mti: str
    cents: int
    of: int = 0  # the STAN of the sale that it takes back, from the same shop
    due: str = ""  # empty: silence

    def frame(self, repeat: bool = False) -> bytes:
        sale = self.of or self.stan
        changed = {"f90": f"0200{self.of:06d}" + "0" * 32} if self.of else {}
        merchant = f"SHOP {sale}".ljust(25) + "BANGKOK".ljust(13) + "TH"
        return wire.purchase(
            self.stan, pan=test_pan(self.serial), mti=self.mti[:3] + "1" if repeat else self.mti,
            f4=f"{self.cents:012d}", f43=merchant, f54=f"3002764C{self.stan:012d}", **changed,
        )  # fmt: skip

    @property
    def to(self) -> str:
        """The phone's number as an SMSC is given it."""
        return f"66{mobile(self.serial)[1:]}"


def sale(stan: int, serial: int, cents: int, told: bool) -> Happening:
    return Happening(stan, serial, "0200", cents, due=text(stan, serial, cents) if told else "")


def taken_back(stan: int, sale: Happening) -> Happening:
    """A reversal: it is told if its sale was."""
    due = text(stan, sale.serial, sale.cents, sale.stan) if sale.due else ""
    return Happening(stan, sale.serial, "0400", sale.cents, sale.stan, due)


def language(serial: int) -> str:
    return THAI if serial % 2 else ENGLISH


def mobile(serial: int) -> str:
    return f"08{serial:08d}"


def text(stan: int, serial: int, cents: int, of: int = 0) -> str:
    """What is told of a sale, or of taking back the sale `of`."""
    amount, last4 = f"{cents // 100:,}.{cents % 100:02d}", test_pan(serial)[-4:]
    left, shop = f"{stan // 100:,}.{stan % 100:02d}", f"SHOP {of or stan}"
    if language(serial) == THAI:
        paid, unit = ("คืนเงิน", "") if of else ("ชำระ", " น.")
        return f"{paid} {amount} บ ผ่านบัตร x-{last4} @ {shop} 15:15{unit} เหลือ {left} บ"
    paid, way = ("Reversed", "to card") if of else ("Paid", "by card")
    return f"{paid} THB {amount} {way} no. x-{last4} @ {shop} 15:15 Balance THB {left}"


def subscribe(directory: Path, config: Path, count: int) -> None:
    """Import the card file and the subscriptions of cards 1 to `count` as a bank does."""
    rows = [(f"C{n}", test_pan(n), "credit", "yes") for n in range(1, count + 1)]
    cards = write_csv(directory / "cards.csv", [("customer", "pan", "kind", "primary"), *rows])
    people = [(f"C{n}", mobile(n), language(n)) for n in range(1, count + 1)]
    subscriptions = write_csv(directory / "people.csv", [("customer", "mobile", "language"), *people])
    for command, file in (("cards", cards), ("subscriptions", subscriptions)):
        done = iso_alert(command, "import", "-c", config, file)
        assert done.returncode == 0, done.stderr
