"""Write the messages of the day as their hosts would: the fields of each, for the codec to encode."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import count

from attrs import define, field, frozen

from iso_alert.demo.day import Day, Message, SampleCard
from iso_alert.iso.merchant import CHARSETS
from iso_alert.iso.moments import BANGKOK
from iso_alert.sim.cards import track2

FIRST_STAN = 101


@frozen
class Draft:
    """All that the demo fills in fields from."""

    message: Message
    card: SampleCard
    moment: datetime  # in Bangkok
    stan: str
    charset: str
    original: Mapping[str, str]  # the fields of the message that this one speaks of

    @property
    def rrn(self) -> str:
        """Last digit of the year, day of the year, hour, STAN: as most switches number."""
        return f"{self.moment:%Y%j%H}"[3:] + self.stan

    @property
    def acceptor(self) -> str:
        """DE43 of 25 bytes of name, 13 of city, 2 of country; a byte is a character (see iso.merchant)."""
        name = self.message.merchant.encode(CHARSETS[self.charset]).ljust(25)[:25].decode("latin-1")
        return f"{name}{self.message.city:13.13}{self.message.country:2}"

    @property
    def balance(self) -> str:
        """DE54: account type as in DE3, amount type 02 (available), baht, credit."""
        return f"{self.message.fields['3'][2:4]}02764C{digits(self.message.balance)}"

    @property
    def original_data(self) -> str:
        """DE90: MTI, STAN, time of transmission and acquirer of the original, no forwarder."""
        of = self.original
        return f"{of['t']}{of['11']}{of['7']}{of['32']:0>11}{0:011}"


def digits(amount: str) -> str:
    """2,500.00 as DE4 has it."""
    return amount.replace(",", "").replace(".", "").zfill(12)


# Each field that the demo can fill in; "" leaves it out.
FILL: Mapping[str, Callable[[Draft], str]] = {
    "2": lambda of: of.card.number(),
    "4": lambda of: digits(of.message.amount),
    "7": lambda of: of.moment.astimezone(UTC).strftime("%m%d%H%M%S"),
    "11": lambda of: of.stan,
    "12": lambda of: of.moment.strftime("%H%M%S"),
    "13": lambda of: of.moment.strftime("%m%d"),
    "35": lambda of: track2(of.card.number(), separator="D"),
    "37": lambda of: of.rrn,
    "43": lambda of: of.acceptor if of.message.merchant else "",
    "54": lambda of: of.balance if of.message.balance else "",
    "90": lambda of: of.original_data if of.message.mti[1] == "4" else "",
}


@define
class Writer:
    """Writes a day's messages in their order; what has a name is remembered for those that speak of it."""

    day: Day
    today: date
    _named: dict[str, Mapping[str, str]] = field(factory=dict, init=False, repr=False)
    _stans: Iterator[int] = field(factory=lambda: count(FIRST_STAN), init=False)

    def fields(self, message: Message, charset: str) -> Mapping[str, str]:
        """The fields of the message, MTI and header too.  A card number is among them: to be encoded, never shown."""
        draft = self._draft(message, charset)
        link = self.day.link[message.link]
        filled = {key: value for key in link.sends if (value := FILL[key](draft))}
        copied = {key: draft.original[key] for key in message.same}
        fields = {"t": message.mti, **link.fields, **filled, **copied, **message.fields}
        if message.name:
            self._named[message.name] = fields
        return fields

    def _draft(self, message: Message, charset: str) -> Draft:
        moment = datetime.combine(self.today, time.fromisoformat(message.at), BANGKOK)
        stan, original = f"{next(self._stans):06d}", self._named[message.of] if message.of else {}
        return Draft(message, self.day.card_of(message), moment, stan, charset, original)
