"""A small bank: its cards, its customers, and messages as they look once they are read.

Card number n belongs to customer Cn, who has the mobile number +6681000000n.
"""

from functools import cache
from typing import Any
from zlib import crc32

from attrs import evolve

from iso_alert.domain.card import Card, Keyring, Kind
from iso_alert.domain.decision import Rulebook
from iso_alert.domain.money import Money
from iso_alert.domain.text import Language
from iso_alert.domain.transaction import Facts, Original, Transaction
from iso_alert.iso.dialect import dialect
from iso_alert.iso.profile import read_profile
from iso_alert.service.rulebook import read_rulebook
from iso_alert.sim.cards import test_pan
from iso_alert.store.port import CardLine, SubscriptionLine

KEY = bytes.fromhex("5e0c7f3a9b1d24688ace0f13579bdf02468ace13579bdf0fedcba9876543210a")
OLDER_KEY = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff01")
KEYRING = Keyring((KEY,))
NOW = 1795421703.0  # 2026-11-23 08:15:03 UTC, 15:15:03 in Bangkok
LINK = "switch"
SALE = Facts(
    "2", "0", "0", processing="00", entry_mode="05", condition="00", chip_or_track="yes", amount="positive",
    terminal="yes",
)  # fmt: skip


def card(serial: int = 1, keyring: Keyring = KEYRING) -> Card:
    return keyring.card(test_pan(serial))


def mobile(serial: int = 1) -> str:
    return f"+668100000{serial:02d}"


def card_line(serial: int = 1, kind: Kind = Kind.CREDIT, customer: str = "", keyring: Keyring = KEYRING) -> CardLine:
    return CardLine(customer or f"C{serial}", card(serial, keyring), kind, True)


def subscription_line(serial: int = 1, language: Language = Language.EN) -> SubscriptionLine:
    return SubscriptionLine(f"C{serial}", mobile(serial), language)


def sale(serial: int = 1, stan: int = 1, **changed: Any) -> Transaction:
    """A chip purchase of 2,500.00 baht in a shop, just now."""
    text = f"{stan:06d}"
    made = Transaction.of(
        link=LINK,
        mti="0200",
        key=crc32(f"20 {text} {serial}".encode()),
        arrived_at=NOW,
        happened_at=int(NOW),
        facts=SALE,
        card=card(serial),
        stan=text,
        rrn=f"6328{stan:08d}",
        terminal="TERM0001",
        merchant_id="MERCHANT0000001",
        amount=Money(250_000),
        merchant="COMPANY NAME",
        local_time="151503",
        local_date="1123",
        transmitted_at=int(NOW),
    )
    return made.but(**changed)


def again(of: Transaction) -> Transaction:
    """The same message once more, as a host repeats what was not answered."""
    return of._replace(mti=of.mti[:3] + "1", arrived_at=of.arrived_at + 5)


def reversal(of: Transaction, **changed: Any) -> Transaction:
    """What takes a sale back: it has the sale's STAN, and names it in DE90."""
    facts = evolve(of.facts, mti_class="4", origin="0")
    said = Original(of.mti, of.stan)
    made = of.but(mti="0400", key=of.key ^ 0x40_0000_0000, facts=facts, original=said, arrived_at=of.arrived_at + 1)
    return made.but(**changed)


@cache
def book() -> Rulebook:
    """The shipped tables, for one link."""
    return read_rulebook([dialect(LINK, read_profile("iso87-ascii"))])
